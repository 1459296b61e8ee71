import { concatenated } from "../../base/bytes.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { UploadClaim, StoredUpload, Upload, UploadArea, UploadMedia } from "../../catalog/upload-rows.ts";
import { BoxcarError } from "../../base/errors.ts";
import { StreamIndexer, type Core, type IndexedSegment } from "../../core/index.ts";
import type { Clock, HoldMemory, Store } from "../../base/ports.ts";
import { removeObject } from "../../store/remove.ts";
import { keepLease, UPLOAD_LEASE_MS } from "../lease.ts";
import { passInto, type PassingReader } from "../passing.ts";
import { HEAD_SIZE, kindOf, type FileKind } from "./file-kind.ts";

/** What taking in files needs. */
export interface UploadParts {
  readonly catalog: Catalog;
  /** Where the files of each area go. */
  readonly areas: Readonly<Record<UploadArea, Store | undefined>>;
  readonly core: Core;
  readonly clock: Clock;
}

/** One file on its way in. */
export interface IncomingFile {
  /** The sender's name for it: shown and never trusted. */
  readonly fileName: string;
  /** A chunk is only used until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes, where that is known. */
  readonly size?: number | undefined;
  /** Told of the memory that its metadata takes. */
  readonly hold?: HoldMemory | undefined;
}

/** Where a file is to go. */
export interface Destination {
  readonly area: UploadArea;
  /** Makes the key. @param ending with its dot */
  readonly keyOf: (ending: string) => string;
}

/**
 * Takes in files of one request. Each goes to its store in one pass, while the indexer reads along; none is to be had
 * before `finish`, and `undo` leaves nothing of them.
 */
export class Receiver {
  readonly #parts: UploadParts;
  readonly #begun: { readonly id: number; readonly area: UploadArea; readonly key: string }[] = [];
  readonly #received: Omit<StoredUpload, "imageClassId">[] = [];
  #endLease: (() => void) | undefined;

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  /** How many files have been taken in. */
  get count(): number {
    return this.#received.length;
  }

  /**
   * Takes in one file.
   * @returns its key
   * @throws BoxcarError `unsupported_type` (415), `empty_file` (400), and as `file.body`, the store and the catalog do
   */
  async receive(file: IncomingFile, { area, keyOf }: Destination): Promise<string> {
    const { catalog, clock } = this.#parts;
    const store = storeOf(this.#parts, area);
    const { head, body } = await splitHead(file.body, HEAD_SIZE);
    if (head.length === 0) throw emptyFile(file.fileName);
    const kind = await kindOf(head, file.fileName);
    const key = keyOf(kind.ending);
    const nowMs = clock();
    const id = await catalog.uploads.begin({
      ...{ area, key, imageClassId: 0, contentType: kind.contentType, size: 0 },
      ...{ createdMs: nowMs, untilMs: nowMs + UPLOAD_LEASE_MS },
    });
    this.#begun.push({ id, area, key });
    this.#endLease ??= keepLease(() => this.#renew());
    const reader = new MovieReader(this.#parts.core, kind, file.hold);
    const { info, read } = await passInto(store, key, { sent: "file", body, size: file.size }, reader);
    const { size, etag } = info;
    this.#received.push({ id, contentType: kind.contentType, size, etag, ...mediaOf(read) });
    return key;
  }

  /**
   * Makes everything that was taken in available at once.
   * @param claim what stands or falls with that
   * @throws BoxcarError `upload_expired` (409), and as the catalog does
   */
  async finish(imageClassId: number, claim?: UploadClaim): Promise<Upload[]> {
    this.#endLease?.();
    const files = this.#received.map((file) => ({ ...file, imageClassId }));
    return this.#parts.catalog.uploads.complete(files, claim);
  }

  #renew(): Promise<unknown> {
    const ids = this.#begun.map(({ id }) => id);
    return this.#parts.catalog.uploads.extend(ids, this.#parts.clock() + UPLOAD_LEASE_MS);
  }

  /** Takes back what was taken in. The reconciler does what fails here. */
  async undo(): Promise<void> {
    this.#endLease?.();
    for (const { id, area, key } of this.#begun) {
      try {
        await this.#parts.catalog.uploads.expire(id);
        await removeObject(storeOf(this.#parts, area), key);
        await this.#parts.catalog.uploads.forget(id);
      } catch {
        // The row stays for the reconciler.
      }
    }
  }
}

/** The store of an area. @throws BoxcarError `not_available` (501) when this runtime has none */
export function storeOf({ areas }: Pick<UploadParts, "areas">, area: UploadArea): Store {
  const store = areas[area];
  if (store !== undefined) return store;
  const message = "This server has no disk for public files. Use POST /api/chat/uploadAliyun, which goes to the store.";
  throw new BoxcarError("not_available", message);
}

/** Indexes a movie. One that cannot be indexed is a file like any other: it is kept, without what an index would tell. */
class MovieReader implements PassingReader<IndexedSegment | undefined> {
  #indexer: StreamIndexer | undefined;

  constructor(core: Core, kind: FileKind, hold: HoldMemory | undefined) {
    if (kind.movie) this.#indexer = new StreamIndexer(core, { hold });
  }

  push(chunk: Uint8Array): void {
    try {
      this.#indexer?.push(chunk);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Undefined for other files, and for movies that cannot be indexed. */
  async end(): Promise<IndexedSegment | undefined> {
    try {
      return await this.#indexer?.endAside();
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  #giveUp(error: unknown): void {
    if (!(error instanceof BoxcarError) || error.code === "too_many_uploads") throw error;
    this.#indexer = undefined;
  }
}

/** What a row keeps of an index. */
export function mediaOf(indexed: IndexedSegment | undefined): {
  media: UploadMedia | undefined;
  index: Uint8Array | undefined;
} {
  if (indexed === undefined) return { media: undefined, index: undefined };
  const { width, height, durationMs, codecs } = indexed.description;
  return { media: { width, height, duration: Math.round(durationMs) / 1000, codecs }, index: indexed.index };
}

function emptyFile(fileName: string): BoxcarError {
  const name = JSON.stringify(fileName.slice(0, 100));
  return new BoxcarError("empty_file", `The file ${name} is empty. Choose it again and upload it.`);
}

/** Reads the first bytes of a body; `body` gives all of it, these included. */
export async function splitHead(
  source: AsyncIterable<Uint8Array>,
  size: number,
): Promise<{ head: Uint8Array; body: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const chunk = await iterator.next();
    if (chunk.done === true) break;
    // A copy: the chunk is gone once the next one is asked for. `slice` makes none of a Node Buffer.
    chunks.push(new Uint8Array(chunk.value));
    length += chunk.value.length;
  }
  const head = concatenated(chunks);
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      yield head;
      for (;;) {
        const chunk = await iterator.next();
        if (chunk.done === true) return;
        yield chunk.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: head.subarray(0, size), body: body() };
}
