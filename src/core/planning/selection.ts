import { SelectionRule } from "../wasm/abi/names.ts";
import type { Selection } from "../wasm/abi/records.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import type { IndexQueries } from "./index-queries.ts";
import type { OutputTrack } from "./output-track.ts";
import { isAudio, isVideo, needsSync } from "../track-kinds.ts";
import { soundFrom } from "./joint.ts";
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

/**
 * The selection of samples of the track `trackIndex` of a placed segment; undefined for all of them.
 * @param output the track they go into
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
    // Samples behind its end that others are decoded from would be shown in the midst of the next segment.
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
