import { reachesInto } from "../base/interval.ts";
import { BoxcarError } from "../base/errors.ts";
import { gathered } from "../base/bytes.ts";
import { formatTime } from "../base/time.ts";
import type { SegmentsParts } from "./plan-segments.ts";
import { DEFAULT_GAP_TOLERANCE_MS } from "./compose.ts";
import { IndexQueries } from "./planning/index-queries.ts";
import { follows } from "./planning/lead.ts";
import { TimedSegment } from "./planning/placed-segment.ts";
import { recordedSources } from "./recorded-sources.ts";
import type { SegmentSource } from "./segment.ts";
import { Groups, type GroupLength } from "./streaming/groups.ts";
import { codecsOf, initSegment, type Configuration } from "./streaming/init-segment.ts";
import { planMediaSegment } from "./streaming/media-segment.ts";
import { streamedTracks, type StreamTracks } from "./streamed-tracks.ts";
import { StreamMeasure } from "./streaming/stream-measure.ts";
import { streamRange } from "./streaming/stream-range.ts";
import type { StreamedSegment, StreamedStretch, StreamSink } from "./streaming/streamed.ts";

/** One media segment of a stream of files: where it is by the wall clock, milliseconds since 1970, not rounded. */
export interface SegmentOfStream {
  /** The id of its file. */
  readonly id: number;
  /** Its first sample of the file's reference track, from 0. */
  readonly first: number;
  /** Number of the sample behind the last one. */
  readonly end: number;
  readonly startMs: number;
  /** Until the next one starts, or its own samples end. */
  readonly durationMs: number;
  /** Number of the init segment that it needs, from 0: another one where the samples are coded in another way. */
  readonly init: number;
  /** Whether it begins a stretch: what comes before ends elsewhere, or needs another init segment. */
  readonly begins: boolean;
}

/** Files as players by Media Source Extensions take them: init segments and media segments. */
export interface SegmentStream {
  /** Wall clock that the decode times of media segments count from, milliseconds. */
  readonly originMs: number;
  /** RFC 6381, comma separated, of each init segment. */
  readonly codecs: readonly string[];
  /** What each init segment says: equal ones of other streams say the same. */
  readonly configurations: readonly string[];
  /** Pictures a second, the most there are; 0 without a picture. */
  readonly frameRate: number;
  readonly segments: readonly SegmentOfStream[];
  /** An init segment. @throws as getting indexes does */
  init(number: number): Promise<Uint8Array>;
  /** A media segment: movie fragments. @throws as the files' `read` does */
  media(number: number): Promise<Uint8Array>;
}

/** What of files is streamed. */
export interface StreamRange {
  /** Wall clock, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** Length of a media segment, about: whole groups of pictures. Default 2000, milliseconds. */
  readonly segmentMs?: number;
  /** As `SegmentStream.originMs`: a minute before the first picture, or earlier. Default: that. */
  readonly originMs?: number;
}

/** Short: what is read before a picture is shown is at most one of them. */
const SEGMENT_MS = 2000;
/** Decode times cannot be negative, and sound may begin so long before its picture, milliseconds. */
const LEAD_MS = 60_000;

/**
 * Divides files into media segments, in the order of their starts, placed as `planSegments` places them: whole groups of
 * pictures, those at the ends of the range whole. All have the same tracks: the first picture and the first sound, or the
 * pictures alone where a file lacks the sound.
 * @throws BoxcarError `not_recorded` (404) when nothing of them falls into the range; `no_sync_sample`, `encrypted` (409), and as
 *   getting indexes does
 */
export async function streamSegments(
  { core, gapToleranceMs = DEFAULT_GAP_TOLERANCE_MS, sha256 }: SegmentsParts,
  sources: readonly SegmentSource[],
  { startMs, endMs, segmentMs = SEGMENT_MS, originMs: fixedMs }: StreamRange,
): Promise<SegmentStream> {
  const { segments, store, indexes } = recordedSources(sources);
  const inOrder = segments.toSorted((a, b) => a.startMs - b.startMs);
  const asked = inOrder.filter((segment) => reachesInto(segment, { startMs, endMs }));
  const tracks = tracksOf(asked.map((segment) => new TimedSegment(segment)));
  const length: GroupLength = { lengthMs: segmentMs, even: false };
  const queries = new IndexQueries(core, indexes);
  const parts = { core, store, queries, groups: new Groups(core, indexes), gapToleranceMs };
  const list = new List(segmentMs);
  const before: Parameters<typeof streamRange>[4]["before"] = ({ startMs: at }) =>
    Promise.resolve(inOrder.findLast((one) => follows(one, at, gapToleranceMs)));
  if (!(await streamRange(parts, pageOf(asked), { startMs, endMs, tracks, length }, list, { before }))) {
    const message = `Nothing of these files is shown between ${formatTime(startMs)} and ${formatTime(endMs)}.`;
    throw new BoxcarError("not_recorded", message);
  }
  const originMs = fixedMs ?? (list.segments[0]?.startMs ?? 0) - LEAD_MS;
  const byId = new Map(segments.map((segment) => [segment.id, segment]));
  return {
    originMs,
    codecs: list.stretches.map(({ configuration }) => codecsOf(configuration, tracks)),
    configurations: list.stretches.map(({ configuration }) => `${tracks} ${configuration.text}`),
    frameRate: list.measure.frameRate,
    segments: list.segments,
    async init(number) {
      const segment = byId.get(list.stretches[number]?.id ?? 0) ?? noSuch(number);
      return initSegment(core, queries.timed(segment), await indexes.get(segment.id), tracks) ?? noSuch(number);
    },
    async media(number) {
      const { id, first, end } = list.segments[number] ?? noSuch(number);
      const segment = byId.get(id) ?? noSuch(number);
      const name = { startMs: segment.startMs, originMs, tracks, first, end };
      const media = await planMediaSegment({ core, store, indexes, sha256 }, segment, name);
      if (media === undefined) return noSuch(number);
      return gathered(media.read({ offset: 0, length: media.size }), media.size);
    },
  };
}

function noSuch(number: number): never {
  throw new RangeError(`no segment ${String(number)}`);
}

async function* pageOf<T>(page: T): AsyncGenerator<T> {
  yield await Promise.resolve(page);
}

/** The tracks that all files have, pictures before sound. */
function tracksOf(files: readonly TimedSegment[]): StreamTracks {
  const pictured = files.filter(({ summary }) => streamedTracks(summary, "v").length > 0);
  if (pictured.length === 0) return "a";
  return pictured.every(({ summary }) => streamedTracks(summary, "a").length > 0) ? "av" : "v";
}

/** Lists the media segments of a stream. */
class List implements StreamSink {
  readonly segments: SegmentOfStream[] = [];
  /** What each init segment says, and the first recording that has it. */
  readonly stretches: { readonly configuration: Configuration; readonly id: number }[] = [];
  readonly measure: StreamMeasure;
  #begun: StreamedStretch | undefined;
  #init = 0;

  constructor(segmentMs: number) {
    this.measure = new StreamMeasure(segmentMs);
  }

  begin(stretch: StreamedStretch): void {
    this.#begun = stretch;
  }

  add(segment: StreamedSegment): void {
    const { recording, first, end, startMs, durationMs } = segment;
    const begins = this.#begun !== undefined;
    if (this.#begun !== undefined) {
      const { configuration } = this.#begun;
      const known = this.stretches.findIndex((one) => one.configuration.text === configuration.text);
      this.#init = known === -1 ? this.stretches.push({ configuration, id: recording.id }) - 1 : known;
      this.#begun = undefined;
    }
    this.measure.add(segment);
    this.segments.push({ id: recording.id, first, end, startMs, durationMs, init: this.#init, begins });
  }
}
