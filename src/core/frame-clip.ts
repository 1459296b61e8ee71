import { concatenated, lengthOf } from "../base/bytes.ts";
import type { Pace } from "../base/ports.ts";
import { layoutMp4 } from "./layout/layout-mp4.ts";
import { NO_HEADERS } from "./layout/layout.ts";
import { readRegions } from "./layout/regions.ts";
import type { Composition } from "./planning/composition.ts";
import { NO_INLINE } from "./planning/piece-columns.ts";
import { Pieces } from "./planning/pieces.ts";
import { OutputTrack } from "./planning/output-track.ts";
import { leftOut, NO_COUNTS, sourceOf, type Piece, type PieceTrack } from "./planning/piece.ts";
import type { TimedSegment } from "./planning/placed-segment.ts";
import { rescale } from "./ticks.ts";
import type { RecordedSources } from "./recorded-sources.ts";
import type { RecordedSegment } from "./segment.ts";
import type { Selected } from "./wasm/abi/records.ts";
import type { Core } from "./wasm/module.ts";
import type { TrackRecord } from "./wasm/records/summary.ts";

/** One run of samples of a clip. */
export interface FrameSample {
  /** Bytes from the start of the clip. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** RFC 6381. */
  readonly codec: string;
}

/** A small MP4 from which pictures are decoded. Its video is all it holds. */
export interface FrameClip {
  /** Wall-clock times at which its pictures are first shown, milliseconds, not rounded. */
  readonly shownMs: readonly number[];
  /** Bytes. */
  readonly size: number;
  /** The runs of samples its pictures are decoded from, of each picture one, in order. */
  readonly samples: readonly FrameSample[];
  /** Reads it, once or more. @throws as the files' `read` does */
  read(): AsyncIterable<Uint8Array>;
}

/** What clips are made with. */
export interface FrameParts extends RecordedSources {
  readonly core: Core;
  /** Called between the pictures: to find one its whole index may be gone through. */
  readonly pace: Pace;
}

/** The video of one segment, and samples of it. */
export interface VideoSamples {
  readonly segment: RecordedSegment;
  readonly timed: TimedSegment;
  readonly trackIndex: number;
  readonly record: TrackRecord;
  readonly selected: Selected;
}

/** Samples and their times in a clip: ticks of its first segment's video, below 0 before what is presented. */
interface Placed extends VideoSamples {
  readonly dts: number;
  /** From the first sample to the last one. */
  readonly lasting: number;
  readonly lastDuration: number;
  readonly offsetShift: number;
}

/** A clip that presents one picture first: the sample `shown` of the last of runs, which go on one from another. */
export async function clipOfRun(
  parts: FrameParts,
  run: readonly [VideoSamples, ...VideoSamples[]],
): Promise<FrameClip> {
  const [
    {
      record: { timescale },
    },
  ] = run;
  const placed: Placed[] = [];
  const last = run.at(-1) ?? run[0];
  let zero = last.selected.shown;
  let next: number | undefined;
  for (const samples of run.toReversed()) {
    const { record, selected } = samples;
    const ticks = (own: number): number => rescale(own, record.timescale, timescale);
    // The presentation of one ends where that of the next one starts.
    if (placed.length > 0) zero += record.end;
    const lasting = ticks(selected.lastDts - selected.dts);
    // Nothing is decoded after it is presented, nor before what precedes it.
    const natural = ticks(selected.dts + selected.leastOffset - zero);
    const dts = next === undefined ? natural : Math.min(natural, next - 1 - lasting);
    const own = Math.max(1, ticks(selected.lastDuration));
    const lastDuration = next === undefined ? own : next - dts - lasting;
    placed.unshift({ ...samples, dts, lasting, lastDuration, offsetShift: -ticks(selected.leastOffset) });
    next = dts;
    zero -= record.start;
  }
  const { lastDuration = 1 } = placed.at(-1) ?? {};
  const clip = await clipOf(parts, placed, lastDuration);
  const [from] = clip.samples;
  const length = lengthOf(clip.samples);
  const samples = from === undefined ? [] : [{ ...from, length }];
  return { ...clip, samples, shownMs: [shownAt(last, last.selected.shown)] };
}

/** A clip of single samples, the first one of each selection: the n-th is presented at second n. */
export function clipOfSingles(parts: FrameParts, singles: readonly VideoSamples[]): Promise<FrameClip> {
  const { timescale = 1 } = singles[0]?.record ?? {};
  const placed = singles.map((samples, second): Placed => {
    const { record, selected } = samples;
    const offset = rescale(selected.pts - selected.dts, record.timescale, timescale);
    const single = { ...samples, selected: { ...selected, count: 1 } };
    return { ...single, dts: second * timescale, lasting: 0, lastDuration: timescale, offsetShift: -offset };
  });
  return clipOf(parts, placed, placed.length * timescale);
}

/** @param presentedEnd ticks of the clip */
async function clipOf(parts: FrameParts, placed: readonly Placed[], presentedEnd: number): Promise<FrameClip> {
  const [first] = placed;
  if (first === undefined) throw new RangeError("a clip of no samples");
  const track = new OutputTrack(1, first.record, first.timed, first.trackIndex);
  track.firstDts = first.dts;
  track.presentedEnd = presentedEnd;
  const pieces: Piece[] = [];
  const descriptions: Uint8Array[] = [];
  for (const samples of placed) {
    const { segment, record } = samples;
    const index = await parts.indexes.get(segment.id);
    const known = track.descriptions.length;
    pieces.push(await addPiece(parts.core, track, samples, index));
    const { descriptionOffset: at, descriptionLength: length } = record;
    if (track.descriptions.length > known) descriptions.push(index.subarray(at, at + length));
    await parts.pace.breathe();
  }
  const regions = layoutMp4({
    ...parts,
    composition: compositionOf(track, pieces),
    headers: [{ ...NO_HEADERS, descriptions: concatenated(descriptions) }],
    edits: "list",
    chapters: undefined,
    captions: undefined,
  });
  const size = lengthOf(regions);
  let offset = size - pieces.reduce((sum, { bytes }) => sum + bytes, 0); // the media lie last
  const samples = pieces.map(({ bytes: length }, i) => {
    offset += length;
    return { offset: offset - length, length, codec: placed[i]?.record.codec ?? "" };
  });
  return {
    shownMs: placed.map((samples) => shownAt(samples, samples.selected.pts)),
    size,
    samples,
    read: () => readRegions(regions, { offset: 0, length: size }),
  };
}

/** Adds samples to the clip's track. Returns their piece. @param index of their segment */
async function addPiece(core: Core, track: OutputTrack, samples: Placed, index: Uint8Array): Promise<Piece> {
  const { segment, timed, trackIndex, record, selected, dts, lasting, lastDuration, offsetShift } = samples;
  const { timescale, id: trackId } = track;
  const own: PieceTrack = {
    ...leftOut(record),
    ...{ first: selected.first, count: selected.count, dts, timescale, lastDuration, lasting, offsetShift },
    ...{ ownDuration: lastDuration, descriptionBase: track.describe(segment, record), trackId },
  };
  const tracks = timed.summary.tracks.map((other, i) => (i === trackIndex ? own : leftOut(other)));
  const { counts, bytes, fragments } = await core.ask(index, ["measure", tracks]);
  own.counts = counts[trackIndex] ?? NO_COUNTS;
  track.count(own, record);
  track.last = own;
  track.lastDts = dts + lasting;
  return { source: sourceOf(segment), tracks, bytes, fragments, inline: NO_INLINE };
}

/** What a layout takes of a clip; it has no wall clock. */
function compositionOf(track: OutputTrack, pieces: readonly Piece[]): Composition {
  const fragments = pieces.reduce((sum, piece) => sum + piece.fragments, 0);
  return {
    ...{ tracks: [track], pieces: new Pieces(pieces), segments: pieces.length, joints: pieces.length - 1 },
    ...{ fragments, references: fragments, presentedMs: Number.POSITIVE_INFINITY },
    ...{ startMs: 0, endMs: 0, coverage: [], gaps: [], chapterStarts: [], clock: [] },
  };
}

/** When a sample is shown: wall clock, milliseconds. @param ticks where it is presented in its own file */
export function shownAt({ timed, record }: VideoSamples, ticks: number): number {
  return timed.wallAt(rescale(ticks, record.timescale, timed.reference.timescale));
}
