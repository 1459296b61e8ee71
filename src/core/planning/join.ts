import { isAudio, isText, isVideo } from "../track-kinds.ts";
import { meanDuration, millisecondsOf, rescale } from "../ticks.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import type { Selected } from "../wasm/abi/records.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import { jointStep, LONGEST_TICKS, snaps } from "./joint.ts";
import type { OutputTrack } from "./output-track.ts";
import { NO_COUNTS, type PieceTrack } from "./piece.ts";
import { baseOf, heldOverEnd, heldUntil, openEnd, startsIn, type PlacedSegment } from "./placed-segment.ts";
import { tooLongGap } from "./plan-errors.ts";

/** Sound that begins less before the start is taken as it is: samples of PCM do, whose edit lists are no finer. */
const EARLY_MS = 1;

/** Samples that go on off by more than this, in samples, are no longer in step with those before. */
const UNEVEN = 0.1;

/** The samples that are taken of one track of a placed segment. */
export interface Taken {
  readonly placed: PlacedSegment;
  readonly record: TrackRecord;
  readonly samples: Selected;
  /** Output sample description index of the segment's first one. */
  readonly descriptionBase: number;
}

/** How the samples that are taken begin. */
interface Start {
  /** Decode time of the first one, output ticks. */
  readonly dts: number;
  /** Added to every composition offset, so that samples are presented when they were recorded to be. */
  readonly offsetShift: number;
  /** Hides the samples before the one that is shown first. */
  readonly hides?: Pick<PieceTrack, "shown" | "start" | "delay" | "usual" | "heard" | "apart">;
}

/**
 * Adds samples to an output track: they begin it, or go on from what is there (rule 5 of a plan).
 * @throws BoxcarError `gap_too_long` (400)
 */
export function join(output: OutputTrack, taken: Taken, edits: "list" | "none"): PieceTrack {
  const { placed, record, samples, descriptionBase } = taken;
  const [from, to] = [record.timescale, output.timescale];
  const { dts, offsetShift, hides } =
    output.last === undefined ? begin(output, taken, edits) : goOn(output, output.last, taken);
  const lasting = rescale(samples.lastDts - samples.dts, from, to);
  const held = heldUntil(placed, record, samples);
  const open = openEnd(placed, record);
  const lastDuration =
    rescale(held + (open > 0 ? Math.round(meanDuration(record)) : 0) - samples.dts, from, to) - lasting;
  const own: PieceTrack = {
    first: samples.first,
    count: samples.count,
    dts,
    timescale: to,
    lastDuration,
    lasting,
    ownDuration: lastDuration,
    offsetShift,
    descriptionBase,
    trackId: output.id,
    prefix: 0,
    counts: NO_COUNTS,
  };
  const track = hides === undefined ? own : { ...own, ...hides };
  const ownEnd = Math.min(samples.presentedEnd, record.editEnd) + open;
  const presentedEnd = rescale(heldOverEnd(placed, record) ?? ownEnd, from, to);
  output.last = track;
  output.lastDts = dts + lasting;
  output.presentedEnd = Math.max(output.presentedEnd, baseOf(placed, output) + presentedEnd);
  return track;
}

/** Begins a track. */
function begin(output: OutputTrack, { placed, record, samples }: Taken, edits: "list" | "none"): Start {
  const [from, to] = [record.timescale, output.timescale];
  const base = baseOf(placed, output);
  const early = -rescale(samples.leastOffset, from, to);
  const dts = base + rescale(samples.dts, from, to) - early;
  output.early = early;
  output.firstDts = dts;
  output.firstPts = dts + rescale(samples.pts - samples.dts, from, to) + early;
  // Readers without edit lists are to wait for nothing.
  if (edits === "list") output.delay = output.firstPts - dts;
  if (edits === "list" && isVideo(record)) output.step = Math.max(1, Math.round(output.usualDuration));
  if (!startsIn(placed, record)) return { dts, offsetShift: early };
  const shownPts = base + rescale(samples.shown, from, to);
  if (isAudio(record)) {
    const isEarly = samples.before > 0 || millisecondsOf(-shownPts, to) >= EARLY_MS;
    if (edits === "none" || !isEarly || record.flags & TrackFlag.Offsets) return { dts, offsetShift: early };
    output.shownPts = Math.min(0, shownPts);
    output.unheard = samples.before;
    return { dts, offsetShift: early, hides: { heard: samples.shown, apart: output.apart } };
  }
  if (!(isVideo(record) || isText(record))) return { dts, offsetShift: early };
  // The picture or text on screen at the start is shown from there on.
  output.shownPts = shownPts;
  output.firstPts = Math.max(0, shownPts);
  return { dts, offsetShift: early, hides: hiding(output, samples) };
}

/** Goes on where the samples before end, which then last until then. */
function goOn(output: OutputTrack, last: PieceTrack, { placed, record, samples }: Taken): Start {
  const [from, to] = [record.timescale, output.timescale];
  const recorded = baseOf(placed, output) + rescale(samples.dts, from, to) - output.early;
  const sound = { timescale: to, snaps: snaps(record) };
  let { distance } = jointStep(recorded - output.lastDts, last.ownDuration, sound);
  let offsetShift = output.early;
  if (distance < 1) {
    // More reordering than before the joint: decode later than the segment says, present as it says.
    distance = Math.max(1, last.lastDuration);
    offsetShift += recorded - (output.lastDts + distance);
  }
  if (distance > LONGEST_TICKS) throw tooLongGap(placed.timed.segment);
  last.lastDuration = distance;
  const steps = distance / output.usualDuration;
  if (Math.abs(steps - Math.round(steps)) > UNEVEN) output.isEven = false;
  const dts = output.lastDts + distance;
  return isVideo(record) && placed.isLed ? { dts, offsetShift, hides: hiding(output, samples) } : { dts, offsetShift };
}

function hiding({ firstPts, delay, step }: OutputTrack, { shown }: Selected): NonNullable<Start["hides"]> {
  return { shown, start: firstPts, delay, usual: step };
}
