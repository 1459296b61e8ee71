import { concatenated } from "../base/bytes.ts";
import { BoxcarError } from "../base/errors.ts";
import { recordedSources, type RecordedSources } from "./recorded-sources.ts";
import type { RecordedSegment, SegmentSource } from "./segment.ts";
import type { Core } from "./wasm/module.ts";
import { SelectionRule } from "./wasm/abi/names.ts";
import type { Selected } from "./wasm/abi/records.ts";
import { TrackFlag } from "./wasm/abi/names.ts";
import type { TrackRecord } from "./wasm/records/summary.ts";
import { layoutMp4 } from "./layout/layout-mp4.ts";
import { NO_HEADERS } from "./layout/layout.ts";
import { readRegions } from "./layout/regions.ts";
import { OutputTrack } from "./planning/output-track.ts";
import { isVideo } from "./planning/track-kinds.ts";
import { leftOut, NO_COUNTS, sourceOf, type Piece, type PieceTrack } from "./planning/piece.ts";
import { ROUNDING_MS, TimedSegment } from "./planning/placed-segment.ts";
import { rescale, ticksOf } from "./planning/ticks.ts";

/** A picture that is wanted: the one that a file shows at a moment, its first or last one beyond its ends. */
export interface FrameTime {
  readonly source: SegmentSource;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
}

/** One sample of a clip. */
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
interface FrameParts extends RecordedSources {
  readonly core: Core;
}

/** Samples of one segment's video, and the picture they are for. */
interface Found {
  readonly segment: RecordedSegment;
  readonly timed: TimedSegment;
  readonly slot: number;
  readonly record: TrackRecord;
  readonly selected: Selected;
}

/**
 * Plans the picture shown at a moment: an MP4 of the samples from the sync sample before it to the picture, whose edit
 * list makes the picture the first one that is presented.
 * @param source a file with video
 * @param atMs wall clock, milliseconds; beyond its ends: its first or last picture
 * @throws BoxcarError `no_picture` (422), `encrypted` (409), and as getting the index does
 *
 * @example
 * const clip = await planFrame(core, { ...indexed, startMs: 0, read }, 1500);
 * for await (const chunk of clip.read()) decoder.write(chunk);
 */
export async function planFrame(core: Core, source: SegmentSource, atMs: number): Promise<FrameClip> {
  const parts = { core, ...recordedSources([source]) };
  const found = await find(parts, parts.segments[0], atMs);
  const { selected } = found;
  return clipOf(parts, [{ found, count: selected.count, second: 0 }], selected.shown);
}

/**
 * Plans the sync samples at or before moments: an MP4 of nothing else, the n-th picture presented at second n.
 * @param wanted at least one; several may be of one file
 * @throws BoxcarError as planFrame does
 */
export async function planKeyframes(core: Core, wanted: readonly FrameTime[]): Promise<FrameClip> {
  const sources = [...new Set(wanted.map(({ source }) => source))];
  const parts = { core, ...recordedSources(sources) };
  const all: Found[] = [];
  for (const { source, atMs } of wanted) all.push(await find(parts, parts.segments[sources.indexOf(source)], atMs));
  return clipOf(
    parts,
    all.map((found, i) => ({ found, count: 1, second: i })),
  );
}

async function find({ core, indexes }: FrameParts, segment: RecordedSegment | undefined, atMs: number): Promise<Found> {
  if (segment === undefined) throw noPicture("No moment was given.");
  const timed = new TimedSegment(segment);
  const slot = timed.summary.tracks.findIndex(isVideo);
  const record = timed.summary.tracks[slot];
  if (record === undefined) throw noPicture("It has no video track.");
  if (record.flags & TrackFlag.Encrypted) {
    const message = "The video is encrypted: no picture of it can be decoded.";
    throw new BoxcarError("encrypted", 409, message, { id: segment.id });
  }
  // Beyond the ends the first and the last picture are shown.
  const ticks = timed.ticksAt(atMs, record) + ticksOf(ROUNDING_MS, record.timescale);
  const start = Math.min(Math.max(ticks, record.start), Math.max(record.start, record.end - 1));
  const selection = { start, end: start + 1, rules: SelectionRule.FromSync, preroll: 0 };
  const index = await indexes.get(segment.id);
  const selected = core.withIndex(index, (loaded) => {
    const exact = loaded.select(slot, selection);
    // Before the first sync sample nothing can be decoded: that one is the first picture.
    return exact.count > 0 ? exact : loaded.select(slot, { ...selection, end: Number.POSITIVE_INFINITY });
  });
  if (selected.count === 0) throw noPicture("It has no sync sample to decode from.");
  return { segment, timed, slot, record, selected };
}

/** One found picture's samples and where it lands. */
interface Placed {
  readonly found: Found;
  readonly count: number;
  /** Presentation time of the picture. */
  readonly second: number;
}

/** @param exact presentation time of the one picture that is wanted, where that is not the first sample */
async function clipOf(parts: FrameParts, placed: readonly Placed[], exact?: number): Promise<FrameClip> {
  const [first] = placed;
  if (first === undefined) throw noPicture("No moment was given.");
  const track = new OutputTrack(1, first.found.record, first.found.timed, first.found.slot);
  const { timescale } = track;
  const pieces: Piece[] = [];
  const descriptions: Uint8Array[] = [];
  for (const { found, count, second } of placed) {
    const { segment, record, selected, slot, timed } = found;
    const known = track.descriptions.length;
    const descriptionBase = track.describe(segment, record);
    const index = await parts.indexes.get(segment.id);
    if (track.descriptions.length > known) {
      const { descriptionOffset: at, descriptionLength: length } = record;
      descriptions.push(index.subarray(at, at + length));
    }
    const single = count === 1;
    const shown = second * timescale;
    // Nothing is decoded after it is presented.
    const decoded = selected.dts + selected.leastOffset - (exact ?? 0);
    const dts = exact === undefined ? shown : rescale(decoded, record.timescale, timescale);
    const offset = rescale(selected.pts - selected.dts, record.timescale, timescale);
    const own = rescale(selected.lastDuration, record.timescale, timescale);
    const lastDuration = single ? timescale : Math.max(1, own);
    const lasting = single ? 0 : rescale(selected.lastDts - selected.dts, record.timescale, timescale);
    const piece: PieceTrack = {
      ...leftOut(record),
      ...{ first: selected.first, count, dts, timescale, lastDuration, lasting, ownDuration: lastDuration },
      ...{ descriptionBase, trackId: track.id },
      ...(exact === undefined
        ? { offsetShift: -offset }
        : {
            offsetShift: -rescale(selected.leastOffset, record.timescale, timescale),
            shown: exact,
            // Not every decoder leaves out what is hidden by itself: times well before 0 tell it.
            asRecorded: 1,
          }),
    };
    const tracks = timed.summary.tracks.map((other, i) => (i === slot ? piece : leftOut(other)));
    const { counts, decodings, bytes, fragments } = parts.core.withIndex(index, (loaded) => loaded.measure(tracks));
    piece.counts = counts[slot] ?? NO_COUNTS;
    track.count(piece, record);
    pieces.push({ source: sourceOf(segment), tracks, bytes, fragments, inline: new Uint8Array(0) });
    track.last = piece;
    track.lastDts = dts + lasting;
    track.presentedEnd = Math.max(track.presentedEnd, shown + lastDuration);
    const decoding = decodings[slot];
    if (exact !== undefined && decoding !== undefined) track.begin(piece, decoding);
  }
  const composition = {
    ...{ tracks: [track], pieces, startMs: 0, endMs: 0, coverage: [], gaps: [], spans: [], clock: [] },
    ...{
      joints: pieces.length - 1,
      segments: pieces.length,
      fragments: pieces.reduce((sum, piece) => sum + piece.fragments, 0),
      references: pieces.reduce((sum, piece) => sum + piece.fragments, 0),
    },
    ...{ presentedMs: Number.POSITIVE_INFINITY },
  };
  const regions = layoutMp4({
    ...parts,
    composition,
    headers: [{ ...NO_HEADERS, descriptions: concatenated(descriptions) }],
    edits: "list",
    chapters: undefined,
    captions: undefined,
  });
  const size = regions.reduce((sum, region) => sum + region.length, 0);
  let offset = size - pieces.reduce((sum, { bytes }) => sum + bytes, 0); // the media lie last
  const samples = pieces.map(({ bytes: length }, i) => {
    offset += length;
    return { offset: offset - length, length, codec: placed[i]?.found.record.codec ?? "" };
  });
  return {
    shownMs: placed.map(({ found: { timed, record, selected } }) => shownAt(timed, record, exact ?? selected.pts)),
    size,
    samples,
    read: () => readRegions(regions, { offset: 0, length: size }),
  };
}

function shownAt(timed: TimedSegment, record: TrackRecord, ticks: number): number {
  return timed.wallAt(rescale(ticks, record.timescale, timed.reference.timescale));
}

function noPicture(why: string): BoxcarError {
  return new BoxcarError("no_picture", 422, `There is no picture to be had of this video. ${why}`);
}
