/** What recording costs: the same twenty cameras by boxcar's client of RTSP, by an ffmpeg each, and by `ffmpeg -f segment`. */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { startRtspServer } from "../../test/support/rtsp-server.ts";
import { cpuSeconds, end, pause } from "../process.ts";
import { startBoxcar } from "../servers.ts";
import { record, type Measurements } from "./context.ts";

const STREAMS = 20;
/** Milliseconds until all of them run evenly, and of a round: each stream ends one segment in that time. */
const SETTLING_MS = 20_000;
const ROUND_MS = 60_000;
/** Milliseconds in which a client must have recorded something, and how often it is started where it has not. */
const STARTING_MS = 15_000;
const ATTEMPTS = 3;

/** Cost of processes. */
interface Usage {
  /** CPU seconds since each began. */
  readonly cpu: number;
  /** Memory that no other process shares, bytes. */
  readonly memory: number;
}
const NONE: Usage = { cpu: 0, memory: 0 };

/** One way to record all streams, while it runs. */
interface Way {
  readonly usages: () => Record<string, Usage>;
  /** Streams that it has recorded, on one connection where that is known, until now. */
  readonly whole: () => Promise<number>;
  stop(): Promise<void>;
}

/**
 * CPU milliseconds a second and memory of one of twenty streams of H.264 (640×360, 25 fps, about 600 kbit/s) and AAC, of boxcar, and of its
 * ffmpegs, in each way. All ways record at the same time, so that whatever else the machine does costs all of them alike.
 * Empty where gst-rtsp-server is missing.
 */
export async function recording(folder: string, program: string, rounds: number): Promise<Measurements> {
  // Live: of a file the server would seek, for all of its clients, with each that comes.
  const video =
    "videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 ! x264enc speed-preset=ultrafast bitrate=530 key-int-max=50 bframes=2";
  const sound = "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! aacparse";
  const launch = `( ${video} ! rtph264pay name=pay0 config-interval=-1 ${sound} ! rtpmp4gpay name=pay1 pt=97 )`;
  const server = await startRtspServer({ "/camera": launch });
  if (server === undefined) return {};
  const url = `rtsp://127.0.0.1:${String(server.port)}/camera`;
  const data = await mkdtemp(join(folder, "recorded-"));
  const ways: Record<string, Way> = {};
  try {
    // The time of a medium jumps for all of its clients when an ffmpeg comes: each way has a medium of its own.
    ways.own = await byBoxcar(program, join(data, "own"), url);
    ways.ffmpeg = await byBoxcar(program, join(data, "ffmpeg"), `${url}?tcp`);
    ways.segment = await bySegment(`${url}?segment`, join(data, "segment"));
    return await measure(ways, rounds);
  } finally {
    for (const way of Object.values(ways)) await way.stop();
    await end(server.process, "SIGKILL");
    await rm(data, { recursive: true, force: true });
  }
}

async function measure(ways: Readonly<Record<string, Way>>, rounds: number): Promise<Measurements> {
  await pause(SETTLING_MS);
  const seen = [usagesOf(ways)];
  while (seen.length <= rounds) {
    await pause(ROUND_MS);
    seen.push(usagesOf(ways));
  }
  const results: Measurements = {};
  const used: Record<string, number[]> = {};
  for (const [name, { whole }] of Object.entries(ways)) {
    // On a machine that has no time for them sources fall silent, and cost nothing.
    const count = await whole();
    if (count !== STREAMS) {
      console.warn(`${name}: left out, only ${String(count)} of ${String(STREAMS)} streams were recorded throughout`);
      continue;
    }
    for (const process of Object.keys(seen[0]?.[name] ?? {})) {
      const usages = seen.map((all) => all[name]?.[process] ?? NONE);
      const spent = usages.slice(1).map(({ cpu }, i) => cpu - (usages[i] ?? NONE).cpu);
      used[`${name}.${process}`] = spent.map((seconds) => (seconds * 1e6) / ROUND_MS / STREAMS);
      const memory = usages.slice(1).map((usage) => usage.memory / STREAMS);
      record(results, `recording.${name}.${process}.cpu.ms`, used[`${name}.${process}`]);
      record(results, `recording.${name}.${process}.memory.bytes`, memory);
    }
  }
  const { "own.boxcar": own = [], "segment.ffmpeg": peer = [] } = used;
  const shares = own.map((ms, round) => ms / (peer[round] ?? Number.NaN));
  if (peer.length > 0) record(results, "recording.own.share", shares);
  return results;
}

function usagesOf(ways: Readonly<Record<string, Way>>): Record<string, Record<string, Usage>> {
  return Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, way.usages()]));
}

async function byBoxcar(program: string, data: string, url: string): Promise<Way> {
  const server = await startBoxcar(program, data, { BOXCAR_SOURCES_ALLOW: "127.0.0.0/8" });
  const idle = usageOf([server.pid]);
  const base = `http://127.0.0.1:${String(server.port)}/mp4/api`;
  const body = JSON.stringify({ source: url });
  for (let i = 0; i < STREAMS; i++) {
    const start = async (): Promise<boolean> =>
      (await fetch(`${base}/start/live/${String(i)}`, { method: "POST", body })).ok;
    await persist(start);
  }
  return {
    usages: () => {
      const { cpu, memory } = usageOf([server.pid]);
      return { boxcar: { cpu, memory: memory - idle.memory }, children: usageOf(childrenOf(server.pid)) };
    },
    whole: async () => {
      const { data } = (await (await fetch(`${base}/jobs`)).json()) as {
        data: { state: string; connections: number }[];
      };
      return data.filter(({ state, connections }) => state === "recording" && connections === 1).length;
    },
    stop: () => server.stop(),
  };
}

async function bySegment(url: string, data: string): Promise<Way> {
  const children: ChildProcess[] = [];
  const folders = Array.from({ length: STREAMS }, (_, i) => join(data, String(i)));
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    const output = ["-c", "copy", "-f", "segment", "-segment_time", "60", join(folder, "%d.mp4")];
    const args = ["-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, ...output];
    await persist(async () => {
      const child = spawn("ffmpeg", args, { stdio: "ignore" });
      for (let ms = 0; ms < STARTING_MS && !isWritten(folder); ms += 50) await pause(50);
      if (isWritten(folder)) children.push(child);
      else await end(child, "SIGKILL");
      return isWritten(folder);
    });
  }
  return {
    usages: () => ({ ffmpeg: usageOf(children.map(({ pid }) => pid ?? 0)) }),
    whole: () => Promise.resolve(folders.filter(isWritten).length),
    stop: async () => {
      for (const child of children) await end(child, "SIGKILL");
    },
  };
}

/** Starts a client, one after another, and again where the server leaves it without an answer. */
async function persist(start: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (await start()) return;
  throw new Error("gst-rtsp-server answers no client any more");
}

/** Whether something was recorded in a folder a moment ago. */
function isWritten(folder: string): boolean {
  const files = readdirSync(folder).map((file) => statSync(join(folder, file)));
  return files.some(({ size, mtimeMs }) => size > 0 && Date.now() - mtimeMs < STARTING_MS);
}

function usageOf(pids: readonly number[]): Usage {
  const cpu = pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  return { cpu, memory: pids.reduce((sum, pid) => sum + privateMemory(pid), 0) };
}

function privateMemory(pid: number): number {
  const text = readFileSync(`/proc/${String(pid)}/smaps_rollup`, "utf8");
  return [...text.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce((sum, [, kB]) => sum + Number(kB) * 1024, 0);
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8");
  return text.trim() === "" ? [] : text.trim().split(" ").map(Number);
}
