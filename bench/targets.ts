/** The targets: what is measured, against what, and why one may not be met. */
import { HOUR, DAY } from "./material.ts";

export type Unit = "ms" | "s" | "MB" | "kB" | "GB/s" | "s/GB" | "bytes" | "M samples/s";

/** A value, or a ratio to a peer's value, with a limit. */
export interface Target {
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

const NGINX = "nginx mp4 module";
const CONCAT = "ffmpeg concat";
const LARGE = `${NGINX}, \`mp4_buffer_size 400m\``;
const nginxIsQuick =
  "nginx cuts tables that were made beforehand, and reads only the part it needs; this is its quickest setting. boxcar looks up what is recorded now, in rows and indexes of single segments.";
const bytesAreCopied =
  "A thread reads each chunk of a segment's file into a buffer, the main thread writes it to the socket: what is copied twice comes from another core's cache once, and both threads wake each other for each chunk. nginx has one file and one thread.";
const indexing =
  "In this material picture and sound alternate every one or two samples: three thousand chunks are read, ordered, checked against the file and counted, at about ten cycles for each step. A fifth of the time is the host's: finding the metadata, copying it in and the index out.";

/** In the order of the report. */
export const TARGETS: readonly Target[] = [
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
    id: "first-byte-hour-nginx-large",
    title: "First byte, merged MP4, 60 min",
    measured: `firstByte.${HOUR}.boxcarMp4.ms`,
    peer: { name: LARGE, measured: `firstByte.${HOUR}.nginxMp4Large.ms` },
    unit: "ms",
    kind: "ratio",
    limit: 0.15,
    bound: "most",
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
    because: "Planning an hour that was never asked for takes a few milliseconds.",
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
    id: "first-byte-day-nginx-large",
    title: "First byte, merged MP4, 24 h",
    measured: `firstByte.${DAY}.boxcarMp4.ms`,
    peer: { name: LARGE, measured: `firstByte.${DAY}.nginxMp4Large.ms` },
    unit: "ms",
    kind: "ratio",
    limit: 0.5,
    bound: "most",
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
    because:
      "Planning a day that was never asked for composes 1440 segments, some microseconds each. Asked for again, it takes none of that (see `…Again` below).",
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
    because: "ffmpeg starts to write when it has opened the first file. boxcar knows the exact length by then.",
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
    because:
      "ffmpeg starts to write when it has opened the first file, however many follow. boxcar has composed all 1440 by then, some microseconds each, and knows the exact length.",
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
    because: "Planning a day that was never asked for composes 1440 segments, some microseconds each.",
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
    because: "The plan is kept; what is left is a look at the versions of the rows, two indexes and the read.",
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
    because:
      "The client shares two cores with the server. ffmpeg writes into the page cache and has no client. From run to run it lies on either side of the target.",
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
    because: "Bytes sent over a socket are copied once more than bytes written to a file.",
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
    because: bytesAreCopied,
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
    because: bytesAreCopied,
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
      "All 64 connect at the same moment, a fifth of all requests: each turn of the event loop accepts one connection and plans its cut, one to two milliseconds of work. Those who ask later wait less than with nginx (`…Steady` and `…P50` below). The clients share the two cores.",
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
    because:
      "Of each segment the row, its place in the plan (together about 4 kB) and the index (8 kB here) are kept, within 16, 16 and 24 MiB: each of a movie's tables needs every index, in turn. With a smaller cache of indexes a day took more, since what is read again and again is garbage for a while. The whole process takes about a quarter more for a day than for an hour.",
  },
  {
    id: "index-speed",
    title: "Index a one-minute segment",
    measured: "index.boxcar.samplesPerSecond",
    unit: "M samples/s",
    kind: "value",
    limit: 150,
    bound: "least",
    because: indexing,
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
    because: indexing,
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
    because: indexing,
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
    because: "Sizes of samples take whole bytes, so that they can be read from anywhere without unpacking.",
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
    because:
      "A quarter of it is Node itself with libSQL's native module, `node:http` and the classes of `fetch`; the rest is compiling and running a server, its schemas and its first request, for the first time.",
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
    because: "Brotli, which edge networks and browsers take, brings it to 17 kB.",
  },
];
