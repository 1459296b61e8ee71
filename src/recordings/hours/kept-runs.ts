import { recordOf } from "../../base/record-of.ts";
import { ColumnReader, ColumnWriter } from "../../base/columns.ts";
import type { RecordedSegment } from "../../core/segment.ts";
import type { RunCounts } from "../../core/planning/joined-runs.ts";
import { columnsReader } from "./run-columns.ts";
import { groupsReader } from "./run-groups.ts";
import { piecesReader } from "./run-pieces.ts";
import {
  isRun,
  OUTLINE,
  RUN_COLUMNS,
  RUN_PARTS,
  type RunItem,
  type RunPassage,
  type RunTrack,
  type SegmentRun,
  type TrackPassage,
} from "./segment-run.ts";

/** Version of the bytes: raise it when their format changes, or the way in which runs are found. */
const FORMAT = 7;

/** The stored forms of a run, and of a segment that belongs to none. */
const [SEGMENT, RUN] = [0, 1];

const COUNTS = [
  ...["segments", "samples", "sttsEntries", "cttsEntries", "syncSamples", "stscEntries", "chunks", "trafs", "truns"],
  ...["bytes", "flags", "commonFlags", "constantSize"],
] as readonly (keyof RunCounts)[];

/** The segments of an hour. */
export interface KeptRuns {
  readonly items: readonly RunItem[];
  /** As `ReadyHour` has it. */
  readonly names: string;
}

/** Columns that may be kept beside the outlines of runs. */
interface KeptBeside {
  readonly columns?: Uint8Array | null;
  readonly pieces?: Uint8Array | null;
  readonly groups?: Uint8Array | null;
}

/** Reads the columns of one run after another. */
interface BesideReaders {
  readonly columns: ReturnType<typeof columnsReader>;
  readonly pieces: ReturnType<typeof piecesReader>;
  readonly groups: ReturnType<typeof groupsReader>;
}

/** The outlines of runs as bytes. @param toleranceMs gap tolerance with which the runs were found */
export function keptRuns({ items, names }: KeptRuns, toleranceMs: number): Uint8Array {
  const writer = new ColumnWriter();
  writer.number(FORMAT);
  writer.number(toleranceMs);
  writer.text(names);
  for (const item of items) {
    writer.number(isRun(item) ? RUN : SEGMENT);
    if (isRun(item)) writeRun(writer, item);
    else writeSegment(writer, item);
  }
  return writer.bytes;
}

/**
 * Reads runs. Undefined when they were written by another version, or found with another tolerance.
 * @param beside what `keptColumns`, `keptPieces` and `keptGroups` wrote. Default: the runs are outlines without them
 */
export function readRuns(bytes: Uint8Array, toleranceMs: number, beside: KeptBeside = {}): KeptRuns | undefined {
  const reader = new ColumnReader(bytes);
  if (reader.number() !== FORMAT || reader.number() !== toleranceMs) return undefined;
  const names = reader.text();
  const items: RunItem[] = [];
  const more = {
    columns: beside.columns ? columnsReader(beside.columns) : undefined,
    pieces: beside.pieces ? piecesReader(beside.pieces) : undefined,
    groups: beside.groups ? groupsReader(beside.groups) : undefined,
  };
  while (!reader.ended) items.push(reader.number() === RUN ? readRun(reader, more) : readSegment(reader.block()));
  return { items, names };
}

function writeSegment(writer: ColumnWriter, { summary, ...others }: RecordedSegment): void {
  const own = new ColumnWriter();
  own.text(JSON.stringify(others));
  own.block(summary);
  writer.block(own.bytes);
}

function readSegment(block: Uint8Array): RecordedSegment {
  const reader = new ColumnReader(block);
  const others = JSON.parse(reader.text()) as Omit<RecordedSegment, "summary">;
  return { ...others, summary: reader.block() };
}

function writeRun(writer: ColumnWriter, run: SegmentRun): void {
  const { kind, count, timescale, startMs, endMs, start, length, toLast, lateMs, fragments, tracks, passage } = run;
  for (const segment of [run.first, run.second, run.last]) writeSegment(writer, segment);
  writer.text(kind);
  for (const number of [count, timescale, toLast, lateMs, ...fragments, tracks.length]) writer.number(number);
  for (const column of [startMs, endMs, start, length]) writer.column(endsOf(column));
  for (const track of tracks) {
    const { sound, snaps, uniform, counts } = track;
    for (const number of [track.timescale, Number(sound), Number(snaps), Number(uniform)]) writer.number(number);
    for (const name of RUN_COLUMNS) writer.column(endsOf(track[name]));
    for (const part of counts) for (const name of COUNTS) writer.number(part[name]);
  }
  writer.number(Number(passage !== undefined));
  if (passage !== undefined) writePassage(writer, passage);
}

/** The values of a column that an outline has. */
function endsOf(column: Float64Array): number[] {
  return [...column.subarray(0, 2), ...column.subarray(-2)];
}

function writePassage(writer: ColumnWriter, { overMs, soonerMs, laterMs, tracks }: RunPassage): void {
  for (const number of [overMs, soonerMs, laterMs]) writer.number(number);
  for (const { least, most, stated, holes, ticks, from, changes } of tracks)
    for (const number of [least, most, Number(stated), Number(holes), ticks, from ?? -1, changes])
      writer.number(number);
}

function readRun(reader: ColumnReader, { columns, pieces, groups }: BesideReaders): SegmentRun {
  const segments = [reader.block(), reader.block(), reader.block()].map(onceRead) as [Once, Once, Once];
  const kind = reader.text();
  const [count, timescale, toLast, lateMs] = [reader.number(), reader.number(), reader.number(), reader.number()];
  const fragments = [reader.number(), reader.number(), reader.number()];
  const ofTracks = reader.number();
  const [startMs, endMs] = [reader.column(OUTLINE), reader.column(OUTLINE)];
  const [start, length] = [reader.column(OUTLINE), reader.column(OUTLINE)];
  const tracks = Array.from({ length: ofTracks }, () => readTrack(reader));
  const passage = reader.number() === 0 ? undefined : readPassage(reader, ofTracks);
  const whole = columns?.({ count, tracks }) ?? { startMs, endMs, start, length, tracks };
  // Field by field: spreading objects takes longer than all else that is read of a run.
  return {
    kind,
    count,
    timescale,
    startMs: whole.startMs,
    endMs: whole.endMs,
    start: whole.start,
    length: whole.length,
    toLast,
    lateMs,
    fragments,
    tracks: whole.tracks,
    passage,
    pieces: pieces?.(count, ofTracks),
    groups: groups?.(count),
    get first() {
      return segments[0]();
    },
    get second() {
      return segments[1]();
    },
    get last() {
      return segments[2]();
    },
  };
}

function readPassage(reader: ColumnReader, tracks: number): RunPassage {
  const [overMs, soonerMs, laterMs] = [reader.number(), reader.number(), reader.number()];
  const readOne = (): TrackPassage => {
    const [least, most] = [reader.number(), reader.number()];
    const [stated, holes] = [reader.number() === 1, reader.number() === 1];
    const [ticks, from, changes] = [reader.number(), reader.number(), reader.number()];
    return { least, most, stated, holes, ticks, from: from < 0 ? undefined : from, changes };
  };
  return { overMs, soonerMs, laterMs, tracks: Array.from({ length: tracks }, readOne) };
}

function readTrack(reader: ColumnReader): RunTrack {
  const timescale = reader.number();
  const [sound, snaps, uniform] = [reader.number() === 1, reader.number() === 1, reader.number() === 1];
  const columns = recordOf(RUN_COLUMNS, () => reader.column(OUTLINE));
  const counts = Array.from({ length: RUN_PARTS }, () => recordOf(COUNTS, () => reader.number()));
  return { timescale, sound, snaps, uniform, ...columns, counts };
}

type Once = () => RecordedSegment;

/** Made when it is asked for: most runs go on from one another, and their end segments are never needed. */
function onceRead(block: Uint8Array): Once {
  let segment: RecordedSegment | undefined;
  return () => (segment ??= readSegment(block));
}
