import { decodesAsStated, isAudio } from "../track-kinds.ts";
import { meanDuration, ticksOf } from "../ticks.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";

/** The arithmetic of a joint (rule 3 of a plan), for segments one by one (`join`) and for whole runs of them (`recordings/hours`). */

/** Longest duration of a sample (`stts`, ISO/IEC 14496-12 clause 8.6.1.2). */
export const LONGEST_TICKS = 0xffff_ffff;

/** How far edit lists in milliseconds, and wall-clock times, may put sound off, milliseconds. */
const SNAP_MS = 1;

/** How far rounding alone may put sound off that `snaps`, ticks. */
export function snapTicks(timescale: number): number {
  return ticksOf(SNAP_MS, timescale);
}

/** Whether a sound's samples, all alike, go on at a joint as they did before, where rounding alone puts them elsewhere. */
export function snaps(record: TrackRecord): boolean {
  return isAudio(record) && (record.flags & TrackFlag.Uniform) !== 0;
}

/** From the last sample before a joint to the first one behind it. */
export interface JointStep {
  /** In decode time, ticks; below 1 where the first one was recorded to be decoded no later. */
  readonly distance: number;
  /** Whether that is what the last sample lasts rather than what was recorded. */
  readonly isSnapped: boolean;
}

/**
 * How a track goes on at a joint.
 * @param recorded distance in decode time by the places of the two segments, ticks of `timescale`
 * @param ownDuration of the last sample, as its segment states it
 * @param track.snaps as `snaps` says
 */
export function jointStep(
  recorded: number,
  ownDuration: number,
  track: { readonly timescale: number; readonly snaps: boolean },
): JointStep {
  const isSnapped = track.snaps && Math.abs(recorded - ownDuration) <= snapTicks(track.timescale);
  return { distance: isSnapped ? Math.max(1, ownDuration) : recorded, isSnapped };
}

/** The last sample of sound before a joint, ticks of the sound behind it. */
export interface SoundBefore {
  readonly lastDts: number;
  /** As stated, 0 where it is not. */
  readonly lastDuration: number;
}

/** Where sound behind other sound is taken from, in its ticks; undefined: all of it is taken. */
export function soundFrom(record: TrackRecord, before: SoundBefore): number | undefined {
  const { firstDts, timescale, codec } = record;
  const [usual, stated] = [meanDuration(record), decodesAsStated(codec)];
  const { start, over } = soundFromBy({ firstDts, timescale, stated, usual, snaps: snaps(record) }, before);
  return over > 0 ? start : undefined;
}

/** What `soundFromBy` needs of a sound track. */
export interface SoundBehind extends Pick<TrackRecord, "firstDts" | "timescale"> {
  /** As `decodesAsStated` says. */
  readonly stated: boolean;
  /** As `meanDuration` gives it. */
  readonly usual: number;
  readonly snaps: boolean;
}

/**
 * `soundFrom` by less than a record. What it gives, and `over`, by how many ticks the sound before reaches further than is tolerated
 * (sound is left out where that is above 0), grow by as much as `lastDts` does.
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
