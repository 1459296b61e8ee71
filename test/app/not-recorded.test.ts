/** What is said where nothing is recorded: of a hole what lies around it, of an unknown stream which ones there are. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addSegment, startTestServer, type TestServer } from "./test-server.ts";

const t0 = Date.parse("2026-01-31T10:00:00Z");
const [admin, narrow, uploader] = ["a", "b", "c"].map((letter) => letter.repeat(32)) as [string, string, string];
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    BOXCAR_TOKEN: admin,
    BOXCAR_LINK_SECRET: "a-secret-of-at-least-32-characters",
    BOXCAR_TOKENS: JSON.stringify([
      { name: "narrow", token: narrow, scopes: ["read:live/cam1", "read:live/cam11", "read:yard/*"] },
      { name: "uploader", token: uploader, scopes: ["delete:*"] },
    ]),
  });
  const paths = ["live/cam1", "live/cam2", "live/garden", "yard/door"];
  const add = (streamPath: string, startMs: number): Promise<unknown> =>
    addSegment(server.parts, { streamPath, startMs, endMs: startMs + 10_000 }, new Uint8Array(9));
  for (const path of paths) await add(path, t0);
  await add("live/cam1", t0 + 600_000);
});
afterAll(() => server.close());

async function refusal(path: string, token = admin, method = "GET"): Promise<Record<string, unknown>> {
  const { status, json } = await server.call(path, { method, headers: { authorization: `Bearer ${token}` } });
  expect([path, status, json.error]).toEqual([path, 404, "not_recorded"]);
  return json;
}

const calls = [
  ...[
    "/mp4/download/PATH.mp4?",
    "/mp4/api/timeline/PATH?",
    "/mp4/hls/PATH/index.m3u8?",
    "/mp4/dash/PATH/manifest.mpd?",
  ],
];
const between = (from: string, to: string): string => `range=2026-01-31T10:${from}Z~2026-01-31T10:${to}Z`;

test.each(calls)("a hole is told from what lies around it: %s", async (call) => {
  const of = (times: string): Promise<unknown> => refusal(call.replace("PATH", "live/cam1") + times);
  const [until, from] = ["2026-01-31T10:00:10.000Z", "2026-01-31T10:10:00.000Z"];
  const amid = await of(between("05:00", "05:10"));
  expect(amid).toMatchObject({ recordedUntil: until, recordedFrom: from });
  expect(amid).toMatchObject({
    message: expect.stringContaining(`until ${until}, after it something from ${from}`) as unknown,
  });
  expect(await of(between("30:00", "31:00"))).toMatchObject({ recordedUntil: "2026-01-31T10:10:10.000Z" });
  expect(await of("range=2026-01-30T10:00:00Z~2026-01-30T10:00:05Z")).toMatchObject({
    recordedFrom: "2026-01-31T10:00:00.000Z",
    message: expect.stringContaining("before it is nothing") as unknown,
  });
});

test("a moment in a hole, and an open end behind all, are told likewise", async () => {
  const moment = await refusal("/mp4/snapshot/live/cam1.jpg?time=2026-01-31T10:00:30Z");
  expect(moment).toMatchObject({ recordedUntil: "2026-01-31T10:00:10.000Z", recordedFrom: "2026-01-31T10:10:00.000Z" });
  const behind = await refusal("/mp4/download/live/cam1.mp4?start=2026-02-01T00:00:00Z");
  expect(behind).toMatchObject({ recordedUntil: "2026-01-31T10:10:10.000Z" });
});

test.each(calls)(
  "an unknown stream is called so, beside those of like names that the caller may see: %s",
  async (call) => {
    const of = (path: string, token?: string): Promise<unknown> =>
      refusal(call.replace("PATH", path) + between("00:00", "00:05"), token);
    expect(await of("live/cam3")).toMatchObject({
      streams: ["live/cam1", "live/cam2"],
      message: expect.stringMatching(
        /There is no stream of that name\. Streams near it are live\/cam1, live\/cam2\./,
      ) as unknown,
    });
    expect(await of("live/none")).toMatchObject({ streams: ["live/cam1", "live/cam2", "live/garden"] });
    expect(await of("live/Gardne")).toMatchObject({ streams: ["live/garden"] });
    expect(await of("Live/Garden")).toMatchObject({ streams: ["live/garden"] });
    expect(await of("other/one")).toMatchObject({ streams: [] });
    expect(await of("live/cam11", narrow)).toMatchObject({ streams: ["live/cam1"] });
    expect(JSON.stringify(await of("yard/dor", narrow))).not.toContain("live/");
  },
);

test("who may not read is told no more", async () => {
  const { message, ...fields } = await refusal("/mp4/api/delete/live/cam3?ids=1", uploader, "POST");
  expect(message).not.toContain("no stream of that name");
  expect(Object.keys(fields).sort()).toEqual(["code", "error", "streamPath"]);
  const shared = `/mp4/api/timeline/live/cam2?${between("00:00", "00:05")}&share=1`;
  const { json } = await server.call(shared, { headers: { authorization: `Bearer ${admin}` } });
  const { url } = json.data as { url: string };
  await server.parts.catalog.tombstone({ streamPath: "live/cam2", startMs: 0, endMs: Number.MAX_SAFE_INTEGER }, 0);
  const gone = (await server.call(new URL(url).pathname + new URL(url).search)).json;
  expect(gone).toMatchObject({ error: "not_recorded" });
  expect(gone.message).not.toContain("no stream of that name");
});
