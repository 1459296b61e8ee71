import { gathered } from "../base/bytes.ts";
import type { RecordedSegment } from "../core/segment.ts";
import { recordedFiles } from "../core/plan-segments.ts";
import { indexObject } from "../core/indexing/index-object.ts";
import { LruMap } from "../base/lru-map.ts";
import type { FrameParts } from "../core/frames.ts";
import type { ByteSpan } from "../base/ports.ts";
import type { Core } from "../core/wasm/module.ts";

/** A video file of which pictures can be taken; its time starts at 0. */
export interface Video {
  readonly parts: FrameParts;
  /** The whole file, as if it had been recorded at 1970-01-01T00:00:00Z. */
  readonly segment: RecordedSegment;
}

/** A file that is read by ranges. */
export interface RangedFile {
  /** Names it among all files. */
  readonly key: string;
  /** Its version; empty when that is not known, and then nothing is kept of it. */
  readonly etag: string;
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
   * @param indexOf the file's index where one is kept elsewhere; without one it is made from the file
   * @throws BoxcarError as `indexObject` and `read` do
   */
  async open(file: RangedFile, indexOf: () => Promise<Uint8Array | undefined>): Promise<Video> {
    const { key, etag } = file;
    const name = JSON.stringify([key, etag]);
    const index = this.#indexes.get(name) ?? (await indexOf()) ?? (await this.#index(file));
    if (etag !== "") this.#indexes.set(name, index);
    const read = (span: ByteSpan): AsyncIterable<Uint8Array> => file.read(span);
    const { segments, store, indexes } = recordedFiles([{ index, startMs: 0, key, etag, read }]);
    const [segment] = segments;
    if (segment === undefined) throw new Error("a file has no segment");
    return { parts: { core: this.#core, store, indexes }, segment };
  }

  async #index(file: RangedFile): Promise<Uint8Array> {
    const read = (span: ByteSpan): Promise<Uint8Array> => gathered(file.read(span), span.length);
    return (await indexObject(this.#core, file.size, read, { metadataBytes: METADATA_LIMIT })).index;
  }
}
