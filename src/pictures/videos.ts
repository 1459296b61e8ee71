import { Breather } from "../base/breather.ts";
import { gathered } from "../base/bytes.ts";
import { indexObject, summaryOf, type Core, type RecordedSegment, type SegmentSource } from "../core/index.ts";
import { LruMap } from "../base/lru-map.ts";
import type { ByteSpan } from "../base/ports.ts";
import { segmentsBefore, type SharingParts } from "../recordings/plan-range.ts";
import type { ShownSegment } from "./shown-at.ts";

/** A video of which pictures can be taken. */
export interface Video extends SegmentSource {
  /** Names it among all videos. */
  readonly key: string;
  /** Its version; empty when that is not known, and then nothing is kept of it. */
  readonly etag: string;
}

/** A picture of a video that is wanted. */
export interface VideoMoment {
  readonly video: Video;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  /** Recordings that its first pictures are decoded from, in order. Default: none. */
  readonly before?: readonly Video[];
}

/** A file that is read by ranges. */
export interface RangedFile extends Pick<Video, "key" | "etag"> {
  /** Bytes. */
  readonly size: number;
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
}

/** Metadata a file may have: a day in one file has about 70 MB. */
const METADATA_LIMIT = 96 << 20;
/** Indexes of files outside of the catalog that are kept. */
const INDEX_BYTES = 8 << 20;

/** Opens video files that are no recordings: to find a picture takes their metadata, which is read once. */
export class Videos {
  readonly #core: Core;
  readonly #indexes = new LruMap<string, Uint8Array>(
    INDEX_BYTES,
    ({ buffer }, name) => buffer.byteLength + 2 * name.length,
  );

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Opens a file; its time starts at 0.
   * @param indexOf the file's index where one is kept elsewhere; without one it is made from the file
   * @throws BoxcarError as `indexObject` and `read` do
   */
  async open(file: RangedFile, indexOf: () => Promise<Uint8Array | undefined>): Promise<Video> {
    const { key, etag } = file;
    const name = JSON.stringify([key, etag]);
    const index = this.#indexes.get(name) ?? (await indexOf()) ?? (await this.#index(file));
    if (etag !== "") this.#indexes.set(name, index);
    return { key, etag, startMs: 0, index, summary: summaryOf(index), read: (span) => file.read(span) };
  }

  async #index(file: RangedFile): Promise<Uint8Array> {
    const read = (span: ByteSpan): Promise<Uint8Array> => gathered(file.read(span), span.length);
    return (await indexObject(this.#core, file.size, read, { metadataBytes: METADATA_LIMIT })).index;
  }
}

/** What recorded segments are found and read with. */
type RecordedParts = Pick<SharingParts, "catalog" | "gapToleranceMs" | "store" | "indexes">;

/** A moment of a recorded segment. */
export async function recordedMoment(
  parts: RecordedParts,
  shown: ShownSegment,
  signal?: AbortSignal,
): Promise<VideoMoment> {
  const [moment] = await recordedMoments(parts, [shown], signal);
  return moment ?? { video: recordedVideo(parts, shown.segment, []), atMs: shown.atMs };
}

/**
 * Moments of recorded segments, whose indexes are fetched together.
 * @param signal aborted when the client has gone
 * @throws BoxcarError `client_gone` (499)
 */
export async function recordedMoments(
  parts: RecordedParts,
  shown: readonly ShownSegment[],
  signal?: AbortSignal,
): Promise<VideoMoment[]> {
  const pace = new Breather(signal);
  const ids = [...new Set(shown.map(({ segment }) => segment.id))];
  const videos = new Map<number, Pick<VideoMoment, "video" | "before">>();
  const moments: VideoMoment[] = [];
  for (const { segment, atMs } of shown) {
    const { id } = segment;
    let found = videos.get(id);
    if (found === undefined) {
      const lead = await segmentsBefore(parts, segment, pace);
      const before = lead.map((earlier) => recordedVideo(parts, earlier, []));
      found = { video: recordedVideo(parts, segment, ids.slice(ids.indexOf(id) + 1)), before };
      videos.set(id, found);
    }
    moments.push({ ...found, atMs });
  }
  return moments;
}

function recordedVideo(
  { store, indexes }: RecordedParts,
  { id, key, etag, startMs, summary }: RecordedSegment,
  upcoming: readonly number[],
): Video {
  const index = (): Promise<Uint8Array> => indexes.get(id, upcoming);
  return { id, key, etag, startMs, summary, index, read: (span) => store.get(key, span, etag) };
}
