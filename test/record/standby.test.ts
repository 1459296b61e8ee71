import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { hasEncoder } from "../support/tools.ts";
import { jobAt, postTo, type Job } from "./calls.ts";

let server: TestServer;
const canEncode = await hasEncoder("libx264");
const HOUR = 3_600_000;
beforeAll(async () => {
  server = await startTestServer({
    BOXCAR_SOURCES_ALLOW: "lavfi",
    BOXCAR_EVENT_BEFORE: "1s",
    BOXCAR_SOURCE_LEASE: "2",
  });
});
afterAll(() => server.close());

const post = (path: string, body: object = {}): ReturnType<TestServer["call"]> => postTo(server, path, body);

async function put(streamPath: string, mode: string, more: object = {}): Promise<void> {
  const body = JSON.stringify({ url: "lavfi:testsrc2=size=160x120:rate=25", mode, fragment: "1s", ...more });
  expect((await server.call(`/mp4/api/sources/${streamPath}`, { method: "PUT", body })).status).toBe(200);
}

async function jobsOf(streamPath: string): Promise<Job[]> {
  const jobs = (await server.call("/mp4/api/jobs")).json.data as Job[];
  return jobs.filter((job) => job.streamPath === streamPath);
}

const expectState = (streamPath: string) =>
  expect.poll(async () => (await jobAt(server, streamPath))?.state, { timeout: 10_000 });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test.skipIf(!canEncode)(
  "what was started goes on when events end, and events end when the last of them does",
  async () => {
    const streamPath = "live/watched";
    await put(streamPath, "event");
    await expectState(streamPath).toBe("standby");
    expect((await post(`/mp4/api/start/${streamPath}`)).status).toBe(200);
    expect((await post("/mp4/api/event/stop", { streamPath, eventId: "none" })).json.data).toEqual([]);
    await post("/mp4/api/event/start", { streamPath, eventId: "a", afterDuration: "1h" });
    await post("/mp4/api/event/stop", { streamPath });
    await pause(1200);
    await expectState(streamPath).toBe("recording");
    await post(`/mp4/api/stop/${streamPath}`);
    await expectState(streamPath).toBe("standby");
    await post("/mp4/api/event/start", { streamPath, eventId: "long", afterDuration: "1h" });
    await post("/mp4/api/event/start", { streamPath, eventId: "short", afterDuration: "2s" });
    await expectState(streamPath).toBe("recording");
    await post("/mp4/api/event/stop", { streamPath, eventId: "long" });
    await pause(300);
    expect((await jobAt(server, streamPath))?.state).toBe("recording"); // until the short one ends
    await expectState(streamPath).toBe("standby");
    await server.call(`/mp4/api/sources/${streamPath}`, { method: "DELETE" });
  },
);

test.skipIf(!canEncode)("events that another process has noted are recorded, and end where it ends them", async () => {
  const { events } = server.parts.catalog;
  await put("live/there", "event");
  await put("live/cold", "demand");
  await expectState("live/there").toBe("standby");
  const nowMs = Date.now();
  for (const streamPath of ["live/there", "live/cold"]) {
    const times = { startMs: nowMs - 1000, endMs: nowMs + HOUR, createdMs: nowMs };
    await events.add({ streamPath, eventId: "e", name: "", description: "", level: "low", ...times });
  }
  await expectState("live/there").toBe("recording");
  await expectState("live/cold").toBe("recording");
  // Started amid an event it goes on without it, and no event goes on once it is stopped.
  expect((await post("/mp4/api/start/live/cold")).status).toBe(200);
  await events.end("live/there", Date.now());
  await events.end("live/cold", Date.now());
  await expectState("live/there").toBe("standby");
  await expectState("live/cold").toBe("recording");
  await post("/mp4/api/event/start", { streamPath: "live/cold", afterDuration: "1h" });
  await post("/mp4/api/stop/live/cold");
  await expectState("live/cold").toBe("ended");
  await pause(1000);
  expect((await jobAt(server, "live/cold"))?.state).toBe("ended");
  expect(await events.goingOn(Date.now())).toEqual(new Map());
  await server.call("/mp4/api/sources/live/there", { method: "DELETE" });
});

test.skipIf(!canEncode)(
  "a source of mode auto stays stopped, and goes on through changes that are no changes of it",
  async () => {
    const streamPath = "live/always";
    await put(streamPath, "auto");
    await expectState(streamPath).toBe("recording");
    await put(streamPath, "auto", { labels: { place: "gate" }, retention: { age: "1h", protected: "2h" } });
    await pause(1000);
    expect(await jobsOf(streamPath)).toMatchObject([{ state: "recording" }]);
    await post(`/mp4/api/stop/${streamPath}`);
    await pause(1000);
    expect(await jobsOf(streamPath)).toMatchObject([{ state: "ended" }]);
    const shown = (await server.call("/mp4/api/sources")).json.data;
    expect(shown).toContainEqual(
      expect.objectContaining({
        streamPath,
        stopped: true,
        retention: { age: "3600s", bytes: null, protected: "7200s" },
      }),
    );
    expect((await post(`/mp4/api/start/${streamPath}`)).status).toBe(200);
    await put(streamPath, "auto", { fragment: 2 });
    await expect.poll(async () => (await jobsOf(streamPath)).length, { timeout: 10_000 }).toBe(3);
    await server.call(`/mp4/api/sources/${streamPath}`, { method: "DELETE" });
  },
);

test("a stream that another node records is left to it, and its events are noted", async () => {
  const { catalog } = server.parts;
  const streamPath = "live/far";
  await catalog.leases.take(`source ${streamPath}`, "another", Date.now(), Date.now() + 60_000);
  expect(await post(`/mp4/api/stop/${streamPath}`)).toMatchObject({
    status: 409,
    json: { error: "already_recording" },
  });
  const noted = await post("/mp4/api/event/start", { streamPath, eventLevel: "high" });
  expect(noted).toMatchObject({ status: 200, json: { event: { eventLevel: "high" } } });
  await catalog.leases.release(`source ${streamPath}`, "another");
  // Its clock was ahead when it ended.
  const aheadMs = Date.now() + 14 * 365 * 24 * HOUR;
  await catalog.leases.take(`source ${streamPath}`, "another", aheadMs, aheadMs + 2000);
  expect(await post(`/mp4/api/stop/${streamPath}`)).toMatchObject({ status: 200, json: { data: "0" } });
  expect(await post("/mp4/api/event/start", { streamPath })).toMatchObject({ status: 404 });
});
