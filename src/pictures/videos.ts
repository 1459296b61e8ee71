import { ByteCache } from "../byte-cache.ts";
import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../errors.ts";
import { indexObject } from "../indexer/index-object.ts";
import { describeIndex } from "../indexer/describe.ts";
import { IndexCache } from "../plan/index-cache.ts";
import type { FrameParts } from "../plan/plan-frames.ts";
import type { ByteSpan, Store } from "../platform.ts";
import type { Core } from "../wasm/module.ts";

/** A video file of which pictures can be taken; its time starts at 0. */
export interface Video {
  readonly parts: FrameParts;
  /** The whole file, as if it had been recorded at 1970-01-01T00:00:00Z. */
  readonly segment: Segment;
}

/** A file that is read by ranges. */
export interface RangedFile {
  /** Names it, and its version, among all files. */
  readonly key: string;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
}

/** Metadata a file may have: a day in one file has about 70 MB. */
const METADATA_LIMIT = 96 << 20;
/** Indexes of files outside of the catalog that are kept. */
const INDEX_BYTES = 8 << 20;

/** Opens video files that are no recordings: what is needed to find one picture is their metadata, read once. */
export class Videos {
  readonly #core: Core;
  readonly #store: Store;
  readonly #indexes = new ByteCache(INDEX_BYTES);

  constructor(core: Core, store: Store) {
    this.#core = core;
    this.#store = store;
  }

  /** @throws BoxcarError `object_missing` (404), and as `ofFile` does */
  async ofObject(key: string): Promise<Video> {
    const info = await this.#store.head(key);
    if (info === undefined) {
      const message = `There is no file ${key.slice(0, 200)}. Check its name.`;
      throw new BoxcarError("object_missing", 404, message, { key });
    }
    return this.ofFile({ ...info, read: (span) => this.#store.get(key, span, info.etag) }, true);
  }

  /**
   * @param keep whether the file's index may be kept under its key and ETag
   * @throws BoxcarError as `indexObject` and `read` do
   */
  async ofFile(file: RangedFile, keep: boolean): Promise<Video> {
    const name = JSON.stringify([file.key, file.etag]);
    let index = keep ? this.#indexes.get(name) : undefined;
    if (index === undefined) {
      const limits = { metadataBytes: METADATA_LIMIT };
      index = (await indexObject(this.#core, file.size, (span) => bytesOf(file.read(span), span), limits)).index;
      if (keep) this.#indexes.set(name, index);
    }
    const known = index;
    const { summary, description } = describeIndex(known);
    const { format, codecs, durationMs } = description;
    const { key, etag, size } = file;
    const segment: Segment = {
      ...{ id: 1, streamPath: "file", startMs: 0, endMs: Math.ceil(durationMs), format, codecs, key, size, etag },
      ...{ eventLevel: null, summary, createdMs: 0 },
    };
    const store: Pick<Store, "get"> = { get: (_key, span) => file.read(span) };
    const indexes = new IndexCache(() => Promise.resolve(new Map([[segment.id, known]])));
    return { parts: { core: this.#core, store, indexes }, segment };
  }
}

/** All bytes of a read, in memory of their own. */
async function bytesOf(chunks: AsyncIterable<Uint8Array>, { length }: ByteSpan): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
