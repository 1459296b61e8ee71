import { millisecondsOf, rescale } from "../../core/ticks.ts";
import { TrackFlag } from "../../core/wasm/abi/names.ts";
import { LEAST_HOLE_MS } from "../../core/planning/audio-filler.ts";
import type { PieceMaker } from "../../core/planning/piece-maker.ts";
import type { OutputTrack } from "../../core/planning/output-track.ts";
import type { Match } from "../../core/planning/match.ts";
import type { Followed, RunCounts } from "../../core/planning/followed.ts";
import type { PieceColumns, TrackColumns } from "../../core/planning/piece-columns.ts";
import { isOutline, of, type RunTrack, type SegmentRun } from "./segment-run.ts";
import { LONGEST_TICKS } from "../../core/planning/join.ts";
import { snappedDistance, soundFromBy, type SoundBefore } from "../../core/planning/selection.ts";
import { decodesAsStated } from "../../core/track-kinds.ts";
import { passOver } from "./run-passage.ts";
import type { RunSpan } from "./run-place.ts";

/** Makes pieces of spans: an `AddSpans`. */
export function addPieces(maker: Pick<PieceMaker, "addAlike">, spans: readonly RunSpan[]): boolean {
  const { kind } = spans[0]?.run ?? {};
  return (
    kind !== undefined &&
    maker.addAlike({
      kind,
      ...sumOf(spans),
      follow: (match, filled) => followRuns(match, spans, filled),
      columns: (match, followed) => piecesOf(match, spans, followed),
    })
  );
}

/** What the pieces of some spans are: how many segments, and movie fragments. */
function sumOf(spans: readonly RunSpan[]): { readonly segments: number; readonly fragments: number } {
  let [segments, fragments] = [0, 0];
  for (const { run, first, end, parts } of spans) {
    segments += end - first;
    for (const part of parts) fragments += run.fragments[part] ?? 0;
  }
  return { segments, fragments };
}

/**
 * What becomes of all output tracks of a kind of segments by spans; undefined when they cannot follow.
 * @param filled whether holes in the sound are filled: then one is gone through segment by segment
 */
function followRuns(
  { outputs }: Pick<Match, "outputs">,
  spans: readonly RunSpan[],
  filled: boolean,
): readonly Followed[] | undefined {
  const followed: Followed[] = [];
  for (const [trackIndex, output] of outputs.entries()) {
    const one = followRun(output, trackIndex, spans, filled);
    if (one === undefined) return undefined;
    followed.push(one);
  }
  return followed;
}

/** The pieces of spans; undefined when it is not known what they are made of. */
function piecesOf(
  { outputs, bases }: Pick<Match, "outputs" | "bases">,
  spans: readonly RunSpan[],
  followed: readonly Followed[],
): readonly PieceColumns[] | undefined {
  const all: PieceColumns[] = [];
  for (const [number, { run, first, end }] of spans.entries()) {
    if (run.pieces === undefined) return undefined;
    const { sources, tracks } = run.pieces;
    const columns = outputs.flatMap((output, i): TrackColumns[] => {
      const [track, own, times] = [run.tracks[i], tracks[i], followed[i]?.times[number]];
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

/**
 * Joins the track `trackIndex` of segments of which all is taken to what an output track has, as `PieceMaker` joins one after
 * another. Undefined, and nothing is changed, where that would take an index, or give a sample another time than recorded.
 */
function followRun(
  output: OutputTrack,
  trackIndex: number,
  spans: readonly RunSpan[],
  filled: boolean,
): Followed | undefined {
  const { last, timescale, early, codec } = output;
  if (last === undefined) return undefined;
  let { lastDts, presentedEnd } = output;
  let { ownDuration, lasting } = last;
  let [samples, dts, uniform] = [last.count, last.dts, true];
  let distanceTo: number | undefined;
  const times: Followed["times"][number][] = [];
  /** The piece before, where it is one of them. */
  let [before, beforeAt]: [Float64Array | undefined, number] = [undefined, 0];
  const counts: RunCounts[] = [];
  const durations = output.durations?.copy();
  for (const { run, first, end, parts, place: begin } of spans) {
    const [track, passage] = [run.tracks[trackIndex], run.passage?.tracks[trackIndex]];
    if (track?.timescale !== timescale) return undefined;
    for (const part of parts) {
      const ofPart = track.counts[part];
      if (ofPart !== undefined) counts.push(ofPart);
    }
    uniform &&= track.uniform;
    const own = run.pieces && { dts: new Float64Array(run.count), lastDuration: new Float64Array(run.count) };
    if (own !== undefined) times.push(own);
    for (let i = first, place = begin; i < end; place += of(run, run.length, i++)) {
      if (i === 2 && own === undefined && passage !== undefined && !(filled && passage.holes)) {
        const runPlace = place - of(run, run.length, 0) - of(run, run.length, 1);
        const passed = passOver(run, track, passage, { place: runPlace, lastDts, early, codec });
        if (passed !== undefined) {
          [samples, lasting] = [of(run, track.samples, end - 1), of(run, track.lasting, end - 1)];
          ownDuration = of(run, track.lastDuration, end - 1);
          lastDts = passed.lastDts;
          dts = lastDts - lasting;
          presentedEnd = Math.max(presentedEnd, passed.presentedEnd);
          durations?.change(passage.changes, lasting / (samples - 1));
          break;
        }
      }
      if (i > 1 && i < run.count - 2 && isOutline(run)) return undefined;
      const base = rescale(place, run.timescale, timescale) - rescale(of(run, run.start, i), run.timescale, timescale);
      const recordedDts = base + of(run, track.firstDts, i);
      samples = of(run, track.samples, i);
      lasting = of(run, track.lasting, i);
      if (track.sound && filled && isHole(track, recordedDts - lastDts - ownDuration)) return undefined;
      const soundBefore = { lastDts: lastDts - base, lastDuration: ownDuration };
      if (track.sound && !takesTheSame(run, track, codec, i, soundBefore)) return undefined;
      const recordedDistance = recordedDts - early - lastDts;
      const snapped = track.snaps ? snappedDistance(recordedDistance, ownDuration, timescale) : undefined;
      const distance = snapped ?? recordedDistance;
      if (distance < 1 || distance > LONGEST_TICKS) return undefined;
      dts = lastDts + distance;
      distanceTo ??= distance;
      if (own !== undefined) {
        if (before !== undefined) before[beforeAt] = distance;
        [before, beforeAt] = [own.lastDuration, i];
        own.dts[i] = dts;
      }
      durations?.put(distance);
      durations?.put(lasting / (samples - 1));
      ownDuration = of(run, track.lastDuration, i);
      lastDts = dts + lasting;
      presentedEnd = Math.max(presentedEnd, base + of(run, track.end, i));
    }
  }
  if (before !== undefined) before[beforeAt] = ownDuration;
  const runs = uniform ? durations : undefined;
  const distance = distanceTo ?? last.lastDuration;
  return {
    counts,
    uniform,
    durations: runs,
    samples,
    dts,
    lasting,
    lastDuration: ownDuration,
    presentedEnd,
    distance,
    times,
  };
}

/** Whether so many ticks before sound are a hole that is filled, or might be. */
function isHole({ timescale, counts }: RunTrack, ticks: number): boolean {
  return counts.some(({ flags }) => flags & TrackFlag.Offsets) || millisecondsOf(ticks, timescale) >= LEAST_HOLE_MS;
}

/** Whether of the sound of a segment as much is taken as was when the run was found. @param before the last sample before it */
function takesTheSame(run: SegmentRun, track: RunTrack, codec: string, number: number, before: SoundBefore): boolean {
  const { timescale, snaps } = track;
  const [firstDts, taken] = [of(run, track.ownFirstDts, number), of(run, track.firstDts, number)];
  const usual = of(run, track.ownLasting, number) / (of(run, track.ownSamples, number) - 1);
  const { start, over } = soundFromBy({ firstDts, timescale, stated: decodesAsStated(codec), usual, snaps }, before);
  return over > 0 ? taken <= start && start < taken + usual && taken > firstDts : taken === firstDts;
}

/** A value of a column, which has it. */
export function at(column: Float64Array, number: number): number {
  return column[number] ?? 0;
}
