import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { jobAt, postTo } from "./calls.ts";
import { ffprobe, hasEncoder } from "../support/tools.ts";

let server: TestServer;
const canEncode = await hasEncoder("libx264");
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_SOURCES_ALLOW: "lavfi", BOXCAR_EVENT_BEFORE: "2s" });
});
afterAll(() => server.close());

interface Shown {
  readonly id: number;
  readonly startTime: string;
  readonly endTime: string;
  readonly eventLevel: string | null;
  readonly recording?: boolean;
}

const post = (path: string, body: object): ReturnType<TestServer["call"]> => postTo(server, path, body);

async function watch(streamPath: string, mode: string): Promise<void> {
  const body = JSON.stringify({ url: "lavfi:testsrc2=size=160x120:rate=25", mode, fragment: "1s" });
  const headers = { "content-type": "application/json" };
  expect((await server.call(`/mp4/api/sources/${streamPath}`, { method: "PUT", headers, body })).status).toBe(200);
}

async function stateOf(streamPath: string): Promise<string | undefined> {
  return (await jobAt(server, streamPath))?.state;
}

const listed = async (path: string): Promise<Shown[]> => (await server.call(path)).json.data as Shown[];

test.skipIf(!canEncode)(
  "an event of a source that is watched begins before it, goes on after it, and may be prolonged",
  async () => {
    await watch("live/door", "event");
    await expect.poll(() => stateOf("live/door"), { timeout: 10_000 }).toBe("standby");
    await new Promise((resolve) => setTimeout(resolve, 3200)); // of what comes now some is before the event
    expect(await listed("/mp4/api/list/live/door")).toEqual([]);
    const event = {
      streamPath: "live/door",
      eventId: "ring",
      eventName: "Door",
      eventLevel: "0",
      beforeDuration: "2s",
      afterDuration: "1s",
    };
    const first = await post("/mp4/api/event/start", event);
    expect(first).toMatchObject({
      status: 200,
      json: { code: 0, data: 0, event: { eventId: "ring", eventLevel: "high" } },
    });
    const noted = first.json.event as Shown;
    await expect.poll(() => stateOf("live/door"), { timeout: 5000 }).toBe("recording");
    const longer = await post("/api/record/mp4/event/start", { ...event, eventId: "ring again", eventLevel: 1 });
    expect(longer.json.event).toMatchObject({ eventId: "ring again", eventLevel: "low" });
    await expect.poll(() => stateOf("live/door"), { timeout: 10_000 }).toBe("standby");
    await expect
      .poll(async () => (await listed("/mp4/api/list/live/door")).every(({ eventLevel }) => eventLevel !== null), {
        timeout: 10_000,
      })
      .toBe(true);
    const rows = await listed("/mp4/api/list/live/door?pageSize=100");
    expect(Date.parse(rows.at(-1)?.startTime ?? "")).toBeLessThanOrEqual(Date.parse(noted.startTime) + 500);
    expect(Date.parse(rows[0]?.endTime ?? "")).toBeGreaterThanOrEqual(Date.parse((longer.json.event as Shown).endTime));
    const events = await listed("/mp4/api/event/list/live/door");
    expect(events.map(({ id }) => id)).toEqual([(longer.json.event as Shown).id, noted.id]);
    expect(await listed("/mp4/api/event/list/live/door?eventLevel=high")).toHaveLength(1);
    const download = await server.fetch(`/mp4/download/live/door.mp4?event=${noted.id}`);
    expect(download.status).toBe(200);
    expect((await server.call("/mp4/download/live/door.mp4?event=ring")).json.message).toContain("beside its eventId");
    const lasts =
      Date.parse(download.headers.get("boxcar-end") ?? "") - Date.parse(download.headers.get("boxcar-start") ?? "");
    expect(lasts).toBeGreaterThan(2400);
    const titled = await server.fetch(`/mp4/download/live/door.mp4?event=${noted.id}&chapters=events`);
    expect(titled.headers.get("cache-control")).toContain("no-cache");
    const path = join(server.folder, "door.mp4");
    await writeFile(path, new Uint8Array(await titled.arrayBuffer()));
    const shown = await ffprobe(["-v", "error", "-show_entries", "chapter_tags=title", "-of", "csv=p=0", path]);
    expect(shown.trim().split("\n")).toEqual(["Door", "Door"]);
    const day = `start=${Date.parse(noted.startTime) - 60_000}&end=${Date.now()}`;
    const timeline = (await server.call(`/mp4/api/timeline/live/door?${day}`)).json.data as {
      events: Shown[];
      gaps: unknown[];
    };
    expect(timeline.events.map(({ id }) => id)).toEqual([noted.id, (longer.json.event as Shown).id]);
    expect(timeline.gaps).toEqual([]);
    const ids = rows.filter(({ eventLevel }) => eventLevel === "high").map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(0);
    expect((await post("/mp4/api/delete/live/door", { ids })).json.error).toBe("segments_protected");
    await server.call("/mp4/api/sources/live/door", { method: "DELETE" });
  },
);

test.skipIf(!canEncode)("an event of a stream that is recorded keeps its segments, and can be ended", async () => {
  await watch("live/hall", "demand");
  expect((await post("/mp4/api/start/live/hall", { fragment: "1s" })).status).toBe(200);
  const begun = await post("/mp4/api/event/start", {
    streamPath: "live/hall",
    eventId: "a",
    eventLevel: "high",
    beforeDuration: "1s",
    afterDuration: "1h",
  });
  expect(begun.status).toBe(200);
  const rated = () => listed("/mp4/api/list/live/hall?eventLevel=high");
  await expect.poll(async () => (await rated()).some(({ recording }) => recording)).toBe(true);
  const ended = await post("/mp4/api/event/stop", { streamPath: "live/hall", eventId: "a" });
  expect(ended.json.data).toMatchObject([{ id: (begun.json.event as Shown).id }]);
  expect(Date.parse((ended.json.data as Shown[])[0]?.endTime ?? "")).toBeLessThanOrEqual(Date.now());
  expect(await stateOf("live/hall")).toBe("recording"); // by whom it was begun it goes on
  await post("/mp4/api/stop/live/hall", {});
  await expect
    .poll(async () => (await listed("/mp4/api/list/live/hall")).some(({ eventLevel }) => eventLevel === "high"))
    .toBe(true);
});

test.skipIf(!canEncode)("an event of a source that nothing reads is recorded until it ends", async () => {
  await watch("live/yard", "demand");
  const event = (await post("/mp4/api/event/start", { streamPath: "live/yard", afterDuration: "3s" })).json
    .event as Shown;
  await expect.poll(() => stateOf("live/yard"), { timeout: 5000 }).toBe("recording");
  await expect.poll(() => stateOf("live/yard"), { timeout: 8000 }).toBe("ended");
  const [row] = await listed("/mp4/api/list/live/yard");
  expect(Date.parse(row?.endTime ?? "")).toBeGreaterThanOrEqual(Date.parse(event.endTime));
});

test("what cannot be understood changes nothing", async () => {
  const refused = [
    [{ streamPath: "live/unknown" }, 404, "unknown_source"],
    [{ streamPath: "live/unknown", eventLevel: null, afterDuration: null, eventName: null }, 404, "unknown_source"],
    [{ streamPath: "live/unknown", beforeDuration: "soon" }, 400, "bad_duration"],
    [{ streamPath: "live/unknown", afterDuration: "-1s" }, 400, "bad_duration"],
    [{ streamPath: "live/unknown", afterDuration: "24h1s" }, 400, "bad_duration"],
    [{ streamPath: "live/unknown", beforeDuration: "86401" }, 400, "bad_duration"],
    [{ streamPath: "live/unknown", eventLevel: "2" }, 400, "bad_parameter"],
    [{ streamPath: "" }, 400, "bad_parameter"],
    [{ streamPath: "a//b" }, 400, "bad_stream_path"],
  ] as const;
  for (const [body, status, error] of refused) {
    expect(await post("/mp4/api/event/start", body), JSON.stringify(body)).toMatchObject({ status, json: { error } });
  }
  expect(await listed("/mp4/api/event/list/live/unknown")).toEqual([]);
});

test("words of events are texts that the catalog keeps", async () => {
  for (const word of [{}, ["a", "b"], true, "a\0b", "\ud83d"]) {
    const refused = await post("/mp4/api/event/start", { streamPath: "live/unknown", eventId: word });
    expect(refused, JSON.stringify(word)).toMatchObject({ status: 400, json: { parameters: ["eventId"] } });
  }
  for (const eventId of [7, null, ""])
    expect((await post("/mp4/api/event/start", { streamPath: "live/unknown", eventId })).status).toBe(404);
});

test("an event that a clock noted which was ahead does not go on until then", async () => {
  const { events } = server.parts.catalog;
  const [nowMs, aheadMs] = [Date.now(), Date.now() + 14 * 365 * 86_400_000];
  const event = { streamPath: "live/ahead", eventId: "", name: "", description: "", level: "high" } as const;
  await events.add({ ...event, startMs: aheadMs, endMs: aheadMs + 1000, createdMs: aheadMs });
  expect(await events.goingOn(nowMs, "live/ahead")).toEqual(new Map());
  // Clocks of nodes differ.
  const times = { startMs: nowMs, endMs: nowMs + 1000, createdMs: nowMs + 30_000 };
  await events.add({ ...event, ...times });
  expect([...(await events.goingOn(nowMs, "live/ahead")).values()]).toEqual([{ startMs: nowMs, endMs: nowMs + 1000 }]);
});
