/** The targets, and what the measurements say about each. */
import { HOUR, DAY } from "./material.ts";
import type { Measurements } from "./measure/context.ts";

/** A row that was measured or could not be. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** What is held against the limit: the ratio to the peer, or the value itself. */
  readonly kind: "ratio" | "value";
  /** In `unit`; undefined when it was not measured. */
  readonly measured?: number;
  readonly unit: Unit;
  /** What boxcar is compared with. Also where the target is a plain value: machines differ, ratios less. */
  readonly peer?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
  readonly limit: number;
  /** `most`: less is better. */
  readonly bound: "most" | "least";
  /** A goal beyond the target. */
  readonly stretch: boolean;
  readonly met?: boolean;
  /** Why it is not met, or not measured. */
  readonly note?: string;
}

export type Unit = "ms" | "s" | "MB" | "kB" | "GB/s" | "s/GB" | "bytes" | "M samples/s";

interface Target {
  readonly id: string;
  readonly title: string;
  /** Names of measurements. */
  readonly measured: string;
  readonly peer?: { readonly name: string; readonly measured: string };
  readonly unit: Unit;
  readonly kind: "ratio" | "value";
  readonly limit: number;
  readonly bound: "most" | "least";
  readonly stretch?: true;
  /** Said when the target is not met. */
  readonly because?: string;
}

/** Measured values are divided by this to be in the row's unit. */
const SCALE: Readonly<Record<Unit, number>> = {
  ms: 1,
  s: 1,
  MB: 1e6,
  kB: 1e3,
  "GB/s": 1e9,
  "s/GB": 1,
  bytes: 1,
  "M samples/s": 1e6,
};

const NGINX = "nginx mp4 module";
const CONCAT = "ffmpeg concat";
const nginxIsQuick =
  "nginx cuts a table that was made beforehand. How soon depends on its buffers (see the table of growth); it is measured in its quickest setting.";

const TARGETS: readonly Target[] = [
  {
    id: "first-byte-hour-nginx",
    title: "First byte, merged MP4, 60 min",
    measured: `firstByte.${HOUR}.boxcarMp4.ms`,
    peer: { name: NGINX, measured: `firstByte.${HOUR}.nginxMp4.ms` },
    unit: "ms",
    kind: "ratio",
    limit: 0.15,
    bound: "most",
    because: nginxIsQuick,
  },
  {
    id: "first-byte-hour-ffmpeg",
    title: "First byte, merged MP4, 60 min",
    measured: `firstByte.${HOUR}.boxcarMp4.ms`,
    peer: { name: CONCAT, measured: `firstByte.${HOUR}.ffmpegMp4.ms` },
    unit: "ms",
    kind: "ratio",
    limit: 0.005,
    bound: "most",
  },
  {
    id: "first-byte-day-nginx",
    title: "First byte, merged MP4, 24 h",
    measured: `firstByte.${DAY}.boxcarMp4.ms`,
    peer: { name: NGINX, measured: `firstByte.${DAY}.nginxMp4.ms` },
    unit: "ms",
    kind: "ratio",
    limit: 0.5,
    bound: "most",
    because: nginxIsQuick,
  },
  {
    id: "first-byte-day",
    title: "First byte, merged MP4, 24 h",
    measured: `firstByte.${DAY}.boxcarMp4.ms`,
    unit: "ms",
    kind: "value",
    limit: 15,
    bound: "most",
    stretch: true,
  },
  {
    id: "first-byte-hour-fragmented",
    title: "First byte, fragmented, 60 min",
    measured: `firstByte.${HOUR}.boxcarFmp4.ms`,
    peer: { name: `${CONCAT}, fragmented`, measured: `firstByte.${HOUR}.ffmpegFmp4.ms` },
    unit: "ms",
    kind: "ratio",
    limit: 0.1,
    bound: "most",
  },
  {
    id: "first-byte-day-fragmented",
    title: "First byte, fragmented, 24 h",
    measured: `firstByte.${DAY}.boxcarFmp4.ms`,
    peer: { name: `${CONCAT}, fragmented`, measured: `firstByte.${DAY}.ffmpegFmp4.ms` },
    unit: "ms",
    kind: "ratio",
    limit: 0.1,
    bound: "most",
  },
  {
    id: "range-day-new",
    title: "1 MB Range in the middle of 24 h, no plan kept",
    measured: `range.${DAY}.boxcarNew.ms`,
    peer: { name: "nginx, one file", measured: `range.${DAY}.nginxFile.ms` },
    unit: "ms",
    kind: "value",
    limit: 10,
    bound: "most",
  },
  {
    id: "range-day-again",
    title: "The same, asked for again",
    measured: `range.${DAY}.boxcarAgain.ms`,
    peer: { name: "nginx, one file", measured: `range.${DAY}.nginxFile.ms` },
    unit: "ms",
    kind: "value",
    limit: 2,
    bound: "most",
  },
  {
    id: "hour-time",
    title: "Whole 60 min, time",
    measured: "hour.boxcar.seconds",
    peer: { name: CONCAT, measured: "hour.ffmpeg.seconds" },
    unit: "s",
    kind: "ratio",
    limit: 0.125,
    bound: "most",
  },
  {
    id: "hour-cpu",
    title: "Whole 60 min, CPU",
    measured: "hour.boxcar.cpuSeconds",
    peer: { name: CONCAT, measured: "hour.ffmpeg.cpuSeconds" },
    unit: "s",
    kind: "ratio",
    limit: 0.2,
    bound: "most",
  },
  {
    id: "throughput-node",
    title: "Throughput, one connection, Node",
    measured: "throughput.boxcar.bytesPerSecond",
    peer: { name: "nginx sendfile, one file", measured: "throughput.nginxSendfile.bytesPerSecond" },
    unit: "GB/s",
    kind: "ratio",
    limit: 0.9,
    bound: "least",
  },
  {
    id: "throughput-bun",
    title: "Throughput, one connection, Bun",
    measured: "throughput.boxcarBun.bytesPerSecond",
    peer: { name: "nginx sendfile, one file", measured: "throughput.nginxSendfile.bytesPerSecond" },
    unit: "GB/s",
    kind: "ratio",
    limit: 0.9,
    bound: "least",
    because:
      "One process copies every byte into memory and out of it; sendfile copies none. Bun was not measured where it is not installed.",
  },
  {
    id: "throughput-deno",
    title: "Throughput, one connection, Deno",
    measured: "throughput.boxcarDeno.bytesPerSecond",
    peer: { name: "nginx sendfile, one file", measured: "throughput.nginxSendfile.bytesPerSecond" },
    unit: "GB/s",
    kind: "ratio",
    limit: 0.5,
    bound: "least",
    because: "Deno writes to a socket in smaller parts. Not measured where Deno is not installed.",
  },
  {
    id: "throughput-cpu",
    title: "CPU of that download, Node",
    measured: "throughput.boxcar.cpuSecondsPerGB",
    peer: { name: "nginx, sendfile off", measured: "throughput.nginxCopy.cpuSecondsPerGB" },
    unit: "s/GB",
    kind: "ratio",
    limit: 1.2,
    bound: "most",
  },
  {
    id: "clients-throughput",
    title: "64 clients of distinct cuts, in sum",
    measured: "clients.many.bytesPerSecond",
    peer: { name: "one such client", measured: "clients.one.bytesPerSecond" },
    unit: "GB/s",
    kind: "ratio",
    limit: 0.7,
    bound: "least",
  },
  {
    id: "clients-first-byte",
    title: "The same, first byte, p99",
    measured: "clients.many.firstByteP99.ms",
    peer: { name: "nginx, one file, 64 clients", measured: "clients.nginxMany.firstByteP99.ms" },
    unit: "ms",
    kind: "value",
    limit: 50,
    bound: "most",
    because:
      "64 downloads asked for at the same moment are planned one after another by one thread, while the transfers go on and the clients share the two cores.",
  },
  {
    id: "memory-day",
    title: "Memory of a 24 h download, above idle",
    measured: `memory.${DAY}.boxcar.bytes`,
    unit: "MB",
    kind: "value",
    limit: 64,
    bound: "most",
  },
  {
    id: "memory-flat",
    title: "Memory of a 24 h download against 1 h",
    measured: `memory.${DAY}.boxcar.bytes`,
    peer: { name: "1 h download", measured: `memory.${HOUR}.boxcar.bytes` },
    unit: "MB",
    kind: "ratio",
    limit: 1.1,
    bound: "most",
  },
  {
    id: "index-speed",
    title: "Index a one-minute segment",
    measured: "index.boxcar.samplesPerSecond",
    unit: "M samples/s",
    kind: "value",
    limit: 150,
    bound: "least",
  },
  {
    id: "index-mp4box",
    title: "Index a one-minute segment",
    measured: "index.boxcar.ms",
    peer: { name: "mp4box.js", measured: "index.mp4box.ms" },
    unit: "ms",
    kind: "ratio",
    limit: 1 / 100,
    bound: "most",
  },
  {
    id: "index-mediabunny",
    title: "Index a one-minute segment",
    measured: "index.boxcar.ms",
    peer: { name: "mediabunny", measured: "index.mediabunny.ms" },
    unit: "ms",
    kind: "ratio",
    limit: 1 / 200,
    bound: "most",
  },
  {
    id: "index-size",
    title: "Index, bytes a sample",
    measured: "index.boxcar.bytesPerSample",
    unit: "bytes",
    kind: "value",
    limit: 2.4,
    bound: "most",
  },
  {
    id: "index-size-stretch",
    title: "Index, bytes a sample",
    measured: "index.boxcar.bytesPerSample",
    unit: "bytes",
    kind: "value",
    limit: 1.6,
    bound: "most",
    stretch: true,
  },
  {
    id: "cold-start",
    title: "Process start to first merged byte of 60 min, Node",
    measured: "start.boxcar.ms",
    peer: { name: "`node -e 0`", measured: "start.node.ms" },
    unit: "ms",
    kind: "value",
    limit: 250,
    bound: "most",
  },
  {
    id: "wasm",
    title: "WASM module",
    measured: "wasm.bytes",
    unit: "kB",
    kind: "value",
    limit: 40,
    bound: "most",
  },
  {
    id: "wasm-gzip",
    title: "WASM module, gzip",
    measured: "wasm.gzip.bytes",
    unit: "kB",
    kind: "value",
    limit: 16,
    bound: "most",
  },
];

/** One row a target. */
export function rows(measurements: Measurements): Row[] {
  return TARGETS.map((target) => row(target, measurements));
}

function row(target: Target, measurements: Measurements): Row {
  const { id, title, kind, unit, limit, bound, because } = target;
  const scale = SCALE[unit];
  const own = measurements[target.measured]?.median;
  const other = target.peer && measurements[target.peer.measured]?.median;
  const common = { id, title, kind, unit, limit, bound, stretch: target.stretch ?? false };
  const measured = own === undefined ? {} : { measured: own / scale };
  const peer =
    other === undefined || target.peer === undefined ? {} : { peer: { name: target.peer.name, value: other / scale } };
  const ratio = own === undefined || other === undefined ? {} : { ratio: own / other };
  const held = kind === "ratio" ? ratio.ratio : measured.measured;
  if (held === undefined) {
    const note =
      own === undefined
        ? (because ?? "not measured in this run")
        : `${target.peer?.name ?? "the peer"} was not measured`;
    return { ...common, ...measured, note };
  }
  const met = bound === "most" ? held <= limit : held >= limit;
  const note = met || because === undefined ? {} : { note: because };
  return { ...common, ...measured, ...peer, ...ratio, met, ...note };
}
