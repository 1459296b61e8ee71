import {
  type StreamHeader,
  type StreamPart,
  GrowingIndex,
  type PartFacts,
  type IndexedSegment,
  type Core,
} from "../core/index.ts";
import type { ByteSpan } from "../base/ports.ts";
import type { SpoolFile } from "./spool.ts";

/** A segment that is being recorded: a file of the spool and the index of what is in it. */
export class OpenSegment {
  readonly file: SpoolFile;
  /** The stream's time at which it begins, milliseconds. */
  readonly mediaStartMs: number;
  readonly isVideo: boolean;
  /** The stream's time at which its last part ends. */
  mediaEndMs: number;
  /** Wall clock, milliseconds since 1970, not rounded. */
  startMs: number;
  readonly #header: StreamHeader;
  readonly #index: GrowingIndex;

  /** @param facts of its first part */
  constructor(core: Core, file: SpoolFile, header: StreamHeader, facts: PartFacts, startMs: number) {
    this.file = file;
    this.#header = header;
    this.#index = new GrowingIndex(core, header);
    this.mediaStartMs = facts.startMs;
    this.mediaEndMs = facts.startMs;
    this.isVideo = facts.isVideo;
    this.startMs = startMs;
  }

  /** Milliseconds that it lasts so far. */
  get durationMs(): number {
    return this.mediaEndMs - this.mediaStartMs;
  }

  /** Parts that are safe. */
  get parts(): number {
    return this.#index.parts;
  }

  /** Takes the next part, and waits until it is safe. @throws BoxcarError as `SpoolFile.append` does */
  async append(part: StreamPart, facts: PartFacts): Promise<void> {
    const { header, chunks } = this.#next(part);
    await this.file.append([...header, ...chunks], this.startMs);
    this.#index.add(part);
    if (facts.isVideo === this.isVideo) this.mediaEndMs = Math.max(this.mediaEndMs, facts.endMs);
  }

  /** The index up to the end of a part. @param parts how many, default all */
  index(parts?: number): IndexedSegment {
    return this.#index.build(parts);
  }

  /** Bytes up to the end of a part. */
  sizeOf(parts: number): number {
    return this.#index.sizeOf(parts);
  }

  /** Yields exactly `span.length` bytes, or throws. */
  read(span: ByteSpan): AsyncIterable<Uint8Array> {
    return this.file.read(span);
  }

  #next(part: StreamPart): { header: Uint8Array[]; chunks: Uint8Array[] } {
    return { header: this.parts === 0 ? [this.#header.bytes] : [], chunks: this.#index.bytesOf(part) };
  }
}
