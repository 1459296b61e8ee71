import { SelectionRule, TrackFlag } from "../wasm/abi/names.ts";
import type { Selection } from "../wasm/abi/records.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import type { IndexQueries } from "./index-queries.ts";
import type { OutputTrack } from "./output-track.ts";
import { decodesAsStated, isAudio, isVideo, needsSync } from "../track-kinds.ts";
import { prerollOf } from "./piece.ts";
import {
  baseOf,
  jointLimitOf,
  limitOf,
  othersStartOf,
  ROUNDING_MS,
  shownUntil,
  startsBehind,
  type PlacedSegment,
} from "./placed-segment.ts";
import { rescale, ticksOf, meanDuration } from "../ticks.ts";

/** What edit lists in milliseconds, and wall-clock times, may put sound off by. */
const SNAP_MS = 1;

/**
 * What to take of the track `trackIndex` of a placed segment; undefined for all of it.
 * @param output what it becomes part of
 * @param options.edits without edit lists nothing can be hidden: sound starts with its first sample from the start on
 */
export function selectionOf(
  placed: PlacedSegment,
  trackIndex: number,
  output: OutputTrack | undefined,
  { cut, edits }: { readonly cut: "frame" | "keyframe"; readonly edits: "list" | "none" },
): Selection | undefined {
  const { timed } = placed;
  const record = timed.summary.tracks[trackIndex];
  if (record === undefined) return undefined;
  const rules = placed.takenOver ? SelectionRule.Closed : 0;
  if (isVideo(record)) {
    const end = Math.min(limitOf(placed, record), shownUntil(record));
    if (placed.from === Number.NEGATIVE_INFINITY && end === Number.POSITIVE_INFINITY) return undefined;
    const from = rescale(placed.from, timed.reference.timescale, record.timescale);
    const start = from + ticksOf(ROUNDING_MS, record.timescale);
    const fromSync = placed.from === Number.NEGATIVE_INFINITY ? 0 : SelectionRule.FromSync;
    // What only serves to decode behind its end would be shown in the midst of what follows.
    const closed = placed.joint !== undefined && end === shownUntil(record) ? SelectionRule.Closed : 0;
    return { start, end, rules: rules | closed | (placed.isLed ? SelectionRule.FromFirst : fromSync), preroll: 0 };
  }
  // What an edit list hides in front of a joint may be sound that the segment before lacks: recorders shift it out of
  // sight to start with the video. What is there twice is left out as an overlap.
  const padded = record.firstDts + record.duration - record.lastDuration >= record.editEnd;
  const end = Math.min(
    limitOf(placed, record),
    jointLimitOf(placed, trackIndex),
    padded ? record.editEnd : Number.POSITIVE_INFINITY,
  );
  const overlap = overlapEnd(placed, record, output);
  const start = Math.max(
    rescale(placed.from, timed.reference.timescale, record.timescale),
    overlap ?? Number.NEGATIVE_INFINITY,
    othersStartOf(placed, trackIndex),
  );
  if (start === Number.NEGATIVE_INFINITY && end === Number.POSITIVE_INFINITY) return undefined;
  // Of sound that has ended by the start nothing is heard, and what goes on from other sound is decoded behind that.
  const isBehind = (startsBehind(placed) && record.end <= start) || overlap === start;
  const begins = placed.mayPreroll && start !== Number.NEGATIVE_INFINITY && !isBehind;
  const preroll = begins && cut === "frame" && edits === "list" ? prerollOf(record) : 0;
  const within = begins && isAudio(record) && edits === "none" ? Math.ceil(meanDuration(record)) - 1 : 0;
  if (!needsSync(record)) return { start: start + within, end, rules, preroll };
  const begin = placed.mayPreroll && edits === "list" ? SelectionRule.FromSync : SelectionRule.NextSync;
  return { start, end, rules: start === Number.NEGATIVE_INFINITY ? rules : rules | begin, preroll };
}

/**
 * When the picture of the track `trackIndex` that is on screen at the start of the output was recorded to be presented, ticks of the
 * output's track: of segments that are decoded one from another, whichever has it. Undefined when there is none by then.
 */
export async function shownOf(
  run: readonly PlacedSegment[],
  trackIndex: number,
  output: OutputTrack,
  options: { readonly cut: "frame" | "keyframe"; readonly edits: "list" | "none"; readonly queries: IndexQueries },
): Promise<number | undefined> {
  let latest: number | undefined;
  for (const placed of run) {
    const { segment, summary } = placed.timed;
    const record = summary.tracks[trackIndex];
    const selection = selectionOf(placed, trackIndex, output, options);
    if (record === undefined || selection === undefined) continue;
    const { count, shown } = await options.queries.select(segment, trackIndex, selection);
    if (count === 0 || shown > selection.start) continue;
    const pts = baseOf(placed, output) + rescale(shown, record.timescale, output.timescale);
    latest = Math.max(latest ?? pts, pts);
  }
  return latest;
}

/**
 * Where the sound before the joint reaches into this segment by more than half a sample: the time from which on its own
 * may follow, in its ticks. Undefined when it does not. Other tracks hold their last sample no longer than until then.
 */
function overlapEnd(placed: PlacedSegment, record: TrackRecord, output: OutputTrack | undefined): number | undefined {
  if (output?.last === undefined || record.samples === 0 || !isAudio(record)) return undefined;
  const [from, to] = [output.timescale, record.timescale];
  const lastDts = rescale(output.lastDts - baseOf(placed, output), from, to);
  return soundFrom(record, { lastDts, lastDuration: rescale(output.last.ownDuration, from, to) });
}

/** The last sample of sound before a joint, ticks of the sound behind it. */
export interface SoundBefore {
  readonly lastDts: number;
  /** As stated, 0 where it is not. */
  readonly lastDuration: number;
}

/** From when on sound is taken behind other sound, in its ticks; undefined: all of it. */
export function soundFrom(record: TrackRecord, before: SoundBefore): number | undefined {
  const { firstDts, timescale, codec } = record;
  const [usual, stated] = [meanDuration(record), decodesAsStated(codec)];
  const { start, over } = soundFromBy({ firstDts, timescale, stated, usual, snaps: snaps(record) }, before);
  return over > 0 ? start : undefined;
}

/** What of a sound's record, and of its codec, says from when on it is taken. */
export interface SoundBehind extends Pick<TrackRecord, "firstDts" | "timescale"> {
  /** As `decodesAsStated` says. */
  readonly stated: boolean;
  /** As `meanDuration` gives it. */
  readonly usual: number;
  readonly snaps: boolean;
}

/**
 * The same by that, where sound before it is there `over` more ticks than is tolerated: more than 0, else all of it is taken. Both
 * are so much more as `lastDts` is.
 */
export function soundFromBy(
  { firstDts, timescale, stated, usual, snaps: isSnapping }: SoundBehind,
  { lastDts, lastDuration }: SoundBefore,
): { readonly start: number; readonly over: number } {
  const half = Math.floor(usual / 2);
  // Of most codecs the last sample decodes to a whole one, also when it is cut short or said to last longer.
  const isShort = lastDuration > 0 && lastDuration < usual && stated;
  const ended = lastDts + Math.ceil(isShort ? lastDuration : usual);
  // A sample is taken when it ends after START: leave out those of which more than half is already there.
  const tolerated = isSnapping ? Math.max(half, snapTicks(timescale)) : half;
  return { start: ended + half, over: ended - firstDts - tolerated };
}

/** What rounding alone may put sound that `snaps` off by, ticks. */
export function snapTicks(timescale: number): number {
  return ticksOf(SNAP_MS, timescale);
}

/**
 * How far samples that `snaps` go on from the one before, ticks of `timescale`, where rounding alone puts them elsewhere;
 * undefined where more does.
 * @param distance as recorded
 * @param ownDuration of the sample before
 */
export function snappedDistance(distance: number, ownDuration: number, timescale: number): number | undefined {
  return Math.abs(distance - ownDuration) <= snapTicks(timescale) ? Math.max(1, ownDuration) : undefined;
}

/** Whether a sound's samples, all alike, go on at a joint as they did before, where rounding alone puts them elsewhere. */
export function snaps(record: TrackRecord): boolean {
  return isAudio(record) && (record.flags & TrackFlag.Uniform) !== 0;
}
