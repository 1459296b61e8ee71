import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSourceUrl, shownUrl } from "../../src/record/source-url.ts";
import { SourceAllowance } from "../../src/runtime/outbound/source-allowance.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { jobAt, postTo, type Job } from "./calls.ts";
import { startRtspServer } from "../support/rtsp-server.ts";
import { ffmpeg, ffmpegPath, ffprobe, hasEncoder, packetHashes } from "../support/tools.ts";

let server: TestServer;
const children: ChildProcess[] = [];
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_SOURCES_ALLOW: "127.0.0.0/8,lavfi,file", BOXCAR_SOURCE_TIMEOUT: "5" });
});
afterAll(async () => {
  await server.close();
  for (const child of children) child.kill("SIGKILL");
});

const post = (path: string, body: object = {}): ReturnType<TestServer["call"]> => postTo(server, path, body);
const jobOf = (streamPath: string): Promise<Job | undefined> => jobAt(server, streamPath);

async function freePort(): Promise<number> {
  const listener = createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  return port;
}

/** An RTMP server with one stream of some seconds, which is kept as a file beside. */
async function publish(seconds: number, sent: string): Promise<number> {
  const port = await freePort();
  const video = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25"];
  const encode = [
    "-t",
    String(seconds),
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-bf",
    "2",
    "-g",
    "25",
    "-keyint_min",
    "25",
  ];
  const both = [
    "-f",
    "tee",
    "-map",
    "0:v",
    "-flags",
    "+global_header",
    `[f=flv:listen=1]rtmp://127.0.0.1:${port}/live/a|[f=mp4]${sent}`,
  ];
  const child = spawn(ffmpegPath, ["-v", "error", "-re", ...video, ...encode, ...both], { stdio: "ignore" });
  children.push(child);
  await new Promise((resolve) => setTimeout(resolve, 700)); // it says nothing when it listens
  return port;
}

test.skipIf(!(await hasEncoder("libx264")))(
  "an RTMP source is recorded as it was sent, and its credentials are shown nowhere",
  async () => {
    const sent = join(server.folder, "sent.mp4");
    const port = await publish(6, sent);
    const url = `rtmp://user:hidden-secret@127.0.0.1:${port}/live/a`;
    const put = {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ url, fragment: "1s" }),
    };
    const kept = await server.call("/mp4/api/sources/live/rtmp", put);
    expect(kept).toMatchObject({
      status: 200,
      json: { data: { url: `rtmp://***@127.0.0.1:${port}/live/a`, mode: "demand", fragment: "1s" } },
    });
    const started = await post("/mp4/api/start/live/rtmp");
    expect(started).toMatchObject({ status: 200, json: { code: 0, message: "" } });
    expect(started.json.data).toMatch(/^\d+$/);
    expect(await post("/mp4/api/start/live/rtmp")).toMatchObject({ status: 409, json: { error: "already_recording" } });
    const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
    expect(lines.some((line) => line.includes("concat"))).toBe(true);
    expect(lines.filter((line) => line.includes("hidden-secret"))).toEqual([]);
    await expect.poll(async () => (await jobOf("live/rtmp"))?.state, { timeout: 15_000 }).toBe("waiting");
    expect(await post("/mp4/api/stop/live/rtmp")).toMatchObject({ status: 200, json: { data: started.json.data } });
    await expect.poll(async () => (await jobOf("live/rtmp"))?.state).toBe("ended");
    const path = join(server.folder, "got.mp4");
    await writeFile(path, new Uint8Array(await (await server.fetch("/mp4/download/live/rtmp.mp4")).arrayBuffer()));
    const [got, all] = [await packetHashes(path), await packetHashes(sent)];
    expect(all.length).toBe(150);
    expect(got).toEqual(all);
    expect(JSON.stringify(server.lines)).not.toContain("hidden-secret");
  },
);

/** The header of an FLV file, and its tags, each with a time by so much later. */
async function flvOf(size: string, laterMs: number): Promise<readonly [Buffer, readonly Buffer[]]> {
  const path = join(server.folder, `${size}.flv`);
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"];
  await ffmpeg(["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25:duration=2`, ...encode, "-f", "flv", path]);
  const file = await readFile(path);
  const tags: Buffer[] = [];
  for (let at = 13; at + 15 <= file.length;) {
    const tag = file.subarray(at, at + 15 + file.readUIntBE(at + 1, 3));
    tag.writeUIntBE(tag.readUIntBE(4, 3) + laterMs, 4, 3);
    tags.push(tag);
    at += tag.length;
  }
  return [file.subarray(0, 13), tags];
}

test.skipIf(!(await hasEncoder("libx264")))(
  "a source by FLV whose picture gets another size goes on in a segment of that size",
  async () => {
    const [header, first] = await flvOf("160x120", 0);
    const [, second] = await flvOf("320x240", 2000);
    // Tags of the end and of what the file has are of no use to those who watch; repeated parameters are.
    const [isScript, isEnd] = [(tag: Buffer) => tag[0] === 18, (tag: Buffer) => tag[0] === 9 && tag[12] === 2];
    const isParameters = (tag: Buffer): boolean => tag[0] === 9 && tag[12] === 0;
    const small = first.filter((tag) => !isEnd(tag));
    const again = small.find(isParameters) ?? Buffer.alloc(0);
    const large = second.filter((tag) => !isEnd(tag) && !isScript(tag));
    // The first one goes on after some time, as a camera does, unless it was given up by then.
    const connections = [
      [[header, ...small.slice(0, 30), again, ...small.slice(30), ...large.slice(0, 2)], large.slice(2)],
      [[header, ...large], []],
    ] as const;
    let count = 0;
    const flv = createHttpServer((_, response) => {
      const [now, later] = connections[count++] ?? [[], []];
      response.writeHead(now.length === 0 ? 404 : 200, { "content-type": "video/x-flv" });
      response.write(Buffer.concat(now));
      const timer = setTimeout(() => response.end(Buffer.concat(later)), later.length === 0 ? 0 : 3000);
      response.on("close", () => {
        clearTimeout(timer);
      });
    }).listen(0, "127.0.0.1");
    await once(flv, "listening");
    const source = `http://127.0.0.1:${(flv.address() as AddressInfo).port}/cam.flv`;
    expect(await post("/mp4/api/start/live/flv", { source, fragment: "1s" })).toMatchObject({ status: 200 });
    await expect.poll(() => count, { timeout: 15_000 }).toBeGreaterThan(1);
    await expect.poll(async () => (await jobOf("live/flv"))?.state, { timeout: 15_000 }).toBe("waiting");
    await post("/mp4/api/stop/live/flv");
    await expect.poll(async () => (await jobOf("live/flv"))?.state, { timeout: 15_000 }).toBe("ended");
    flv.close();
    const path = join(server.folder, "flv.mp4");
    const reply = await server.fetch("/mp4/download/live/flv.mp4?changes=entries");
    await writeFile(path, new Uint8Array(await reply.arrayBuffer()));
    const frames = await ffprobe([
      "-v",
      "error",
      "-select_streams",
      "v",
      "-show_entries",
      "frame=width,height",
      "-of",
      "csv=p=0",
      path,
    ]);
    const sizes = [...frames.matchAll(/^(\d+),(\d+)/gm)].map(([, width, height]) => `${width}x${height}`);
    expect(sizes).toEqual([...Array<string>(50).fill("160x120"), ...Array<string>(50).fill("320x240")]);
  },
);

const CAMERA =
  "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc tune=zerolatency key-int-max=25 ! rtph264pay name=pay0 pt=96 config-interval=1 audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 )";

test("an RTSP camera with G.711 is recorded with its sound as AAC", async (context) => {
  const rtsp = await startRtspServer({ "/cam": CAMERA });
  if (rtsp === undefined) {
    console.warn("SKIPPING RTSP: gst-rtsp-server is missing (gir1.2-gst-rtsp-server-1.0)");
    context.skip();
    return;
  }
  children.push(rtsp.process);
  const started = await post("/mp4/api/start/live/rtsp", {
    source: `rtsp://127.0.0.1:${rtsp.port}/cam`,
    fragment: "1s",
  });
  expect(started).toMatchObject({ status: 200, json: { code: 0 } });
  await expect
    .poll(async () => (await server.call("/mp4/api/list/live/rtsp")).json.total, { timeout: 15_000 })
    .toBeGreaterThan(1);
  await post("/mp4/api/stop/live/rtsp");
  await expect.poll(async () => (await jobOf("live/rtsp"))?.state).toBe("ended");
  const timeline = (await server.call("/mp4/api/timeline/live/rtsp?start=0")).json.data as Record<string, unknown>;
  expect(timeline).toMatchObject({ gaps: [] });
  expect(timeline.codecs).toMatch(/^avc1\.\w+,mp4a\.40\.2$/);
});

test.runIf(process.platform === "linux")("a source that takes more memory than it may fails and says so", async () => {
  const bounded = await startTestServer({ BOXCAR_SOURCES_ALLOW: "lavfi", BOXCAR_SOURCE_MEMORY: "16M" });
  const started = await postTo(bounded, "/mp4/api/start/live/hoard", { source: "lavfi:testsrc2" });
  await bounded.close();
  expect(started).toMatchObject({ status: 502, json: { error: "source_failed" } });
  expect(started.json.message).toContain("more memory than the 16 MB that BOXCAR_SOURCE_MEMORY gives");
});

test.skipIf(!(await hasEncoder("libx264")))("a source of mode auto is recorded until it is removed", async () => {
  const url = "lavfi:testsrc2=size=160x120:rate=25";
  // As `curl -d` sends it.
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const put = { method: "PUT", headers, body: JSON.stringify({ url, mode: "auto", fragment: "1s" }) };
  expect((await server.call("/mp4/api/sources/live/auto", put)).status).toBe(200);
  await expect.poll(async () => (await jobOf("live/auto"))?.state, { timeout: 10_000 }).toBe("recording");
  expect((await server.call("/mp4/api/sources/live/auto", { method: "DELETE" })).status).toBe(200);
  await expect.poll(async () => (await jobOf("live/auto"))?.state).toBe("ended");
  expect((await server.call("/mp4/api/sources/live/auto")).json.error).toBe("unknown_source");
  await expect.poll(async () => (await server.call("/mp4/api/list/live/auto")).json.total).toBeGreaterThan(0);
});

test.skipIf(!(await hasEncoder("libx264")))("MPEG-TS with AAC is recorded whole, by one connection", async () => {
  const [stream, sent] = [join(server.folder, "sent.ts"), join(server.folder, "sent.m4a")];
  const inputs = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000"];
  const encode = ["-t", "4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac"];
  const tee = `[f=mpegts]${stream}|[f=mp4:select=a]${sent}`;
  const both = ["-map", "0:v", "-map", "1:a", "-flags", "+global_header", "-f", "tee", tee];
  const child = spawn(ffmpegPath, ["-v", "error", ...inputs, ...encode, ...both], { stdio: "ignore" });
  await once(child, "exit");
  const started = await post("/mp4/api/start/live/ts", { source: `file:${stream}`, fragment: "1s" });
  expect(started).toMatchObject({ status: 200, json: { code: 0 } });
  await expect.poll(() => jobOf("live/ts"), { timeout: 15_000 }).toMatchObject({ state: "ended", connections: 1 });
  await expect.poll(() => jobOf("live/ts")).toMatchObject({ keeping: 0, setAside: 0 });
  const path = join(server.folder, "got-ts.mp4");
  await writeFile(path, new Uint8Array(await (await server.fetch("/mp4/download/live/ts.mp4")).arrayBuffer()));
  expect(await packetHashes(path)).toHaveLength(100);
  const sound = await packetHashes(path, "a:0");
  expect(sound.length).toBeGreaterThan(180);
  expect((await packetHashes(sent, "a:0")).join(" ")).toContain(sound.join(" "));
});

test.skipIf(!(await hasEncoder("libx264")))("parameters that come anew inside of samples begin a segment", async () => {
  const files: Uint8Array[] = [];
  for (const [i, size] of ["160x120", "320x240", "160x120"].entries()) {
    const path = join(server.folder, `${i}.ts`);
    const input = [
      "-f",
      "lavfi",
      "-i",
      `testsrc2=size=${size}:rate=25`,
      "-t",
      "1",
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
    ];
    const child = spawn(ffmpegPath, ["-v", "error", ...input, "-output_ts_offset", String(i), path], {
      stdio: "ignore",
    });
    await once(child, "exit");
    files.push(await readFile(path));
  }
  const stream = join(server.folder, "changing.ts");
  await writeFile(stream, Buffer.concat(files));
  expect(await post("/mp4/api/start/live/sizes", { source: `file:${stream}` })).toMatchObject({ status: 200 });
  await expect.poll(() => jobOf("live/sizes"), { timeout: 15_000 }).toMatchObject({ state: "ended", keeping: 0 });
  const list = (await server.call("/mp4/api/list/live/sizes")).json.data as Record<string, unknown>[];
  expect(list.map(({ codecs }) => codecs)).toEqual(["avc1.42C00B", "avc1.42C00D", "avc1.42C00B"]);
  const path = join(server.folder, "sizes.mp4");
  await writeFile(path, new Uint8Array(await (await server.fetch("/mp4/download/live/sizes.mp4")).arrayBuffer()));
  const frames = await ffprobe(["-v", "error", "-show_entries", "frame=width,height", "-of", "csv=p=0", path]);
  const widths = frames.trim().split(/\s+/);
  expect(widths).toHaveLength(75);
  expect(widths.map((size) => size.split(",")[0])).toEqual(
    [160, 320, 160].flatMap((width) => Array.from({ length: 25 }, () => String(width))),
  );
});

test("a source that cannot be read is refused, and the job says why", async () => {
  const start = (source: string): ReturnType<typeof post> => post("/mp4/api/start/live/none", { source });
  expect(await post("/mp4/api/start/live/none")).toMatchObject({ status: 404, json: { error: "unknown_source" } });
  for (const source of ["gopher://127.0.0.1/a", "rtsp:///a", "rtsp://host/a b", `rtsp://host/${"a".repeat(3000)}`]) {
    expect(await start(source)).toMatchObject({ status: 400, json: { error: "bad_source" } });
  }
  for (const source of ["rtsp://192.168.1.1/a", "rtsp://[::1]/a", "http://93.184.216.34/a.m3u8"]) {
    expect(await start(source)).toMatchObject({ status: 403, json: { error: "source_refused" } });
  }
  for (const query of ["reuse=1", "localport=9", "fifo_size=100000000", "timeout=1&reuse", "fifo_size=7#&reuse=1"])
    expect(await start(`udp://127.0.0.1:9/?${query}`)).toMatchObject({ status: 400, json: { error: "bad_source" } });
  const closed = await start(`rtsp://user:hidden-secret@127.0.0.1:${await freePort()}/a`);
  expect(closed).toMatchObject({ status: 502, json: { error: "source_failed" } });
  expect(closed.json.message).toContain("refused");
  expect(await jobOf("live/none")).toMatchObject({ state: "failed", reason: { error: "source_failed" } });
  expect(JSON.stringify([closed, server.lines])).not.toContain("hidden-secret");
});

test("by itself only a source that keeps its reader to its own host may be reached, and only at a public address", async () => {
  const unlisted = new SourceAllowance([]);
  const isRefused = (url: string): Promise<boolean> =>
    unlisted.checkAddresses(readSourceUrl(url)).then(
      () => false,
      () => true,
    );
  // Servers of the first four can redirect; udp, and srt that listens, open a port of this machine.
  const hosts = ["http:", "https:", "rtsp:", "rtsps:", "udp:"].map((scheme) => `${scheme}//93.184.216.34:9000/a`);
  const listening = [
    "mode=listener",
    "latency=1&mode=rendezvous",
    "a#&mode=listener",
    "mode=caller&mode=listener",
    "mode",
  ];
  const refused = [...hosts, ...listening.map((query) => `srt://93.184.216.34:9000?${query}`), "file:/etc/passwd"];
  for (const url of refused) expect([url, await isRefused(url)]).toEqual([url, true]);
  for (const url of [
    "rtmp://93.184.216.34/a",
    "rtmps://93.184.216.34/a",
    "srt://93.184.216.34:9000?mode=caller&latency=9",
  ])
    expect([url, await isRefused(url)]).toEqual([url, false]);
  for (const url of ["rtmp://10.0.0.1/a", "srt://127.0.0.1:9000"])
    expect([url, await isRefused(url)]).toEqual([url, true]);
  const listed = new SourceAllowance(["93.184.216.34", "10.0.0.0/8"]);
  for (const url of [hosts[2] ?? "", hosts[4] ?? "", "rtsp://10.1.1.1/a"])
    await listed.checkAddresses(readSourceUrl(url));
});

test("a server reads so many sources at once, and says of one more that it waits", async () => {
  const small = await startTestServer({ BOXCAR_SOURCES_ALLOW: "lavfi", BOXCAR_SOURCES: "1" });
  const url = "lavfi:testsrc2=size=160x120:rate=10";
  const json = { "content-type": "application/json" };
  const start = (name: string): ReturnType<typeof post> =>
    small.call(`/mp4/api/start/live/${name}`, { method: "POST", body: JSON.stringify({ source: url }) });
  try {
    const both = await Promise.all([start("one"), start("two")]); // at the same time
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 429]);
    const [read, other] = both[0].status === 200 ? ["one", "two"] : ["two", "one"];
    expect(await start(read)).toMatchObject({ status: 409, json: { error: "already_recording" } });
    expect(await start(other)).toMatchObject({ status: 429, json: { error: "too_many_sources" } });
    const body = JSON.stringify({ url, mode: "auto" });
    const put = { method: "PUT", headers: json, body };
    expect((await small.call("/mp4/api/sources/live/three", put)).status).toBe(200);
    expect((await small.call(`/mp4/api/stop/live/${read}`, { method: "POST" })).status).toBe(200);
    const isRead = async (): Promise<boolean> => {
      const jobs = (await small.call("/mp4/api/jobs")).json.data as Job[];
      return jobs.some(({ streamPath, state }) => streamPath === "live/three" && state === "recording");
    };
    await expect.poll(isRead, { timeout: 20_000 }).toBe(true);
    const told = small.logged.filter(({ message }) => message === "a source cannot be recorded");
    expect(told.length).toBeLessThan(2);
    expect(await start(other)).toMatchObject({ status: 429, json: { error: "too_many_sources" } });
  } finally {
    await small.close();
  }
});

test("one caller leaves sources to others, and an administrator finds one", async () => {
  const [admin, mallory, alice] = ["administrators-token-01", "mallorys-token-0123456", "alices-token-012345678"];
  const tokens = JSON.stringify([
    { name: "mallory", scopes: ["record:live/*"], token: mallory },
    { name: "alice", scopes: ["record"], token: alice },
  ]);
  const env = { BOXCAR_SOURCES_ALLOW: "lavfi", BOXCAR_SOURCES: "4", BOXCAR_TOKEN: admin, BOXCAR_TOKENS: tokens };
  const shared = await startTestServer({ ...env, BOXCAR_UPLOADS: "4" });
  const url = "lavfi:testsrc2=size=160x120:rate=10";
  const as = (token: string): Record<string, string> => ({
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  });
  const start = (name: string, token: string): ReturnType<typeof post> =>
    shared.call(`/mp4/api/start/live/${name}`, {
      method: "POST",
      headers: as(token),
      body: JSON.stringify({ source: url }),
    });
  const put = (name: string, source: object): ReturnType<typeof post> =>
    shared.call(`/mp4/api/sources/live/${name}`, { method: "PUT", headers: as(mallory), body: JSON.stringify(source) });
  try {
    const [first, second] = await Promise.all([start("a", mallory), start("b", mallory)]);
    expect([first.status, second.status].toSorted()).toEqual([200, 429]);
    // Nor does a source that is always recorded, or an event, get her more.
    expect((await put("c", { url, mode: "auto" })).status).toBe(200);
    const event = { method: "POST", headers: as(mallory), body: JSON.stringify({ streamPath: "live/c" }) };
    expect(await shared.call("/mp4/api/event/start", event)).toMatchObject({ json: { error: "too_many_sources" } });
    for (const [name, token] of [
      ["d", alice],
      ["e", admin],
      ["f", admin],
    ] as const) {
      expect((await start(name, token)).status).toBe(200);
    }
    expect(await start("g", admin)).toMatchObject({ status: 429, json: { error: "too_many_sources" } });
    expect(await put("h", { url, fragment: "2h" })).toMatchObject({ status: 400, json: { error: "bad_duration" } });
    const large = { url, labels: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`${i}`, "x".repeat(100)])) };
    expect(await put("h", large)).toMatchObject({ status: 413, json: { error: "too_large" } });
    const labels = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${i}`, "x".repeat(900)]));
    expect(await put("h", { url, labels })).toMatchObject({ status: 400, json: { parameters: ["labels"] } });
    // Retention deletes, which is another scope.
    const retention = { age: "1s" };
    expect(await put("c", { url, retention })).toMatchObject({ status: 403, json: { scope: "delete" } });
    // Who has set as many as may be can change one, but not set another.
    const { sources } = shared.parts.catalog;
    const own = await sources.get("live/c");
    if (own === undefined) throw new Error("live/c is not set");
    for (let i = 0; i < 999; i++) await sources.put({ ...own, streamPath: `live/own${i}`, mode: "demand" });
    expect((await put("own7", { url, mode: "event" })).status).toBe(200);
    expect(await put("more", { url })).toMatchObject({ status: 429, json: { error: "too_many_sources" } });
    // A push takes the slot of an upload.
    const push = (name: string): RequestInit & { duplex: "half" } => ({
      ...{ method: "POST", headers: as(mallory), duplex: "half" },
      body: new ReadableStream({ start: (sent) => sent.enqueue(new Uint8Array(Buffer.from(`\0\0\0\x10ftyp${name}`))) }),
    });
    const open = new AbortController();
    const pushing = shared.fetch("/mp4/live/live/p1", { ...push("p1"), signal: open.signal }).catch(() => undefined);
    const other = async (): Promise<unknown> =>
      (
        await shared
          .call("/mp4/live/live/p2", { ...push("p2"), signal: AbortSignal.timeout(3000) })
          .catch(() => undefined)
      )?.json.error;
    await expect.poll(other, { timeout: 10_000 }).toBe("too_many_uploads");
    open.abort();
    await pushing;
  } finally {
    await shared.close();
  }
});

test("a push of a byte now and then is ended", async () => {
  const patient = await startTestServer({ BOXCAR_SOURCE_TIMEOUT: "1" });
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (sent) => {
      sent.enqueue(Buffer.from("\0\x10\0\0moov"));
      timer = setInterval(() => sent.enqueue(new Uint8Array(1)), 300);
    },
  });
  try {
    const init = { method: "POST", body, duplex: "half" as const };
    expect(await patient.call("/mp4/live/live/slow", init)).toMatchObject({
      status: 504,
      json: { error: "source_silent" },
    });
  } finally {
    clearInterval(timer);
    await patient.close();
  }
}, 20_000);

test("a source that does not answer is given up", async () => {
  const silent: Server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const answer = await post("/mp4/api/start/live/silent", { source: `rtsp://127.0.0.1:${port}/a` });
  expect(answer).toMatchObject({ status: 504, json: { error: "source_silent" } });
  expect(await jobOf("live/silent")).toMatchObject({ state: "failed", reason: { error: "source_silent" } });
  silent.close();
});

test.each([
  ["rtsp://u:p@h:554/a", "rtsp://***@h:554/a"],
  ["rtmp://h/app/x?key=S&S", "rtmp://h/app/x?key=***&***"],
  ["http://h/x?S", "http://h/x?***"],
  ["http://h/x?a=S#S?b=S", "http://h/x?a=***#***"],
  ["srt://h:9000?streamid=S=S&mode=caller", "srt://h:9000?streamid=***&mode=***"],
  ["http://h/x#S", "http://h/x#***"],
])("what is secret in %s is not shown", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
