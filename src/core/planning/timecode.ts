import { gathered } from "../../base/bytes.ts";
import type { RecordedSegment } from "../segment.ts";
import type { Store } from "../../base/ports.ts";
import type { Core } from "../wasm/module.ts";
import type { TimecodeStep } from "../wasm/records/output.ts";
import { type PieceTrack, leftOut, sourceOf, type IndexOf, type Piece } from "./piece.ts";
import { Code } from "../wasm/abi/names.ts";
import type { Selected, Selection } from "../wasm/abi/records.ts";
import { spansOf } from "../wasm/loaded-index.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import type { IndexQueries } from "./index-queries.ts";
import { isVideo } from "../track-kinds.ts";
import { limitOf, othersStartOf, ROUNDING_MS, type PlacedSegment } from "./placed-segment.ts";
import { rescale, ticksOf } from "../ticks.ts";

/** What `cutTimecode` works with. */
export interface TimecodeParts {
  readonly core: Core;
  readonly queries: IndexQueries;
  readonly indexOf: IndexOf;
  readonly store: Pick<Store, "get" | "ahead">;
}

/** The timecode that a cut begins with, apart from what follows of its track. */
export interface CutTimecode {
  /** The sample whose number grows, as long as it is taken. */
  readonly first: Selected;
  /** The other samples that were selected. */
  readonly rest: Selected;
  readonly media: Pick<Store, "get">;
}

/**
 * Where the presentation of a placed segment's timecode track begins later than its first sample, in its ticks; undefined
 * when it does not.
 */
export function timecodeStart(placed: PlacedSegment, trackIndex: number): number | undefined {
  const { summary, reference } = placed.timed;
  const record = summary.tracks[trackIndex];
  if (record?.handler !== Code.tmcd || record.samples === 0 || !isVideo(reference)) return undefined;
  const begun = rescale(Math.max(placed.from, reference.start), reference.timescale, record.timescale);
  const start = Math.max(begun, othersStartOf(placed, trackIndex));
  return start > record.firstPts + ticksOf(ROUNDING_MS, record.timescale) ? start : undefined;
}

/**
 * Cuts the timecode track in `trackIndex` of a placed segment: readers take the number of its first sample for that of the first
 * picture, so that sample begins with the cut, and counts the pictures that were left out before it.
 * @param selected what the cut takes of the track
 * @returns undefined when it may stay as it is
 * @throws BoxcarError `index_missing` (503)
 */
export async function cutTimecode(
  { core, queries, indexOf, store }: TimecodeParts,
  placed: PlacedSegment,
  trackIndex: number,
  selected: Selected,
): Promise<CutTimecode | undefined> {
  const { segment, summary } = placed.timed;
  const record = summary.tracks[trackIndex];
  const start = timecodeStart(placed, trackIndex);
  if (record?.descriptionCount !== 1 || start === undefined || selected.count === 0) return undefined;
  const select = (from: number, to: number): Promise<Selected> =>
    queries.select(segment, trackIndex, { start: from, end: to, rules: 0, preroll: 0 } satisfies Selection);
  const shown = await select(start, start + 1);
  if (shown.count !== 1) return undefined;
  const index = await indexOf(segment);
  const { descriptionOffset: at, descriptionLength: length, timescale } = record;
  const passed = start - shown.pts + ticksOf(ROUNDING_MS, timescale);
  const step = core.entries.timecodeStep(index.subarray(at, at + length), Math.max(0, Math.floor(passed)), timescale);
  if (step.frames === 0) return undefined;
  const end = shown.pts + shown.lastDuration;
  const until = Math.min(end, Math.max(start + 1, limitOf(placed, record)));
  const first = { ...shown, dts: start, pts: start, lastDts: start, lastDuration: until - start, presentedEnd: until };
  const left = selected.first + selected.count - shown.first - 1;
  const rest = left > 0 ? await select(end, limitOf(placed, record)) : { ...selected, count: 0 };
  const tracks = alone(summary.tracks, trackIndex, { ...leftOut(record), first: shown.first, count: 1 });
  const { spans } = await core.ask(index, ["spans", tracks, { most: 0xffff_ffff }]);
  const [span, ...others] = spansOf(spans);
  if (span?.length !== 4 || others.length > 0) return undefined;
  return { first, rest, media: { get: (...wanted) => counted(store, segment, span.offset, step, wanted[1]) } };
}

/** A piece's tracks of which only that in `trackIndex` is taken. */
export function alone(records: readonly TrackRecord[], trackIndex: number, track: PieceTrack): PieceTrack[] {
  return records.map((record, i) => (i === trackIndex ? track : leftOut(record)));
}

/** The piece of one timecode. */
export function timecodePiece(
  segment: RecordedSegment,
  tracks: readonly PieceTrack[],
  media: Pick<Store, "get">,
): Piece {
  return { source: sourceOf(segment), tracks, bytes: 4, fragments: 1, inline: new Uint8Array(0), made: { media } };
}

/** The stored timecode at `offset`, moved on, as far as it lies in the span wanted. */
async function* counted(
  store: Pick<Store, "get">,
  { key, etag }: RecordedSegment,
  offset: number,
  { frames, wrapsAt }: TimecodeStep,
  wanted: { readonly offset: number; readonly length: number },
): AsyncGenerator<Uint8Array> {
  const stored = await gathered(store.get(key, { offset, length: 4 }, etag), 4);
  const view = new DataView(stored.buffer);
  const sum = view.getUint32(0) + frames;
  view.setUint32(0, wrapsAt > 0 ? sum % wrapsAt : sum);
  const from = wanted.offset - offset;
  yield stored.subarray(from, from + wanted.length);
}
