import type { RecordedSegment } from "../segment.ts";
import { BoxcarError } from "../../base/errors.ts";
import { readSummary, type Summary, type TrackRecord } from "../wasm/records/summary.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import type { Selected } from "../wasm/abi/records.ts";
import { isAudio, isVideo } from "../track-kinds.ts";
import { millisecondsOf, rescale, ticksOf, meanDuration } from "../ticks.ts";

/**
 * Half a millisecond: wall-clock times are whole milliseconds, so a frame this close to one is meant by it. Keeps
 * neighbouring cuts from sharing a frame or losing one.
 */
export const ROUNDING_MS = 0.5;

/** A segment with what its summary says about time. */
export class TimedSegment {
  readonly segment: RecordedSegment;
  readonly summary: Summary;
  /** The reference track: video, else the first. */
  readonly reference: TrackRecord;
  /** How long the reference track is presented, milliseconds, not rounded. */
  readonly durationMs: number;
  /** Equal for segments whose tracks are alike in everything but their samples: those of one recorder. */
  readonly kind: string;

  constructor(segment: RecordedSegment) {
    this.segment = segment;
    this.summary = readSummary(segment.summary);
    const reference = this.summary.tracks[this.summary.reference];
    if (reference === undefined) throw new BoxcarError("bad_index", `Segment ${segment.id} has a damaged summary.`);
    this.reference = reference;
    this.durationMs = millisecondsOf(reference.end - reference.start, reference.timescale);
    const { tracks } = this.summary;
    let kind = "";
    for (const { handler, timescale, codec, descriptionHash, flags } of tracks)
      kind += `${handler} ${timescale} ${codec} ${descriptionHash} ${flags & TrackFlag.Encrypted},`;
    this.kind = kind;
  }

  /** Wall-clock end of the reference track, milliseconds, exclusive, not rounded. */
  get endMs(): number {
    return this.segment.startMs + this.durationMs;
  }

  /** Wall-clock time at which the last sample of the reference track begins: from then on it is held. */
  get heldFromMs(): number {
    const { start, end, lastDuration } = this.reference;
    return this.wallAt(Math.max(start, end - lastDuration));
  }

  /** Wall-clock time up to which the reference track has samples, the last one counted as lasting no longer than the others do. */
  get sampledEndMs(): number {
    const { samples, timescale } = this.reference;
    const usual = samples > 1 ? millisecondsOf(meanDuration(this.reference), timescale) : 0;
    return Math.min(this.endMs, this.heldFromMs + usual);
  }

  /** Whether all that is presented ends before a wall-clock time, but for a part of a sample. */
  endsBy(wallMs: number): boolean {
    const { tracks } = this.summary;
    if (wallMs < this.endMs) return false;
    return tracks.every((record) => record.end <= this.ticksAt(wallMs, record) + meanDuration(record));
  }

  /** A wall-clock time on the presentation timeline of the segment, in ticks of `track`. */
  ticksAt(wallMs: number, track: TrackRecord): number {
    const start = rescale(this.reference.start, this.reference.timescale, track.timescale);
    return start + ticksOf(wallMs - this.segment.startMs, track.timescale);
  }

  /** How long after the reference track another one starts, milliseconds. */
  delayOf(track: TrackRecord): number {
    const { start, timescale } = this.reference;
    return millisecondsOf(track.start, track.timescale) - millisecondsOf(start, timescale);
  }

  /** The wall-clock time of a tick of the reference track. */
  wallAt(ticks: number): number {
    return this.segment.startMs + millisecondsOf(ticks - this.reference.start, this.reference.timescale);
  }
}

/**
 * What the presentation of a track lacks at its end because the duration of its last sample is stated as 0, ticks: it is
 * shown as long as the others are, when nothing follows it; a single one for a millisecond.
 */
export function openEnd(placed: PlacedSegment, record: TrackRecord): number {
  const { samples, lastDuration, end, earliestPts, timescale } = record;
  if (placed.joint !== undefined || Number.isFinite(placed.untilMs) || lastDuration > 0 || samples === 0) return 0;
  if (samples === 1) return Math.max(1, ticksOf(1, timescale));
  const usual = meanDuration(record);
  return Math.max(0, Math.round(Math.min(usual, samples * usual - (end - earliestPts))));
}

/** How the next segment goes on. */
export interface Joint {
  readonly next: TimedSegment;
  /** When the next segment starts by the clock of the one before, milliseconds. */
  readonly atMs: number;
  /** How far a track of the segment before may reach into the next one's, milliseconds, beside a part of a sample. */
  readonly slackMs: number;
}

/** A segment whose place in the output is known. */
export interface PlacedSegment {
  readonly timed: TimedSegment;
  /** Output time of the reference track's start, in ticks of `timescale`. */
  readonly outputStart: number;
  /** Ticks that places are counted in: those of the output's first reference track. */
  readonly timescale: number;
  /** Presentation starts here, ticks of the segment's reference track; -Infinity: with its first sample. */
  readonly from: number;
  /** The presentation of the output starts in it, or in one that goes on from it: samples before `from` may be taken to decode it. */
  readonly mayPreroll: boolean;
  /** It goes on, in decode order, from the segment before, which is a part of the same pre-roll. */
  readonly isLed: boolean;
  /** The next segment is led by it in that way (`isLed`). */
  readonly leads: boolean;
  /** Wall-clock end of what is taken, milliseconds; Infinity: to its last sample. */
  readonly untilMs: number;
  /** Whether a later segment takes over at `untilMs`. */
  readonly takenOver: boolean;
  /** Wall-clock time before which nothing is taken of tracks other than the reference, milliseconds; -Infinity: all. */
  readonly othersFromMs: number;
  /** Undefined for the last segment, and where `untilMs` says it. */
  readonly joint: Joint | undefined;
}

/**
 * A segment of which all is taken that lies before the end of what is asked for.
 * @param place as `PlacedSegment.outputStart`, ticks of `timescale`; endMs: wall clock, milliseconds, exclusive
 */
export function placedAt(
  timed: TimedSegment,
  { place, timescale, endMs }: { readonly place: number; readonly timescale: number; readonly endMs: number },
): PlacedSegment {
  return {
    timed,
    outputStart: place,
    timescale,
    from: Number.NEGATIVE_INFINITY,
    mayPreroll: false,
    isLed: false,
    leads: false,
    untilMs: timed.endsBy(endMs) ? Number.POSITIVE_INFINITY : endMs,
    takenOver: false,
    othersFromMs: Number.NEGATIVE_INFINITY,
    joint: undefined,
  };
}

/** What turns a time of the segment's presentation into one of the output's, both in ticks of the output track. */
export function baseOf(
  { timed, outputStart: place, timescale }: PlacedSegment,
  output: { readonly timescale: number },
): number {
  const { reference } = timed;
  return rescale(place, timescale, output.timescale) - rescale(reference.start, reference.timescale, output.timescale);
}

/** Where the samples of `record` end, exclusive, in its ticks; Infinity for all. */
export function limitOf(placed: PlacedSegment, record: TrackRecord): number {
  if (!Number.isFinite(placed.untilMs)) return Number.POSITIVE_INFINITY;
  const rounding = isVideo(record) ? ticksOf(ROUNDING_MS, record.timescale) : 0;
  return placed.timed.ticksAt(placed.untilMs, record) - rounding;
}

/**
 * From when on an edit list hides pictures at the end of a segment, in its ticks; Infinity when none. Edits are rounded: what is
 * shown for less than half a picture's time is hidden, of pictures that last unequally long the shorter of two.
 */
export function shownUntil(record: TrackRecord): number {
  const { earliestPts, duration, lastDuration, end, editEnd } = record;
  const usual = meanDuration(record);
  const half = (lastDuration > 0 ? Math.min(usual, lastDuration) : usual) / 2;
  // Durations are those of decoding: reordered pictures of unequal ones may all be presented before their sum is over.
  const isTrimmed = end === editEnd && earliestPts + duration - editEnd > half;
  return isTrimmed ? Math.ceil(editEnd - half) : Number.POSITIVE_INFINITY;
}

/** Where what is taken of a track other than the reference begins, in its ticks; -Infinity: with its first sample. */
export function othersStartOf(
  { timed, othersFromMs }: Pick<PlacedSegment, "timed" | "othersFromMs">,
  trackIndex: number,
): number {
  const record = timed.summary.tracks[trackIndex];
  if (record === undefined || trackIndex === timed.summary.reference) return Number.NEGATIVE_INFINITY;
  const start = timed.ticksAt(othersFromMs, record);
  return record.earliestPts + meanDuration(record) < start ? start : Number.NEGATIVE_INFINITY;
}

/** Wall-clock time from which on a placed segment is shown, milliseconds, not rounded. */
export function shownFromMs({ timed, from }: Pick<PlacedSegment, "timed" | "from">): number {
  return Number.isFinite(from) ? timed.wallAt(from) : timed.segment.startMs;
}

/** Whether the presentation of the output starts in a placed segment, or its picture in one that goes on from it. */
export function startsIn(placed: PlacedSegment, record: TrackRecord): boolean {
  const { mayPreroll, leads, from, timed } = placed;
  const starts = rescale(from, timed.reference.timescale, record.timescale) < record.end;
  return mayPreroll && (starts || ((leads || startsBehind(placed)) && isVideo(record)));
}

/** Whether the output starts in the hole behind a placed segment: its last picture is shown from there on. */
export function startsBehind({ from, timed: { reference } }: Pick<PlacedSegment, "from" | "timed">): boolean {
  return isVideo(reference) && from >= reference.end;
}

/** Where the last picture ends that is shown in such a hole, if nothing follows within the range, ticks of `record`; else undefined. */
export function heldOverEnd(placed: PlacedSegment, record: TrackRecord): number | undefined {
  const { timed, untilMs } = placed;
  return isVideo(record) && Number.isFinite(untilMs) && startsBehind(placed)
    ? timed.ticksAt(untilMs, record)
    : undefined;
}

/** The output's tick `start` in ticks of a placed segment's track. */
export function shownAt(
  placed: PlacedSegment,
  output: { readonly timescale: number },
  record: TrackRecord,
  start: number,
): number {
  return rescale(start - baseOf(placed, output), output.timescale, record.timescale);
}

/** Where the last sample taken ends, in decode time: one that is held far beyond the others ends with the range. */
export function heldUntil(placed: PlacedSegment, record: TrackRecord, { lastDts, lastDuration }: Selected): number {
  const heldOver = heldOverEnd(placed, record);
  if (heldOver !== undefined) return heldOver;
  const usual = Math.ceil(meanDuration(record));
  const limit = Math.max(limitOf(placed, record), lastDts + usual);
  return lastDuration > 2 * usual ? Math.min(lastDts + lastDuration, limit) : lastDts + lastDuration;
}

/**
 * Where the joint with the next segment ends a track, exclusive, in its ticks: where the next one's own samples begin,
 * since sound that outlasts its picture would stand in for theirs. Infinity when the track ends there by itself.
 */
export function jointLimitOf({ timed, joint }: PlacedSegment, trackIndex: number): number {
  const record = timed.summary.tracks[trackIndex];
  if (joint === undefined || record === undefined || trackIndex === timed.summary.reference)
    return Number.POSITIVE_INFINITY;
  // What measures or describes stands in for nothing: all of it is kept.
  if (!isAudio(record) && !isVideo(record)) return Number.POSITIVE_INFINITY;
  const { atMs, next, slackMs } = joint;
  const own = sameTrack(timed.summary, trackIndex, next.summary);
  const delayMs = own === undefined ? 0 : next.delayOf(own);
  const limit = timed.ticksAt(atMs + Math.max(0, delayMs), record);
  const slack = Math.ceil(meanDuration(record)) + ticksOf(slackMs, record.timescale);
  return record.end - limit > slack ? limit : Number.POSITIVE_INFINITY;
}

/** The track of another segment that is the same by handler and by order among those of its handler. */
function sameTrack({ tracks }: Summary, trackIndex: number, other: Summary): TrackRecord | undefined {
  const handler = tracks[trackIndex]?.handler;
  const nth = tracks.slice(0, trackIndex).filter((record) => record.handler === handler).length;
  return other.tracks.filter((record) => record.handler === handler)[nth];
}
