import {
  type StreamHeader,
  type StreamPart,
  GrowingIndex,
  type PartFacts,
  type IndexedSegment,
  type Core,
  wholeDuration,
} from "../core/index.ts";
import { GROWING, type GrowingSegment, type GrownSegment } from "../catalog/growing.ts";
import type { SpoolFile } from "./spool.ts";

/** Parts of a segment, and bytes of their metadata: its index is made in one turn, of all of them each time that it has grown. */
const MOST_PARTS = 16_384;
const MOST_METADATA = 8 << 20;

/** A segment that is being recorded: a file of the spool and the index of what is in it. */
export class OpenSegment {
  readonly file: SpoolFile;
  readonly #createdMs: number;
  /** The stream's time at which it begins, milliseconds: by its video, if it has any. */
  mediaStartMs: number;
  isVideo: boolean;
  hasSound = false;
  /** Whether parts may still come. */
  isOpen = true;
  /** The stream's time at which its last part ends. */
  mediaEndMs: number;
  /** Wall clock, milliseconds since 1970, not rounded. */
  startMs: number;
  /** What stands before its parts. */
  readonly header: StreamHeader;
  readonly #index: GrowingIndex;

  /** @param facts of its first part */
  constructor(core: Core, file: SpoolFile, facts: PartFacts, startMs: number, createdMs: number) {
    this.file = file;
    this.#createdMs = createdMs;
    this.header = facts.header;
    this.#index = new GrowingIndex(core, facts.header);
    this.mediaStartMs = facts.startMs;
    this.mediaEndMs = facts.startMs;
    this.isVideo = facts.isVideo;
    this.startMs = startMs;
  }

  /** Starts with its first video: what came so far is sound. @param leastMs wall clock of the earliest start, milliseconds since 1970 */
  startWith(video: PartFacts, leastMs: number): void {
    this.startMs = Math.max(leastMs, this.startMs + video.startMs - this.mediaStartMs);
    this.mediaStartMs = video.startMs;
    this.mediaEndMs = video.startMs;
    this.isVideo = true;
  }

  /** Milliseconds that it lasts so far. */
  get durationMs(): number {
    return this.mediaEndMs - this.mediaStartMs;
  }

  /** Parts that are safe. */
  get parts(): number {
    return this.#index.parts;
  }

  /** What its index is made from, of what that may have: from 0 to 1. */
  get fill(): number {
    return Math.max(this.parts / MOST_PARTS, this.#index.metadataBytes / MOST_METADATA);
  }

  /** Takes the next part, and waits until it is safe. @throws BoxcarError as `SpoolFile.append` does */
  async append(part: StreamPart, facts: PartFacts): Promise<void> {
    const placed = this.#index.place(part);
    const header = this.parts === 0 ? [this.header.bytes] : [];
    await this.file.append([...header, ...placed.chunks], this.startMs);
    this.#index.add(placed);
    this.hasSound ||= facts.hasSound;
    if (facts.isVideo === this.isVideo) this.mediaEndMs = Math.max(this.mediaEndMs, facts.endMs);
  }

  /** The index up to the end of a part. @param parts how many, default all */
  index(parts?: number): IndexedSegment {
    return this.#index.build(parts);
  }

  /** As the catalog tells of it while it grows: each part is a version. @param id of its pending row */
  growing(id: number): GrowingSegment {
    const parts = (): number => this.parts;
    const isOpen = (): boolean => this.isOpen;
    return {
      id,
      ...{ streamPath: this.file.entry.streamPath, key: this.file.entry.key },
      get version() {
        return parts();
      },
      get open() {
        return isOpen();
      },
      at: (version) => this.#at(version),
      read: (span) => this.file.read(span),
    };
  }

  #at(version: number): GrownSegment {
    const { index, summary, description } = this.index(version);
    const { format, codecs, durationMs } = description;
    const startMs = Math.floor(this.startMs);
    return {
      ...{ startMs, endMs: startMs + wholeDuration(durationMs), format, codecs, summary, index },
      ...{ size: this.#index.sizeOf(version), etag: `${GROWING}${String(version)}`, identity: this.file.entry.key },
      ...{ eventLevel: null, createdMs: this.#createdMs },
    };
  }
}
