import { SilenceMaker, type SilenceParts } from "./silence.ts";
import type { OutputTrack } from "./output-track.ts";
import { isAudio } from "../track-kinds.ts";
import type { Piece } from "./piece.ts";
import { baseOf, limitOf, type PlacedSegment } from "./placed-segment.ts";
import { rescale, ticksOf } from "../ticks.ts";
import type { Selected } from "../wasm/abi/records.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";

/** A hole in the sound is filled when it is at least this long, milliseconds, and one and a half samples: joints alone leave less. */
export const LEAST_HOLE_MS = 100;

/** The samples of a segment's own sound that are taken. */
export interface OwnSound {
  readonly record: TrackRecord;
  readonly samples: Pick<Selected, "count" | "pts">;
}

/**
 * Fills holes in the sound of an output with silent samples: before it begins, where segments lack it, where a gap is kept,
 * and behind it. Players that ignore holes would play the sound behind one early.
 */
export class AudioFiller {
  readonly #silences: SilenceMaker;
  readonly #add: (piece: Piece) => void;
  /** Tracks that end with silence. */
  readonly #silent = new WeakMap<OutputTrack, object>();

  /** @param add takes in a piece of silence, in its place in the output */
  constructor(parts: SilenceParts, add: (piece: Piece) => void) {
    this.#silences = new SilenceMaker(parts);
    this.#add = add;
  }

  /** Whether the sound of `output` would be missing before a placed segment's own begins, or while it lasts. */
  leavesHole(output: OutputTrack, placed: PlacedSegment, own: OwnSound | undefined): boolean {
    return isAudio(output) && this.#isHole(output, holeEnd(output, placed, own));
  }

  /** Whether the sound of `output` ends with silence, or is none of those that go on. */
  isBusyWith(output: OutputTrack, goingOn: readonly OutputTrack[]): boolean {
    return isAudio(output) && (!goingOn.includes(output) || this.#silent.get(output) === output.last);
  }

  /**
   * Fills the hole that `leavesHole` tells of.
   * @param base the sample description of the segment's own sound
   * @throws BoxcarError `index_missing` (503)
   */
  async fillBefore(
    output: OutputTrack,
    placed: PlacedSegment,
    own: OwnSound | undefined,
    base: () => number,
  ): Promise<void> {
    if (!this.leavesHole(output, placed, own)) return;
    await this.#fill(output, output.last?.descriptionBase ?? base(), holeEnd(output, placed, own));
  }

  /** Fills the hole between the end of the sound and `endMs`, milliseconds from the start of the output. */
  async fillBehind(output: OutputTrack, endMs: number): Promise<void> {
    const end = ticksOf(endMs, output.timescale);
    if (output.last === undefined || !isAudio(output) || !this.#isHole(output, end)) return;
    await this.#fill(output, output.last.descriptionBase, end);
  }

  // Behind silence any hole is filled, else only one longer than joints leave by themselves.
  #isHole(output: OutputTrack, until: number): boolean {
    const hole = until - soundEnd(output);
    if (hole < 1) return false;
    const { last, timescale } = output;
    if (last !== undefined && this.#silent.get(output) === last) return true;
    const usual = last === undefined || last.count < 2 ? 0 : last.lasting / (last.count - 1);
    return hole >= Math.max(ticksOf(LEAST_HOLE_MS, timescale), 1.5 * usual);
  }

  async #fill(output: OutputTrack, base: number, until: number): Promise<void> {
    const start = soundEnd(output);
    const piece = await this.#silences.make(output, base, start, until - start);
    const [track] = piece?.tracks ?? [];
    if (piece === undefined || track === undefined) return;
    if (output.last === undefined) output.firstDts = output.firstPts = start;
    else output.last.lastDuration = start - output.lastDts;
    output.count(track, { constantSize: piece.bytes / track.count });
    output.last = track;
    output.lastDts = start + track.lasting;
    output.presentedEnd = Math.max(output.presentedEnd, output.lastDts + track.ownDuration);
    this.#silent.set(output, track);
    this.#add(piece);
  }
}

/** Where the sound of an output track ends so far, in its ticks: at its start when it has no samples. */
function soundEnd({ last, lastDts }: OutputTrack): number {
  return last === undefined ? 0 : lastDts + last.ownDuration;
}

/**
 * End of the hole, ticks of the output: where the segment's own sound begins, else a little before its picture ends,
 * since the next one's sound may begin before its picture.
 */
function holeEnd(output: OutputTrack, placed: PlacedSegment, own: OwnSound | undefined): number {
  const base = baseOf(placed, output);
  if (own !== undefined && own.samples.count > 0)
    return base + rescale(own.samples.pts, own.record.timescale, output.timescale);
  if (output.last === undefined) return 0;
  const { reference } = placed.timed;
  const end = Math.min(reference.end, limitOf(placed, reference));
  return base + rescale(end, reference.timescale, output.timescale) - ticksOf(LEAST_HOLE_MS, output.timescale);
}
