import { LEAST_HOLE_MS } from "../../core/planning/audio-filler.ts";
import type { DurationRuns } from "../../core/planning/duration-runs.ts";
import type { JoinedRuns, RunCounts } from "../../core/planning/joined-runs.ts";
import { jointStep, LONGEST_TICKS, soundFromBy, type SoundBefore } from "../../core/planning/joint.ts";
import type { Match } from "../../core/planning/match.ts";
import type { OutputTrack } from "../../core/planning/output-track.ts";
import type { PieceColumns, TrackColumns } from "../../core/planning/piece-columns.ts";
import type { PieceMaker } from "../../core/planning/piece-maker.ts";
import { NO_COUNTS, type PieceTrack } from "../../core/planning/piece.ts";
import { millisecondsOf } from "../../core/ticks.ts";
import { decodesAsStated } from "../../core/track-kinds.ts";
import { TrackFlag } from "../../core/wasm/abi/names.ts";
import { passOver } from "./run-passage.ts";
import type { RunSpan } from "./run-place.ts";
import { baseOf, isOutline, of, type RunTrack, type SegmentRun } from "./segment-run.ts";

/** Makes pieces of spans: an `AddSpans`. */
export function addPieces(maker: Pick<PieceMaker, "addAlike">, spans: readonly RunSpan[]): boolean {
  const { kind } = spans[0]?.run ?? {};
  return (
    kind !== undefined &&
    maker.addAlike({
      kind,
      ...sumOf(spans),
      join: (match, filled) => joinSpans(match, spans, filled),
      columns: (match, joined) => piecesOf(match, spans, joined),
    })
  );
}

/** How many segments and movie fragments some spans have. */
function sumOf(spans: readonly RunSpan[]): { readonly segments: number; readonly fragments: number } {
  let [segments, fragments] = [0, 0];
  for (const { run, first, end, parts } of spans) {
    segments += end - first;
    for (const part of parts) fragments += run.fragments[part] ?? 0;
  }
  return { segments, fragments };
}

/**
 * Joins spans to the output tracks of their kind, which stay as they are; undefined when they cannot be joined as a whole.
 * @param filled whether holes in the sound are filled with silence: runs that have one are gone through segment by segment
 */
function joinSpans(
  { outputs, bases }: Pick<Match, "outputs" | "bases">,
  spans: readonly RunSpan[],
  filled: boolean,
): readonly JoinedRuns[] | undefined {
  const all: JoinedRuns[] = [];
  for (const [trackIndex, output] of outputs.entries()) {
    const { last } = output;
    if (last === undefined) return undefined;
    const joining = new Joining(output, last, { descriptionBase: bases[trackIndex] ?? 1, filled });
    if (!spans.every((span) => joining.add(span, trackIndex))) return undefined;
    all.push(joining.finish());
  }
  return all;
}

/** The pieces of spans; undefined when the columns of a run that pieces need were not kept. */
function piecesOf(
  { outputs, bases }: Pick<Match, "outputs" | "bases">,
  spans: readonly RunSpan[],
  joined: readonly JoinedRuns[],
): readonly PieceColumns[] | undefined {
  const all: PieceColumns[] = [];
  for (const [number, { run, first, end }] of spans.entries()) {
    if (run.pieces === undefined) return undefined;
    const { sources, tracks } = run.pieces;
    const columns = outputs.flatMap((output, i): TrackColumns[] => {
      const [track, own, times] = [run.tracks[i], tracks[i], joined[i]?.times[number]];
      if (track === undefined || own === undefined || times === undefined) return [];
      const { timescale, early: offsetShift, id: trackId } = output;
      const { samples: count, lasting, lastDuration: ownDuration } = track;
      const common = { timescale, offsetShift, descriptionBase: bases[i] ?? 1, trackId };
      return [{ ...own, ...times, count, lasting, ownDuration, common }];
    });
    all.push({ first, end, sources, tracks: columns });
  }
  return all;
}

/** Of each piece of a span, the decode time of its first sample and the duration of its last one. */
type PieceTimes = JoinedRuns["times"][number];

/** Joins spans to an output track with the result that `PieceMaker` has segment by segment. The track itself does not change. */
class Joining {
  readonly #output: Pick<OutputTrack, "id" | "timescale" | "early" | "codec">;
  /** The piece that the output track ends with. */
  readonly #before: PieceTrack;
  readonly #descriptionBase: number;
  readonly #filled: boolean;
  readonly #counts: RunCounts[] = [];
  readonly #times: PieceTimes[] = [];
  readonly #durations: DurationRuns | undefined;
  #uniform = true;
  /** Of the last piece so far. */
  #samples: number;
  #dts: number;
  #lasting: number;
  /** Decode time of its last sample, and the duration that its segment states for that sample. */
  #lastDts: number;
  #ownDuration: number;
  #presentedEnd: number;
  /** From the last sample of the output track to the first that is joined; undefined where none was joined by itself. */
  #distance: number | undefined;
  /** The column that takes the duration of the last piece's last sample once the next one is joined; undefined before the first. */
  #lastDurations: Float64Array | undefined;
  #lastNumber = 0;

  constructor(
    output: OutputTrack,
    last: PieceTrack,
    { descriptionBase, filled }: { readonly descriptionBase: number; readonly filled: boolean },
  ) {
    this.#output = output;
    this.#before = last;
    this.#descriptionBase = descriptionBase;
    this.#filled = filled;
    this.#durations = output.durations?.copy();
    ({ count: this.#samples, dts: this.#dts, lasting: this.#lasting, ownDuration: this.#ownDuration } = last);
    ({ lastDts: this.#lastDts, presentedEnd: this.#presentedEnd } = output);
  }

  /** Joins the track `trackIndex` of a span. False where that needs an index, or moves a sample from where it was recorded. */
  add({ run, first, end, parts, place: begin }: RunSpan, trackIndex: number): boolean {
    const track = run.tracks[trackIndex];
    if (track?.timescale !== this.#output.timescale) return false;
    for (const part of parts) {
      const counts = track.counts[part];
      if (counts !== undefined) this.#counts.push(counts);
    }
    this.#uniform &&= track.uniform;
    const times = run.pieces && { dts: new Float64Array(run.count), lastDuration: new Float64Array(run.count) };
    if (times !== undefined) this.#times.push(times);
    for (let i = first, place = begin; i < end; place += of(run, run.length, i++)) {
      if (i === 2 && times === undefined && this.#passOver(run, trackIndex, place, end - 1)) return true;
      if (i > 1 && i < run.count - 2 && isOutline(run)) return false;
      if (!this.#join(run, track, i, place, times)) return false;
    }
    return true;
  }

  /** Joins a segment that lies at `place`. False as `add`. */
  #join(run: SegmentRun, track: RunTrack, number: number, place: number, times: PieceTimes | undefined): boolean {
    const { early, codec } = this.#output;
    const base = baseOf(run, track, number, place);
    const recordedDts = base + of(run, track.firstDts, number);
    if (track.sound) {
      if (this.#filled && isHole(track, recordedDts - this.#lastDts - this.#ownDuration)) return false;
      const before = { lastDts: this.#lastDts - base, lastDuration: this.#ownDuration };
      if (!takesTheSame(run, track, codec, number, before)) return false;
    }
    const { distance } = jointStep(recordedDts - early - this.#lastDts, this.#ownDuration, track);
    if (distance < 1 || distance > LONGEST_TICKS) return false;
    this.#samples = of(run, track.samples, number);
    this.#lasting = of(run, track.lasting, number);
    this.#dts = this.#lastDts + distance;
    this.#lastDts = this.#dts + this.#lasting;
    this.#ownDuration = of(run, track.lastDuration, number);
    this.#presentedEnd = Math.max(this.#presentedEnd, base + of(run, track.end, number));
    this.#distance ??= distance;
    this.#durations?.put(distance);
    this.#durations?.put(this.#lasting / (this.#samples - 1));
    if (times === undefined) return true;
    if (this.#lastDurations !== undefined) this.#lastDurations[this.#lastNumber] = distance;
    [this.#lastDurations, this.#lastNumber] = [times.lastDuration, number];
    times.dts[number] = this.#dts;
    return true;
  }

  /** Joins segments of a run at once: from the third one, which lies at `place`, to number `last`. False, and none is, where it cannot. */
  #passOver(run: SegmentRun, trackIndex: number, place: number, last: number): boolean {
    const [track, passage] = [run.tracks[trackIndex], run.passage?.tracks[trackIndex]];
    if (track === undefined || passage === undefined || (this.#filled && passage.holes)) return false;
    const { early, codec } = this.#output;
    const runPlace = place - of(run, run.length, 0) - of(run, run.length, 1);
    const passed = passOver(run, track, passage, { place: runPlace, lastDts: this.#lastDts, early, codec });
    if (passed === undefined) return false;
    this.#samples = of(run, track.samples, last);
    this.#lasting = of(run, track.lasting, last);
    this.#lastDts = passed.lastDts;
    this.#dts = this.#lastDts - this.#lasting;
    this.#ownDuration = of(run, track.lastDuration, last);
    this.#presentedEnd = Math.max(this.#presentedEnd, passed.presentedEnd);
    this.#durations?.change(passage.changes, this.#lasting / (this.#samples - 1));
    return true;
  }

  /** The sums of all that was joined. */
  finish(): JoinedRuns {
    if (this.#lastDurations !== undefined) this.#lastDurations[this.#lastNumber] = this.#ownDuration;
    // Field by field: spreading objects takes longer than all else that joins a run.
    return {
      counts: this.#counts,
      uniform: this.#uniform,
      durations: this.#uniform ? this.#durations : undefined,
      last: {
        first: 0,
        count: this.#samples,
        dts: this.#dts,
        timescale: this.#output.timescale,
        lastDuration: this.#ownDuration,
        lasting: this.#lasting,
        ownDuration: this.#ownDuration,
        offsetShift: this.#output.early,
        descriptionBase: this.#descriptionBase,
        trackId: this.#output.id,
        prefix: 0,
        counts: NO_COUNTS,
      },
      presentedEnd: this.#presentedEnd,
      distance: this.#distance ?? this.#before.lastDuration,
      times: this.#times,
    };
  }
}

/** Whether a distance of so many ticks before sound is, or may be, a hole that is filled with silence. */
function isHole({ timescale, counts }: RunTrack, ticks: number): boolean {
  return counts.some(({ flags }) => flags & TrackFlag.Offsets) || millisecondsOf(ticks, timescale) >= LEAST_HOLE_MS;
}

/** Whether as much of a segment's sound is taken here as when the run was found. @param before the last sample before the segment */
function takesTheSame(run: SegmentRun, track: RunTrack, codec: string, number: number, before: SoundBefore): boolean {
  const { timescale, snaps } = track;
  const [firstDts, taken] = [of(run, track.ownFirstDts, number), of(run, track.firstDts, number)];
  const usual = of(run, track.ownLasting, number) / (of(run, track.ownSamples, number) - 1);
  const { start, over } = soundFromBy({ firstDts, timescale, stated: decodesAsStated(codec), usual, snaps }, before);
  return over > 0 ? taken <= start && start < taken + usual && taken > firstDts : taken === firstDts;
}
