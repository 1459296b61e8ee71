/** What recording costs: the same twenty cameras by boxcar's client of RTSP, by an ffmpeg each, and by `ffmpeg -f segment`. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { startRtspServer } from "../../test/support/rtsp-server.ts";
import { cpuSeconds, end, pause } from "../process.ts";
import { startBoxcar } from "../servers.ts";
import { record, type Measurements } from "./context.ts";

const STREAMS = 20;
/** Milliseconds until all of them run evenly, and that are measured: each stream ends one segment in that time. */
const SETTLING_MS = 15_000;
const MEASURED_MS = 60_000;
/** Milliseconds between two clients: the server serves no crowd that comes at once, and leaves some of it without an answer. */
const APART_MS = 200;

/** Cost of processes. */
interface Usage {
  /** CPU seconds since each began. */
  readonly cpu: number;
  /** Memory that no other process shares, bytes. */
  readonly memory: number;
}

/** One way to record all streams, while it runs. */
interface Way {
  readonly usages: () => Record<string, Usage>;
  /** Streams that it has recorded on one connection until now; absent: nobody knows. */
  readonly whole?: () => Promise<number>;
  stop(): Promise<void>;
}

/**
 * CPU milliseconds a second and memory of one of twenty streams of H.264 (640×360, 25 fps, about 600 kbit/s) and AAC, recorded in one
 * way after another: of boxcar, and of its ffmpegs. Empty where gst-rtsp-server is missing.
 */
export async function recording(folder: string, program: string): Promise<Measurements> {
  // Live: of a file the server would seek, for all of its clients, with each that comes.
  const video =
    "videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 ! x264enc speed-preset=ultrafast bitrate=530 key-int-max=50 bframes=2";
  const sound = "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! aacparse";
  const launch = `( ${video} ! rtph264pay name=pay0 config-interval=-1 ${sound} ! rtpmp4gpay name=pay1 pt=97 )`;
  const server = await startRtspServer({ "/camera": launch });
  if (server === undefined) return {};
  const url = `rtsp://127.0.0.1:${String(server.port)}/camera`;
  const data = await mkdtemp(join(folder, "recorded-"));
  const ways: Record<string, (data: string) => Promise<Way>> = {
    own: (path) => byBoxcar(program, path, url),
    // The time of a medium jumps for all of its clients when an ffmpeg comes: each way has a medium of its own.
    ffmpeg: (path) => byBoxcar(program, path, `${url}?tcp`),
    segment: (path) => bySegment(`${url}?segment`, path),
  };
  const results: Measurements = {};
  try {
    for (const [name, begin] of Object.entries(ways)) {
      const way = await begin(join(data, name));
      try {
        await measure(name, way, results);
      } finally {
        await way.stop();
      }
    }
    return results;
  } finally {
    await end(server.process, "SIGKILL");
    await rm(data, { recursive: true, force: true });
  }
}

async function measure(name: string, { usages, whole }: Way, results: Measurements): Promise<void> {
  await pause(SETTLING_MS);
  const before = usages();
  await pause(MEASURED_MS);
  const after = usages();
  // On a machine that has no time for them sources fall silent, and cost nothing.
  const count = (await whole?.()) ?? STREAMS;
  if (count !== STREAMS) {
    console.warn(`${name}: left out, only ${String(count)} of ${String(STREAMS)} streams were recorded throughout`);
    return;
  }
  for (const [process, { cpu, memory }] of Object.entries(after)) {
    const used = cpu - (before[process]?.cpu ?? 0);
    record(results, `recording.${name}.${process}.cpu.ms`, [(used * 1000) / (MEASURED_MS / 1000) / STREAMS]);
    record(results, `recording.${name}.${process}.memory.bytes`, [memory / STREAMS]);
  }
}

async function byBoxcar(program: string, data: string, url: string): Promise<Way> {
  const server = await startBoxcar(program, data, { BOXCAR_SOURCES_ALLOW: "127.0.0.0/8" });
  const idle = usageOf([server.pid]);
  const base = `http://127.0.0.1:${String(server.port)}/mp4/api`;
  const body = JSON.stringify({ source: url });
  for (let i = 0; i < STREAMS; i++) {
    const answer = await fetch(`${base}/start/live/${String(i)}`, { method: "POST", body });
    if (!answer.ok) throw new Error(await answer.text());
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
  for (let i = 0; i < STREAMS; i++) {
    await mkdir(join(data, String(i)), { recursive: true });
    const output = ["-c", "copy", "-f", "segment", "-segment_time", "60", join(data, String(i), "%d.mp4")];
    const args = ["-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, ...output];
    children.push(spawn("ffmpeg", args, { stdio: "ignore" }));
    await pause(APART_MS);
  }
  return {
    usages: () => ({ ffmpeg: usageOf(children.map(({ pid }) => pid ?? 0)) }),
    stop: async () => {
      for (const child of children) await end(child, "SIGKILL");
    },
  };
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
