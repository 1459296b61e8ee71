import type { Sha256, Store } from "../../base/ports.ts";
import { FragmentCounts } from "../planning/fragment-sizes.ts";
import { PlanIdentity } from "../layout/plan-identity.ts";
import { mediaRegion, readRegions } from "../layout/regions.ts";
import { leftOut, sourceOf, type Piece, type PieceTrack } from "../planning/piece.ts";
import { Pieces } from "../planning/pieces.ts";
import { TimedSegment } from "../planning/placed-segment.ts";
import { encrypted } from "../planning/plan-errors.ts";
import { rescale, meanDuration } from "../ticks.ts";
import type { Media } from "../reading/media.ts";
import { completeSamples, decodedAt, dividedEnd } from "../planning/complete.ts";
import { FRAGMENT_BASE, TrackFlag } from "../wasm/abi/names.ts";
import type { IndexAnswer, IndexRequest } from "../wasm/index-request.ts";
import type { SampleRun } from "../wasm/loaded-index.ts";
import type { Indexes, RecordedSegment } from "../segment.ts";
import type { Core } from "../wasm/module.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import { hasMediaTimes, mediaTime, streamTimescale } from "./media-time.ts";
import { streamedFlags, streamedTracks, type StreamTracks } from "../streamed-tracks.ts";

/** What `planMediaSegment` works with. */
export interface StreamParts {
  readonly core: Core;
  readonly store: Pick<Store, "get" | "ahead">;
  readonly indexes: Indexes;
  /** Default: WebCrypto's. */
  readonly sha256?: Sha256 | undefined;
}

/** Asks something of a recording's index. */
type Ask = <Name extends "run" | "select" | "measure">(request: IndexRequest<Name>) => Promise<IndexAnswer<Name>>;

/** A media segment (RFC 8216 section 3) of a recording: samples that follow one another. */
export interface MediaSegmentName {
  /** When the recording starts to be presented, milliseconds since 1970. */
  readonly startMs: number;
  /** Wall clock that media times count from, milliseconds. Default: 1970. */
  readonly originMs?: number | undefined;
  readonly tracks: StreamTracks;
  /** Its first sample of the reference track, from 0: a sync sample or the first of all, except in a part. */
  readonly first: number;
  /** Number of the sample behind the last one. */
  readonly end: number;
  /** Whether it is a part of a media segment, which may begin anywhere. */
  readonly partial?: boolean | undefined;
}

/** A media segment by its recording. */
export interface MediaName extends MediaSegmentName {
  /** Id of the recording. */
  readonly id: number;
}

/** The bytes of a media segment. */
export interface StreamedMedia extends Media {
  /** When it starts to be presented, wall clock, milliseconds, not rounded. */
  readonly startMs: number;
  /** When its last sample of the reference track would be presented if there were no reordering; as `startMs`. */
  readonly lastMs: number;
}

/**
 * Makes a media segment: movie fragments whose decode times count from 1970, without an edit list. The first sample is
 * presented at its decode time, so that players that know no composition offsets before a seek are right, too; samples
 * that are presented before their decode time have negative offsets. Of other tracks it has the samples that start while
 * those of the reference track are presented, so that each sample belongs to one media segment.
 * @returns undefined when the recording has no such samples
 * @throws BoxcarError `encrypted` (409), `index_missing` (503)
 */
export async function planMediaSegment(
  parts: StreamParts,
  segment: RecordedSegment,
  name: MediaSegmentName,
): Promise<StreamedMedia | undefined> {
  const { startMs, originMs = 0, tracks: asked, first, end } = name;
  const timed = new TimedSegment(segment);
  const { reference, summary } = timed;
  if (first >= end || end > reference.samples || !hasMediaTimes(name)) return undefined;
  const wanted = streamedTracks(summary, asked);
  if (wanted.length === 0) return undefined;
  if (wanted.some(({ record }) => record.flags & TrackFlag.Encrypted)) throw encrypted(segment);
  const index = await parts.indexes.get(segment.id);
  // An open segment is short: its index is asked in this turn.
  const complete =
    segment.open === true ? parts.core.withIndex(index, (loaded) => completeSamples(loaded, timed)) : end;
  if (end > complete) return undefined;
  const ask: Ask = (request) => parts.core.ask(index, request);
  const run = await ask(["run", summary.reference, first, end - first]);
  if (first > 0 && !run.sync && name.partial !== true) return undefined;
  const tracks: PieceTrack[] = [];
  for (const [trackIndex, record] of summary.tracks.entries()) {
    const { trackId } = wanted.find((one) => one.trackIndex === trackIndex) ?? { trackId: 0 };
    const startingThere = (): Promise<SampleRun | undefined> => startingIn(ask, timed, trackIndex, { run, ...name });
    const own = trackId === 0 ? undefined : trackIndex === summary.reference ? run : await startingThere();
    tracks.push(own === undefined ? leftOut(record) : placed(timed, startMs - originMs, record, own, trackId));
  }
  const measured = await ask(["measure", tracks]);
  tracks.forEach((track, trackIndex) => {
    track.counts = measured.counts[trackIndex] ?? track.counts;
  });
  const hash = new PlanIdentity(parts.sha256, ["media segment", asked, first, end]);
  await hash.add({ ...segment, startMs });
  const shownMs = (ticks: number): number => startMs - segment.startMs + timed.wallAt(ticks);
  const delay = Math.min(run.pts - run.dts, reference.firstPts - reference.firstDts);
  const times = { startMs: shownMs(run.pts), lastMs: shownMs(run.lastDts + delay) };
  return { ...mediaOf(parts, segment, { ...measured, tracks }), ...times, etag: `${await hash.digest()}-m4s` };
}

/** The samples of another track that start while those of the reference track are presented; undefined without any. */
async function startingIn(
  ask: Ask,
  timed: TimedSegment,
  trackIndex: number,
  { run, first }: { readonly run: SampleRun; readonly first: number },
): Promise<SampleRun | undefined> {
  const { summary, reference } = timed;
  const record = summary.tracks[trackIndex];
  if (record === undefined) return undefined;
  const own = (ticks: number): number => rescale(ticks, reference.timescale, record.timescale);
  // What an edit list hides before the start of a recording may be what the one before it lacks at its end.
  const from = first === 0 ? Number.NEGATIVE_INFINITY : own(run.sync ? run.pts : decodedAt(reference, run));
  const until = own(dividedEnd(timed, run));
  const found = await ask(["select", trackIndex, { start: from, end: until, rules: 0, preroll: 0 }]);
  // A sample that has started before belongs to the media segment before.
  const skipped = found.count > 0 && found.pts < from ? 1 : 0;
  const count = found.count - skipped;
  return count > 0 ? ask(["run", trackIndex, found.first + skipped, count]) : undefined;
}

function placed(
  timed: TimedSegment,
  startMs: number,
  record: TrackRecord,
  run: SampleRun,
  trackId: number,
): PieceTrack {
  const timescale = streamTimescale(record);
  const scaled = (ticks: number): number => rescale(ticks, record.timescale, timescale);
  // The same for all samples of a recording: how much later than it is decoded its first one is presented; of one that goes on amid a
  // group of pictures, the first on screen, so that it is decoded right behind the recording before.
  const shown = record.flags & TrackFlag.LateSync ? record.earliestPts : record.firstPts;
  const delay = record.flags & TrackFlag.Offsets ? shown - record.firstDts : 0;
  const lasts = run.lastDuration > 0 ? run.lastDuration : Math.max(1, Math.round(meanDuration(record)));
  const lastDuration = scaled(lasts);
  return {
    first: run.first,
    count: run.count,
    dts: mediaTime(timed, startMs, record, run.dts + delay),
    timescale,
    lastDuration,
    ownDuration: lastDuration,
    lasting: scaled(run.lastDts - run.dts),
    offsetShift: -scaled(delay),
    descriptionBase: 1,
    trackId,
    prefix: 0,
    counts: leftOut(record).counts,
    outputFlags: streamedFlags(record),
  };
}

function mediaOf(
  { core, store, indexes }: StreamParts,
  segment: RecordedSegment,
  { tracks, bytes, fragments }: { readonly tracks: readonly PieceTrack[]; bytes: number; fragments: number },
): Omit<Media, "etag"> {
  const piece: Piece = { source: sourceOf(segment), tracks, bytes, fragments, inline: new Uint8Array(0) };
  const heads = tracks.filter(({ count }) => count > 0);
  const total = heads.reduce(
    (sum, track) => sum + new FragmentCounts().add(track).bytes(track.outputFlags ?? 0),
    fragments * FRAGMENT_BASE + bytes,
  );
  // Sequence numbers grow with the samples (ISO/IEC 14496-12 clause 8.8.5).
  const sequence = 1 + (heads[0]?.first ?? 0);
  const region = mediaRegion(
    { core, store, indexes, composition: { pieces: new Pieces([piece]) } },
    { total, of: () => total },
    (_piece, _number, { rest }) => ["fragments", tracks, sequence, { rest }],
  );
  return { size: total, read: (span) => readRegions([region], span) };
}
