import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { jobAt, postTo, type Job } from "./calls.ts";
import { startRtspServer, type RtspServer } from "../support/rtsp-server.ts";
import { packetized, rtp, senderReport } from "../support/rtp.ts";
import { ffmpegPath, ffprobe, hasEncoder, packetHashes } from "../support/tools.ts";

let server: TestServer;
let rtsp: RtspServer | undefined;
const children: ChildProcess[] = [];
const fakes: Server[] = [];
const canEncode = (await hasEncoder("libx264")) && (await hasEncoder("libx265"));

const VIDEO = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25"];
const SOUND = ["-f", "lavfi", "-i", "sine=sample_rate=48000"];

async function make(name: string, args: readonly string[]): Promise<string> {
  const path = join(server.folder, name);
  const child = spawn(ffmpegPath, ["-v", "error", "-y", ...args, path], { stdio: "ignore" });
  await once(child, "exit");
  return path;
}

beforeAll(async () => {
  server = await startTestServer({ BOXCAR_SOURCES_ALLOW: "127.0.0.0/8", BOXCAR_SOURCE_TIMEOUT: "5" });
  if (!canEncode) return;
  const avc = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-keyint_min", "25"];
  await make("avc.mp4", [...VIDEO, ...SOUND, "-t", "3", ...avc, "-c:a", "aac"]);
  const hevc = ["-c:v", "libx265", "-x265-params", "bframes=2:keyint=25:log-level=none"];
  await make("hevc.mp4", [...VIDEO, "-t", "3", ...hevc]);
  const from = (name: string, demuxed: string): string =>
    `( filesrc location=${join(server.folder, name)} ! qtdemux name=d d.video_0 ! queue ! ${demuxed} )`;
  rtsp = await startRtspServer(
    {
      "/avc": from(
        "avc.mp4",
        "h264parse ! rtph264pay name=pay0 config-interval=-1 d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97",
      ),
      "/hevc": from("hevc.mp4", "h265parse ! rtph265pay name=pay0 config-interval=-1"),
      "/udp": from("avc.mp4", "h264parse ! rtph264pay name=pay0 config-interval=0"),
    },
    ["user", "hidden secret"],
  );
  if (rtsp !== undefined) children.push(rtsp.process);
});
afterAll(async () => {
  await server.close();
  for (const child of children) child.kill("SIGKILL");
  for (const fake of fakes) fake.close();
});

const post = (path: string, body: object = {}): ReturnType<TestServer["call"]> => postTo(server, path, body);
const jobOf = (streamPath: string): Promise<Job | undefined> => jobAt(server, streamPath);

async function recorded(streamPath: string): Promise<string> {
  await expect.poll(async () => (await jobOf(streamPath))?.state, { timeout: 20_000 }).toBe("waiting");
  await post(`/mp4/api/stop/${streamPath}`);
  await expect.poll(async () => jobOf(streamPath), { timeout: 5000 }).toMatchObject({ state: "ended", keeping: 0 });
  const path = join(server.folder, `${streamPath.replace("/", "-")}.mp4`);
  const answer = await server.fetch(`/mp4/download/${streamPath}.mp4`);
  expect(answer.status).toBe(200);
  await writeFile(path, new Uint8Array(await answer.arrayBuffer()));
  return path;
}

test.skipIf(!canEncode)(
  "H.264 with B-frames, AAC and H.265 are recorded from RTSP as they were sent",
  async (context) => {
    if (rtsp === undefined) {
      console.warn("SKIPPING RTSP: gst-rtsp-server is missing (gir1.2-gst-rtsp-server-1.0)");
      context.skip();
      return;
    }
    const url = `rtsp://user:hidden%20secret@127.0.0.1:${rtsp.port}`;
    const wrong = await post("/mp4/api/start/live/none", { source: url.replace("hidden", "wrong") + "/avc" });
    expect(wrong).toMatchObject({ status: 502, json: { error: "source_failed" } });
    expect(wrong.json.message).toContain("401");
    const all = await Promise.all(
      ["avc", "hevc", "udp?udp"].map((path) => {
        const [name = ""] = path.split("?");
        return post(`/mp4/api/start/live/${name}`, { source: `${url}/${path}`, fragment: "1s" });
      }),
    );
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    await Promise.all(["avc", "hevc", "udp"].map((name) => recorded(`live/${name}`)));
    for (const name of ["avc", "hevc"]) {
      const sent = await packetHashes(join(server.folder, `${name}.mp4`));
      const got = await packetHashes(join(server.folder, `live-${name}.mp4`));
      expect(got.slice(0, sent.length)).toEqual(sent); // it may have been connected again by now
      const list = (await server.call(`/mp4/api/list/live/${name}`)).json.data as {
        startTime: string;
        endTime: string;
      }[];
      const [first, second] = list.toSorted((a, b) => a.startTime.localeCompare(b.startTime));
      const holeMs = Date.parse(second?.startTime ?? "") - Date.parse(first?.endTime ?? "");
      expect(Math.abs(holeMs)).toBeLessThanOrEqual(2); // whole milliseconds, and what follows the clock
      expect(await jobOf(`live/${name}`)).toMatchObject({ dropped: 0 });
    }
    const sound = await packetHashes(join(server.folder, "live-avc.mp4"), "a:0");
    expect(sound.length).toBeGreaterThan(135);
    expect((await packetHashes(join(server.folder, "avc.mp4"), "a:0")).join(" ")).toContain(sound.join(" "));
    // By ffmpeg over UDP: the first picture is hidden, since it is reordered.
    const udp = await packetHashes(join(server.folder, "live-udp.mp4"));
    const [sent, last] = [await packetHashes(join(server.folder, "avc.mp4")), udp.slice(0, 73)];
    expect(last).toHaveLength(73);
    expect(sent.join(" ")).toContain(last.join(" "));
    expect(JSON.stringify(server.lines)).not.toContain("hidden");
  },
);

test("a server that stands still is left, and recorded again behind a gap once it goes on", async (context) => {
  const camera =
    "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc tune=zerolatency key-int-max=10 ! rtph264pay name=pay0 config-interval=-1 )";
  const live = await startRtspServer({ "/live": camera });
  if (live === undefined || !(await offers(live.port, "/live"))) {
    console.warn(
      "SKIPPING a server that stands still: gst-rtsp-server or x264enc is missing (gstreamer1.0-plugins-ugly)",
    );
    live?.process.kill("SIGKILL");
    context.skip();
    return;
  }
  children.push(live.process);
  const waiting = await startTestServer({ BOXCAR_SOURCES_ALLOW: "127.0.0.0/8", BOXCAR_SOURCE_TIMEOUT: "3" });
  try {
    const source = `rtsp://127.0.0.1:${live.port}/live`;
    expect(await postTo(waiting, "/mp4/api/start/live/still", { source })).toMatchObject({ status: 200 });
    const job = (): Promise<Job | undefined> => jobAt(waiting, "live/still");
    live.process.kill("SIGSTOP");
    await expect.poll(job, { timeout: 10_000 }).toMatchObject({ state: "waiting", reason: { error: "source_silent" } });
    live.process.kill("SIGCONT");
    await expect.poll(job, { timeout: 20_000 }).toMatchObject({ state: "recording", reason: null });
    await postTo(waiting, "/mp4/api/stop/live/still");
    await expect.poll(job).toMatchObject({ state: "ended", keeping: 0 });
    const timeline = await waiting.call("/mp4/api/timeline/live/still?start=0");
    const { gaps } = timeline.json.data as { gaps: unknown[] };
    const list = (await waiting.call("/mp4/api/list/live/still")).json.data as unknown[];
    expect([list.length, gaps.length]).toEqual([2, 1]);
  } finally {
    live.process.kill("SIGKILL");
    await waiting.close();
  }
});

/** Whether a server describes what it has at a path: it may lack an encoder. */
async function offers(port: number, path: string): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`DESCRIBE rtsp://127.0.0.1:${port}${path} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer.toString("latin1").startsWith("RTSP/1.0 200");
}

/** NAL units of an H.264 stream, by picture. */
async function pictures(size: string): Promise<Uint8Array[][]> {
  const input = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25`, "-t", "1"];
  const path = await make(`${size}.h264`, [
    ...input,
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-bf",
    "0",
    "-x264-params",
    "aud=1",
  ]);
  const bytes = await readFile(path);
  const starts: number[] = [];
  for (let at = bytes.indexOf("000001", 0, "hex"); at >= 0; at = bytes.indexOf("000001", at + 3, "hex"))
    starts.push(at + 3);
  const units = starts.map((start, i) => {
    const end = (starts[i + 1] ?? bytes.length + 3) - 3;
    return bytes.subarray(start, bytes[end - 1] === 0 && end < bytes.length ? end - 1 : end);
  });
  const all: Uint8Array[][] = [];
  for (const unit of units) {
    if (((unit[0] ?? 0) & 31) === 9) all.push([]);
    else all.at(-1)?.push(unit);
  }
  return all;
}

const SDP =
  "v=0\r\ns=-\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n";

/** A server that answers each request as it is told, and sends packets once it is asked to play. */
async function fakeServer(
  answers: Readonly<Record<string, string>>,
  sent: readonly [number, Uint8Array][] = [],
): Promise<number> {
  const fake = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      for (const [, method = "", number = ""] of data
        .toString("latin1")
        .matchAll(/^([A-Z_]+) rtsp:[^]*?\r\nCSeq: (\d+)/gm)) {
        const answer = answers[method] ?? "200 OK\r\nSession: abc;timeout=60\r\n\r\n";
        socket.write(`RTSP/1.0 ${answer.replace("\r\n", `\r\nCSeq: ${number}\r\n`)}`);
        if (method !== "PLAY") continue;
        for (const [channel, bytes] of sent) {
          socket.write(Uint8Array.of(0x24, channel, bytes.length >> 8, bytes.length & 255));
          socket.write(bytes);
        }
        socket.end();
      }
    });
  }).listen(0, "127.0.0.1");
  fakes.push(fake);
  await once(fake, "listening");
  return (fake.address() as AddressInfo).port;
}

const described = (sdp: string): string => `200 OK\r\nContent-Length: ${String(sdp.length)}\r\n\r\n${sdp}`;

test.skipIf(!canEncode)(
  "new parameters midway begin a segment, lost packets are counted, and the sender's clock is believed",
  async () => {
    const both = [await pictures("160x120"), await pictures("320x240")];
    const capturedMs = Date.now() - 3200;
    const sent: [number, Uint8Array][] = [];
    let sequence = 65_500;
    for (const [i, units] of both.flat().entries()) {
      const timestamp = 0xffff_0000 + 3600 * i;
      if (i === 0) sent.push([1, senderReport(capturedMs, timestamp)]);
      for (const payload of packetized("h264", units, 1000, () => 0)) {
        sequence++;
        if (i === 20) continue; // one picture is missing
        const packet = rtp(96, sequence, timestamp, payload);
        sent.push([0, packet], ...(i % 10 === 5 ? [[0, packet] satisfies (typeof sent)[0]] : [])); // some come twice
      }
    }
    const port = await fakeServer({ DESCRIBE: described(SDP) }, sent);
    const started = await post("/mp4/api/start/live/changing", { source: `rtsp://127.0.0.1:${port}/a` });
    expect(started).toMatchObject({ status: 200 });
    await expect.poll(async () => (await jobOf("live/changing"))?.state).toBe("waiting");
    await post("/mp4/api/stop/live/changing");
    await expect.poll(async () => jobOf("live/changing")).toMatchObject({ state: "ended", keeping: 0 });
    expect((await jobOf("live/changing"))?.dropped).toBeGreaterThan(0);
    const list = (await server.call("/mp4/api/list/live/changing?order=asc")).json.data as {
      startTime: string;
      endTime: string;
      durationMs: number;
    }[];
    expect(list).toHaveLength(2);
    expect(list.map(({ durationMs }) => durationMs)).toEqual([1000, 1000]);
    const starts = list.map(({ startTime }) => Date.parse(startTime)).toSorted((a, b) => a - b);
    expect(starts.map((ms) => Math.abs(ms - capturedMs))).toEqual([
      expect.toSatisfy((ms: number) => ms < 5),
      expect.toSatisfy((ms: number) => Math.abs(ms - 1000) < 5),
    ]);
    const answer = await server.fetch("/mp4/download/live/changing.mp4");
    const path = join(server.folder, "changing.mp4");
    await writeFile(path, new Uint8Array(await answer.arrayBuffer()));
    const shown = ["-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"];
    expect((await ffprobe(["-v", "error", ...shown, path])).trim()).toBe("49");
  },
);

test("servers that answer oddly are handed over to ffmpeg, or refused, and no redirect leads elsewhere", async () => {
  const start = (port: number): ReturnType<typeof post> =>
    post("/mp4/api/start/live/odd", { source: `rtsp://user:hidden@127.0.0.1:${port}/a` });
  const handed = (): unknown =>
    server.lines.findLast(({ message }) => message === "ffmpeg reads a source")?.fields?.why;
  const udp = await fakeServer({ DESCRIBE: described(SDP), SETUP: "461 Unsupported Transport\r\n\r\n" });
  expect(await start(udp)).toMatchObject({ status: 502, json: { error: "source_failed" } });
  expect(handed()).toContain("TCP");
  const vp8 = await fakeServer({ DESCRIBE: described(SDP.replace("H264", "VP8")), SETUP: "500 No\r\n\r\n" });
  expect((await start(vp8)).status).toBe(502);
  expect(handed()).toContain("vp8");
  const lines = server.lines.length;
  for (const [location, error] of [
    ["rtsp://192.168.7.7/a", "source_refused"],
    ["http://127.0.0.1/a", "source_failed"],
    ["file:/etc/passwd", "source_failed"],
    ["rtsp://127.0.0.1:PORT/a", "source_failed"], // to itself, for ever
  ] as const) {
    const answers: Record<string, string> = {};
    const port = await fakeServer(answers);
    answers.DESCRIBE = `302 Moved\r\nLocation: ${location.replace("PORT", String(port))}\r\n\r\n`;
    expect(await start(port)).toMatchObject({ json: { error } });
  }
  for (const answer of ["404 Not Found\r\n\r\n", "403 Forbidden\r\n\r\n"]) {
    const port = await fakeServer({ DESCRIBE: answer });
    expect(await start(port)).toMatchObject({ status: 502, json: { error: "source_failed" } });
  }
  const packet = `$\0\x7f\x7f${"x".repeat(0x7f7f)}`;
  const flooding = await fakeServer({ OPTIONS: `200 OK\r\n\r\n${packet.repeat(140)}` });
  const message = expect.stringContaining("packets instead") as unknown;
  expect(await start(flooding)).toMatchObject({ status: 502, json: { message } });
  expect(server.lines.slice(lines).filter(({ message }) => message === "ffmpeg reads a source")).toEqual([]);
  expect(JSON.stringify(server.lines)).not.toContain("hidden");
});
