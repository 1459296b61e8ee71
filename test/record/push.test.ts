import { cp, mkdtemp, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { fragment, initSegment, tfdt, tfhd, trun } from "../hostile/fragments.ts";
import { bytes as joined } from "../support/boxes.ts";
import { record } from "../support/recording.ts";
import { ffmpeg, packetHashes } from "../support/tools.ts";

let server: TestServer;
let file: string;
let stream: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  server = await startTestServer();
  const [segment] = await record({ count: 1, seconds: 6, fragmented: true });
  file = segment?.file ?? "";
  stream = new Uint8Array(await readFile(file));
});
afterAll(() => server.close());

interface Listed {
  readonly id: number;
  readonly startTime: string;
  readonly endTime: string;
  readonly durationMs: number;
}

interface Job {
  readonly streamPath: string;
  readonly bytes: number;
}

async function listed(streamPath: string, from = server): Promise<Listed[]> {
  return (await from.call(`/mp4/api/list/${streamPath}`)).json.data as Listed[];
}

async function downloaded(streamPath: string, from = server): Promise<string> {
  const whole = await from.fetch(`/mp4/download/${streamPath}.mp4`);
  const path = join(from.folder, "whole.mp4");
  await writeFile(path, new Uint8Array(await whole.arrayBuffer()));
  return path;
}

function push(streamPath: string, body: BodyInit, from = server): ReturnType<TestServer["call"]> {
  const init = { method: "POST", body, duplex: "half" };
  return from.call(`/mp4/live/${streamPath}?fragment=2s`, init);
}

/** A body that stays open behind some bytes, and what ends it. */
function open(first: Uint8Array): {
  body: ReadableStream<Uint8Array>;
  send: (bytes: Uint8Array) => void;
  end: (rest: Uint8Array) => void;
} {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
      given.enqueue(first);
    },
  });
  return {
    body,
    send: (bytes) => {
      controller.enqueue(bytes);
    },
    end: (rest) => {
      controller.enqueue(rest);
      controller.close();
    },
  };
}

/** Waits until a stream's recording has so many bytes. */
async function received(streamPath: string, bytes: number): Promise<void> {
  for (;;) {
    const jobs = (await server.call("/mp4/api/jobs")).json.data as Job[];
    if (jobs.some((job) => job.streamPath === streamPath && job.bytes >= bytes)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a push becomes segments that join exactly", async () => {
  const before = Date.now();
  const { status, json } = await push("live/cam1", stream);
  expect([status, json]).toMatchObject([200, { code: 0, data: { state: "ended", segments: 3, reason: null } }]);
  const rows = await listed("live/cam1");
  expect(rows.map(({ durationMs }) => durationMs)).toEqual([2000, 2000, 2000]);
  expect(Date.parse(rows[0]?.endTime ?? "")).toBeGreaterThanOrEqual(before - 1000);
  const [start, end] = [rows.at(-1)?.startTime, rows[0]?.endTime];
  const timeline = (await server.call(`/mp4/api/timeline/live/cam1?start=${start}&end=${end}`)).json.data;
  expect(timeline).toMatchObject({ segments: 3, joints: 2, gaps: [] });
  const path = await downloaded("live/cam1");
  expect(await packetHashes(path, "v:0")).toEqual(await packetHashes(file, "v:0"));
  const sound = await packetHashes(path, "a:0");
  expect((await packetHashes(file, "a:0")).slice(0, sound.length)).toEqual(sound);
});

test("sound that goes on while the picture stands still is whole: no segment ends there", async () => {
  const held = Buffer.from(stream);
  let part = 0;
  for (let moof = held.indexOf("moof"); moof >= 0; moof = held.indexOf("moof", moof + 1)) {
    const at = held.indexOf("tfdt", moof) + 8; // version 1, of the video track
    if (++part > 2) held.writeBigUInt64BE(held.readBigUInt64BE(at) + 1536n, at); // 120 ms
  }
  expect(await push("live/held", held)).toMatchObject({ status: 200 });
  expect((await listed("live/held")).map(({ durationMs }) => durationMs)).toEqual([1000, 2000, 3120]);
  expect(await packetHashes(await downloaded("live/held"), "a:0")).toEqual(await packetHashes(file, "a:0"));
});

test("offsets that count from the start of the stream are counted anew in each segment", async () => {
  const path = join(server.folder, "absolute.mp4");
  await ffmpeg(["-v", "error", "-i", file, "-c", "copy", "-movflags", "+frag_keyframe+empty_moov", path]);
  expect(await push("live/absolute", await readFile(path))).toMatchObject({
    status: 200,
    json: { data: { segments: 3 } },
  });
  expect(await packetHashes(await downloaded("live/absolute"), "v:0")).toEqual(await packetHashes(file, "v:0"));
});

test("a push that is faster than it plays is held back, and refused where it would end far in the future", async () => {
  const seconds = [1, 1, 10.5, 200];
  let at = 0;
  const parts = seconds.map((length, i) => {
    const from = at;
    at += length * 12_800;
    const sample = { size: 100, duration: length * 12_800, flags: 0x200_0000 };
    return fragment(new Uint8Array(100), i + 1, (mediaAt) => joined(tfhd(1), tfdt(from), trun(mediaAt, [sample])));
  });
  const { body, end } = open(joined(initSegment(), ...parts));
  const beganMs = Date.now();
  const init = { method: "POST", body, duplex: "half" };
  const refused = await server.call("/mp4/live/live/fast?fragment=1s", init);
  end(new Uint8Array());
  expect(refused).toMatchObject({ status: 422, json: { error: "ahead_of_time" } });
  const rows = await listed("live/fast");
  expect(rows.map(({ durationMs }) => durationMs)).toEqual([10_500, 1000, 1000]);
  expect(Date.parse(rows[0]?.endTime ?? "") - Date.now()).toBeLessThanOrEqual(10_000);
  expect(Date.now() - beganMs).toBeGreaterThan(1000);
});

test("a second push to a stream is refused, and stop ends the first with what has come", async () => {
  const { body, end } = open(stream.subarray(0, 50_000));
  const first = push("live/twice", body);
  await received("live/twice", 50_000);
  expect(await push("live/twice", stream)).toMatchObject({ status: 409, json: { error: "already_recording" } });
  const metrics = await (await server.fetch("/metrics")).text();
  expect(metrics).toContain('boxcar_recording_bytes_total{stream="live/twice"} 50000\n');
  expect(metrics).toContain('boxcar_recording_up{stream="live/twice"} ');
  expect(metrics).toContain('boxcar_recordings{state="recording"} 1\n');
  const stopped = (await server.call("/mp4/api/stop/live/twice", { method: "POST", body: "{}" })).json;
  expect(stopped.data).toMatch(/^\d+$/);
  expect(await first).toMatchObject({ status: 200, json: { data: { id: stopped.data, state: "ended" } } });
  expect((await listed("live/twice")).map(({ durationMs }) => durationMs)).toEqual([1000]);
  const none = await server.call("/mp4/api/stop/live/twice", { method: "POST" });
  expect(none).toMatchObject({ status: 200, json: { code: 0, data: "0" } });
  end(new Uint8Array());
});

test("a push that is cut in the midst of a part keeps all parts before it", async () => {
  await push("live/cut", stream.subarray(0, stream.length - 20_000));
  const rows = await listed("live/cut");
  expect(rows.map(({ durationMs }) => durationMs)).toEqual([1000, 2000, 2000]);
});

test.each([
  ["broken", 1, { state: "failed", reason: { error: "upload_aborted" } }],
  ["hasty", 0, { state: "ended", reason: null }],
])("of a client that leaves without its answer all is kept that came before (%s)", async (name, missing, state) => {
  const path = `live/${name}`;
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(`POST /mp4/live/${path}?fragment=2s HTTP/1.1\r\nHost: 127.0.0.1\r\n`);
  socket.write(`Content-Length: ${stream.length + missing}\r\n\r\n`);
  socket.end(stream, () => socket.destroy());
  const job = async (): Promise<object | undefined> =>
    ((await server.call("/mp4/api/jobs")).json.data as Job[]).find(({ streamPath }) => streamPath === path);
  await expect.poll(job).toMatchObject({ bytes: stream.length, segments: 3, keeping: 0, ...state });
  expect((await listed(path)).map(({ durationMs }) => durationMs)).toEqual([2000, 2000, 2000]);
});

test("what is no stream of fragmented MP4 is refused", async () => {
  const [plain] = await record({ count: 1, seconds: 4 });
  const refused = [
    [await readFile(plain?.file ?? ""), "not_fragmented"],
    [Buffer.from("this is no MP4 at all, just words"), "not_mp4"],
    [joined(stream.subarray(0, 1276)), "no_media"],
    [new Uint8Array(), "no_media"],
  ] as const;
  for (const [bytes, error] of refused) {
    expect(await push("live/bad", bytes)).toMatchObject({ status: 422, json: { error } });
  }
  const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 89) & 255);
  const late = await push("live/noise", joined(stream, noise));
  expect(late).toMatchObject({ status: 422, json: { error: "not_fragmented" } });
  expect((await listed("live/noise")).map(({ durationMs }) => durationMs)).toEqual([2000, 2000, 2000]);
  const short = await server.call("/mp4/live/live/bad?fragment=500ms", { method: "POST", body: stream });
  expect(short).toMatchObject({ status: 400, json: { error: "bad_duration" } });
  expect(await listed("live/bad")).toEqual([]);
});

test("what is being recorded can be had, with an ETag that stays", async () => {
  const half = 140_000; // four parts of a second, and a piece of the fifth
  const rest = new Uint8Array(stream.subarray(half));
  const pushing = open(stream.subarray(0, half));
  const running = server.call("/mp4/live/live/now?fragment=60s", {
    method: "POST",
    body: pushing.body,
    duplex: "half",
  } as RequestInit);
  await received("live/now", half);
  pushing.send(rest.subarray(0, 10));
  // A second after its start a recording is told of, with its next part.
  await new Promise((resolve) => setTimeout(resolve, 1050));
  pushing.send(rest.subarray(10, 40_000));
  await expect.poll(() => listed("live/now")).toMatchObject([{ durationMs: 5000, recording: true }]);
  const [row] = await listed("live/now");
  const startMs = Date.parse(row?.startTime ?? "");
  const range = `start=${startMs + 500}&end=${startMs + 3500}`;
  const get = async (format: string): Promise<[string | null, Buffer]> => {
    const response = await server.fetch(`/mp4/download/live/now.${format}?${range}`);
    expect(response.status).toBe(200);
    return [response.headers.get("etag"), Buffer.from(await response.arrayBuffer())];
  };
  const early = [await get("mp4"), await get("fmp4")];
  const whole = await server.fetch(`/mp4/download/live/now.fmp4?id=${row?.id}`);
  expect(whole.headers.get("cache-control")).not.toContain("immutable");
  expect((await whole.arrayBuffer()).byteLength).toBeGreaterThan(half);
  expect((await server.call(`/mp4/api/timeline/live/now?start=${startMs}`)).json.data).toMatchObject({ segments: 1 });
  const ahead = `/mp4/download/live/now.mp4?start=${startMs}&end=${Date.now() + 60_000}`;
  const notOver = await server.fetch(ahead);
  expect([notOver.status, Number(notOver.headers.get("retry-after")) > 50]).toEqual([425, true]);
  expect((await server.fetch(`${ahead}&partial=1`)).status).toBe(200);
  pushing.end(rest.subarray(40_000));
  expect(await running).toMatchObject({ status: 200 });
  expect(await listed("live/now")).toMatchObject([{ id: row?.id, durationMs: 6000, startTime: row?.startTime }]);
  expect([await get("mp4"), await get("fmp4")]).toEqual(early);
});

test("what a crash leaves in the spool is recovered, up to the last part that is whole, and listed once", async () => {
  const { body, end } = open(stream.subarray(0, 140_000));
  const running = push("live/crash", body);
  await received("live/crash", 140_000);
  const spool = join(server.folder, "spool");
  const files = async (): Promise<string[]> =>
    (await readdir(spool, { recursive: true })).filter((name) => name.endsWith(".recording"));
  await expect.poll(files).toHaveLength(1);
  // What lies there now is what a kill would leave; its last bytes are torn, as by a loss of power.
  const folder = await mkdtemp(join(tmpdir(), "boxcar-crash-"));
  await cp(spool, join(folder, "spool"), { recursive: true });
  const [left = ""] = await files();
  await writeFile(join(folder, "spool", dirname(left), "owner"), "999999999");
  await truncate(join(folder, "spool", left), (await stat(join(folder, "spool", left))).size - 10);
  end(new Uint8Array());
  await running;
  const again = await startTestServer({}, {}, folder);
  await expect
    .poll(async () => (await listed("live/crash", again)).map(({ durationMs }) => durationMs))
    .toEqual([1000]);
  await again.close();
});

test("a segment that reaches beyond the moment when another node took over is published up to there", async () => {
  const node = await startTestServer({ BOXCAR_SOURCE_LEASE: "2" });
  const { body, send, end } = open(stream.subarray(0, 60_000)); // a part, and a piece of the next
  const pushing = node.call("/mp4/live/live/lost?fragment=60s", {
    method: "POST",
    body,
    duplex: "half",
  } as RequestInit);
  await new Promise((resolve) => setTimeout(resolve, 1100)); // its start is settled
  send(new Uint8Array(stream.subarray(60_000))); // faster than it was captured: five seconds ahead of the clock
  const recorded = async (): Promise<number> => (await listed("live/lost", node))[0]?.durationMs ?? 0;
  await expect.poll(recorded).toBe(6000);
  const takenMs = Date.now() + 2500;
  expect(await node.parts.catalog.leases.take("source live/lost", "another", takenMs, takenMs + 2000)).toBe(2);
  end(new Uint8Array());
  expect(await pushing).toMatchObject({ status: 409, json: { error: "taken_over" } });
  const [row, ...others] = await listed("live/lost", node);
  expect(others).toEqual([]);
  expect([1000, 2000, 3000, 4000, 5000]).toContain(row?.durationMs);
  expect(Date.parse(row?.endTime ?? "")).toBeLessThanOrEqual(takenMs);
  expect(Date.parse(row?.endTime ?? "")).toBeGreaterThan(takenMs - 1000);
  const path = await downloaded("live/lost", node);
  expect(await packetHashes(path, "v:0")).toEqual(
    (await packetHashes(file, "v:0")).slice(0, (row?.durationMs ?? 0) / 40),
  );
  const aside = join(node.folder, "spool", "refused");
  const [kept = "", told = ""] = (await readdir(aside)).toSorted((a, b) => a.length - b.length);
  expect((await stat(join(aside, kept))).size).toBeGreaterThanOrEqual(stream.length - 1000);
  expect(JSON.parse(await readFile(join(aside, told), "utf8"))).toMatchObject({ streamPath: "live/lost" });
  expect((await node.call("/mp4/api/jobs")).json.data).toMatchObject([{ setAside: 1, state: "failed" }]);
  for (const [days, left] of [
    [6, 2],
    [8, 0],
  ] as const) {
    await node.parts.spool.sweep(Date.now() + days * 86_400_000);
    expect(await readdir(aside)).toHaveLength(left);
  }
  await node.close();
});
