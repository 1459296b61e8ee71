import { basename, dirname } from "node:path";
import { parseArgs } from "node:util";
import { gathered } from "../base/bytes.ts";
import { BoxcarError } from "../base/errors.ts";
import {
  indexObject,
  inspectObject,
  inspectSamples,
  type Core,
  type IndexedSegment,
  type ListedBox,
  type Sample,
  type SegmentDescription,
  type StatedStart,
} from "../core/index.ts";
import type { ByteSpan } from "../base/ports.ts";
import { loadCore } from "../runtime/node/load-core.ts";
import { FileStore } from "../store/file/file.ts";
import { formatTime } from "../base/time.ts";
import { realFile } from "./clip-files.ts";
import { badUsage } from "./usage.ts";

export const help = `boxcar inspect FILE [--samples] [--json]

Shows what an MP4 file holds: its boxes, its tracks, and what was repaired or simplified while reading it. A file that
cannot be used still shows its boxes, and why; the exit code is then 1.

  --samples   every sample too, in file order
  --json      as JSON`;

/** What was found in a file. */
interface Inspection {
  readonly size: number;
  readonly boxes: readonly ListedBox[];
  /** The file's description, or why it has none. */
  readonly indexed: IndexedSegment | BoxcarError;
}

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, samples: { type: "boolean", default: false } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw badUsage("Give one file: boxcar inspect FILE");
  const core = await loadCore();
  const { size, boxes, indexed } = await inspect(core, file);
  if (indexed instanceof BoxcarError) {
    const { code, message, fields } = indexed;
    if (values.json) console.log(JSON.stringify({ file, size, boxes, error: code, message, ...fields }, undefined, 2));
    else printBoxes(file, size, boxes);
    console.error(`boxcar: ${file}: ${message}`);
    return 1;
  }
  const samples = values.samples ? inspectSamples(core, indexed.index) : undefined;
  const { description, statedStart } = indexed;
  if (values.json) {
    const all = { file, size, indexBytes: indexed.index.length, ...description, statedStart, boxes, samples };
    console.log(JSON.stringify(all, undefined, 2));
    return 0;
  }
  printBoxes(file, size, boxes);
  printDescription(indexed);
  if (samples !== undefined) printSamples(description, samples);
  return 0;
}

async function inspect(core: Core, file: string): Promise<Inspection> {
  const path = await realFile(file);
  const store = new FileStore(dirname(path));
  const key = basename(path);
  const info = await store.head(key);
  if (info === undefined) throw new BoxcarError("object_missing", `${file} is no file.`);
  const read = (span: ByteSpan): Promise<Uint8Array> => gathered(store.get(key, span), span.length);
  const boxes = await inspectObject(core, info.size, read);
  const indexed = await indexObject(core, info.size, read).catch((error: unknown) => {
    if (error instanceof BoxcarError) return error;
    throw error;
  });
  return { size: info.size, boxes, indexed };
}

function printBoxes(file: string, size: number, boxes: readonly ListedBox[]): void {
  console.log(`${file}: ${size} bytes`);
  for (const box of boxes) console.log(`${"  ".repeat(box.depth + 1)}${box.type} ${box.offset} +${box.size}`);
}

function printDescription({ description, statedStart, index }: IndexedSegment): void {
  const { format, durationMs, codecs, tracks, warnings } = description;
  const seconds = (durationMs / 1000).toFixed(3);
  const start = statedStart === undefined ? "start not stated" : `start ${formatStated(statedStart)}`;
  console.log(`${format}, ${seconds} s, ${codecs}, ${start}, index ${index.length} bytes`);
  for (const { id, handler, codec, timescale, samples, durationMs: length } of tracks) {
    const seconds = (length / 1000).toFixed(3);
    console.log(`track ${id}: ${handler} ${codec}, ${samples} samples, ${seconds} s, timescale ${timescale}`);
  }
  for (const warning of warnings) console.log(`warning: ${warning}`);
}

/** `2026-01-31T12:00:00.000Z (mvhd)`; a local time has no `Z`. */
function formatStated({ ms, source }: StatedStart): string {
  const text = formatTime(ms);
  return `${source === "mvhd_local" ? text.slice(0, -1) : text} (${source})`;
}

function printSamples({ tracks }: SegmentDescription, samples: readonly Sample[]): void {
  console.log("track offset size dts cts duration sync");
  for (const { trackIndex, offset, size, dts, compositionOffset, duration, sync } of samples) {
    const id = tracks[trackIndex]?.id ?? 0;
    console.log(`${id} ${offset} ${size} ${dts} ${dts + compositionOffset} ${duration}${sync ? " sync" : ""}`);
  }
}
