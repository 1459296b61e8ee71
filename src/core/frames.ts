import { Breather } from "../base/breather.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Pace } from "../base/ports.ts";
import { clipOfRun, clipOfSingles, shownAt, type FrameClip, type FrameParts, type VideoSamples } from "./frame-clip.ts";
import { wholeTrack } from "./planning/piece.ts";
import { ROUNDING_MS, TimedSegment } from "./planning/placed-segment.ts";
import { ticksOf } from "./ticks.ts";
import { isVideo } from "./track-kinds.ts";
import { recordedSources } from "./recorded-sources.ts";
import type { RecordedSegment, SegmentSource } from "./segment.ts";
import { SelectionRule, TrackFlag } from "./wasm/abi/names.ts";
import type { Selected, Selection } from "./wasm/abi/records.ts";
import type { Core } from "./wasm/module.ts";

/** A picture that is wanted: the one that a file shows at a moment, its first or last one beyond its ends. */
export interface FrameTime {
  readonly source: SegmentSource;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  /**
   * Files that it goes on from without a gap, in order, the first of them with a sync sample: pictures before its own first
   * sync sample are decoded from there. Default: none.
   */
  readonly before?: readonly SegmentSource[] | undefined;
}

/** Samples that were found for a picture. */
interface Found extends VideoSamples {
  /** Whether it is to be decoded from a sync sample of a segment before. */
  readonly isLate: boolean;
}

/**
 * Plans the picture shown at a moment: an MP4 of the samples from the sync sample before it to the picture, whose edit
 * list makes the picture the first one that is presented.
 * @param source a file with video
 * @param atMs wall clock, milliseconds; beyond its ends: its first or last picture
 * @param before files that it goes on from, as FrameTime has them
 * @throws BoxcarError `no_picture` (422), `encrypted` (409), and as getting the index does
 *
 * @example
 * const clip = await planFrame(core, { ...indexed, startMs: 0, read }, 1500);
 * for await (const chunk of clip.read()) decoder.write(chunk);
 */
export async function planFrame(
  core: Core,
  source: SegmentSource,
  atMs: number,
  before: readonly SegmentSource[] = [],
): Promise<FrameClip> {
  const parts = { core, pace: new Breather(), ...recordedSources([...before, source]) };
  const [first, ...others] = parts.segments.slice(0, -1);
  const found = await find(parts, parts.segments.at(-1), atMs, first !== undefined);
  if (!found.isLate || first === undefined) return clipOfRun(parts, [found]);
  const sync = await find(parts, first, Number.POSITIVE_INFINITY);
  return clipOfRun(parts, [withRest(sync), ...others.map(wholeVideo), found]);
}

/** Sync samples that were found. */
export interface Keyframes {
  /** When each is shown: wall clock, milliseconds. */
  readonly shownMs: readonly number[];
  /** Makes an MP4 of nothing else, the n-th picture presented at second n. @throws as the pace does */
  clip(pace: Pace): Promise<FrameClip>;
}

/**
 * Plans the sync samples at or before moments: an MP4 of nothing else, the n-th picture presented at second n.
 * @param wanted at least one; several may be of one file
 * @param pace default: others have their turn every 10 ms
 * @throws BoxcarError as planFrame and the pace do
 */
export async function planKeyframes(
  core: Core,
  wanted: readonly FrameTime[],
  pace: Pace = new Breather(),
): Promise<FrameClip> {
  return (await findKeyframes(core, wanted, pace)).clip(pace);
}

/** Finds the sync samples of which `planKeyframes` makes a clip. @throws BoxcarError as it does */
export async function findKeyframes(core: Core, wanted: readonly FrameTime[], pace: Pace): Promise<Keyframes> {
  const firsts = wanted.flatMap(({ before }) => before?.[0] ?? []);
  const sources = [...new Set([...firsts, ...wanted.map(({ source }) => source)])];
  const parts = { core, pace, ...recordedSources(sources) };
  const of = (source: SegmentSource): RecordedSegment | undefined => parts.segments[sources.indexOf(source)];
  if (wanted.length === 0) throw noPicture("No moment was given.");
  const all: VideoSamples[] = [];
  for (const { source, atMs, before } of wanted) {
    const [first] = before ?? [];
    const found = await find(parts, of(source), atMs, first !== undefined);
    const isBefore = found.isLate && first !== undefined;
    all.push(isBefore ? await find(parts, of(first), Number.POSITIVE_INFINITY) : found);
  }
  return {
    shownMs: all.map((samples) => shownAt(samples, samples.selected.pts)),
    clip: (own) => clipOfSingles({ ...parts, pace: own }, all),
  };
}

/** The video of a segment, none of its samples taken. */
function videoOf(segment: RecordedSegment): Omit<VideoSamples, "selected"> {
  const timed = new TimedSegment(segment);
  const trackIndex = timed.summary.tracks.findIndex(isVideo);
  const record = timed.summary.tracks[trackIndex];
  if (record === undefined) throw noPicture("It has no video track.");
  if (record.flags & TrackFlag.Encrypted) {
    const message = "The video is encrypted: no picture of it can be decoded.";
    throw new BoxcarError("encrypted", message, { id: segment.id });
  }
  return { segment, timed, trackIndex, record };
}

function wholeVideo(segment: RecordedSegment): VideoSamples {
  const video = videoOf(segment);
  return { ...video, selected: wholeTrack(video.record) };
}

/** From what is found up to the end of its segment. */
function withRest({ selected, ...video }: VideoSamples): VideoSamples {
  const { count, lastDts, lastDuration } = wholeTrack(video.record);
  return { ...video, selected: { ...selected, count: count - selected.first, lastDts, lastDuration } };
}

/** @param isLed whether what comes before the first sync sample can be decoded from another segment on */
async function find(
  { core, indexes, pace }: FrameParts,
  segment: RecordedSegment | undefined,
  atMs: number,
  isLed = false,
): Promise<Found> {
  if (segment === undefined) throw noPicture("No moment was given.");
  const video = videoOf(segment);
  const { timed, trackIndex, record } = video;
  // Beyond the ends the first and the last picture are shown.
  const ticks = timed.ticksAt(atMs, record) + ticksOf(ROUNDING_MS, record.timescale);
  const start = Math.min(Math.max(ticks, record.start), Math.max(record.start, record.end - 1));
  const selection = { start, end: start + 1, rules: SelectionRule.FromSync, preroll: 0 };
  const index = await indexes.get(segment.id);
  const select = async (wanted: Selection): Promise<Selected> => {
    await pace.breathe();
    return core.ask(index, ["select", trackIndex, wanted]);
  };
  const exact = await select(selection);
  const isLate = exact.count === 0 || exact.pts > start;
  if (isLate && isLed) {
    const selected = await select({ ...selection, rules: SelectionRule.FromFirst });
    if (selected.count > 0) return { ...video, selected, isLate };
  }
  // Before the first sync sample nothing can be decoded: that one is the first picture.
  const selected = exact.count > 0 ? exact : await select({ ...selection, end: Number.POSITIVE_INFINITY });
  if (selected.count === 0) throw noPicture("It has no sync sample to decode from.");
  return { ...video, selected, isLate: false };
}

function noPicture(why: string): BoxcarError {
  return new BoxcarError("no_picture", `There is no picture to be had of this video. ${why}`);
}
