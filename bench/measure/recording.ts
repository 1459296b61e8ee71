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
/** Milliseconds until all of them run evenly, and that are measured. */
const SETTLING_MS = 10_000;
const MEASURED_MS = 20_000;

/** Cost of processes. */
interface Usage {
  /** CPU seconds since each began. */
  readonly cpu: number;
  /** Memory that no other process shares, bytes. */
  readonly memory: number;
}

/**
 * CPU milliseconds a second and memory of one of twenty streams of H.264 (640×360, 25 fps, about 600 kbit/s) and AAC: of boxcar, and of
 * its ffmpegs. Empty where gst-rtsp-server is missing.
 */
export async function recording(folder: string, program: string): Promise<Measurements> {
  const results: Measurements = {};
  // Live: of a file the server would seek, for all of its clients, with each that comes.
  const video =
    "videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 ! x264enc speed-preset=veryfast bitrate=530 key-int-max=50 bframes=2";
  const sound = "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! aacparse";
  const launch = `( ${video} ! rtph264pay name=pay0 config-interval=-1 ${sound} ! rtpmp4gpay name=pay1 pt=97 )`;
  for (const way of ["own", "ffmpeg", "segment"] as const) {
    const server = await startRtspServer({ "/camera": launch });
    if (server === undefined) return {};
    const data = await mkdtemp(join(folder, "recorded-"));
    const url = `rtsp://127.0.0.1:${String(server.port)}/camera`;
    const usage =
      way === "segment"
        ? await bySegment(url, data)
        : await byBoxcar(program, data, way === "own" ? url : `${url}?tcp`);
    for (const [name, { cpu, memory }] of Object.entries(usage)) {
      record(results, `recording.${way}.${name}.cpu.ms`, [(cpu * 1000) / (MEASURED_MS / 1000) / STREAMS]);
      record(results, `recording.${way}.${name}.memory.bytes`, [memory / STREAMS]);
    }
    await end(server.process, "SIGKILL");
    await rm(data, { recursive: true });
  }
  return results;
}

async function byBoxcar(program: string, data: string, url: string): Promise<Record<string, Usage>> {
  const server = await startBoxcar(program, data, { BOXCAR_SOURCES_ALLOW: "127.0.0.0/8" });
  const idle = usageOf([server.pid]);
  const base = `http://127.0.0.1:${String(server.port)}/mp4/api/start/live`;
  for (let i = 0; i < STREAMS; i++) {
    const body = JSON.stringify({ source: url, fragment: "10s" });
    const answer = await fetch(`${base}/${String(i)}`, { method: "POST", body });
    if (!answer.ok) throw new Error(await answer.text());
  }
  const usage = await measured(() => {
    const { cpu, memory } = usageOf([server.pid]);
    return { boxcar: { cpu, memory: memory - idle.memory }, children: usageOf(childrenOf(server.pid)) };
  });
  await server.stop();
  return usage;
}

async function bySegment(url: string, data: string): Promise<Record<string, Usage>> {
  const children: ChildProcess[] = [];
  for (let i = 0; i < STREAMS; i++) {
    await mkdir(join(data, String(i)));
    const output = ["-c", "copy", "-f", "segment", "-segment_time", "10", join(data, String(i), "%d.mp4")];
    const args = ["-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, ...output];
    children.push(spawn("ffmpeg", args, { stdio: "ignore" }));
    await pause(300); // the server serves no crowd that comes at once
  }
  const usage = await measured(() => ({ ffmpeg: usageOf(children.map(({ pid }) => pid ?? 0)) }));
  for (const child of children) await end(child, "SIGKILL");
  return usage;
}

/** What was used while it was measured, and the memory at the end of that. */
async function measured(usages: () => Record<string, Usage>): Promise<Record<string, Usage>> {
  await pause(SETTLING_MS);
  const before = usages();
  await pause(MEASURED_MS);
  const grown = Object.entries(usages()).map(([name, { cpu, memory }]): [string, Usage] => [
    name,
    { cpu: cpu - (before[name]?.cpu ?? 0), memory },
  ]);
  return Object.fromEntries(grown);
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
