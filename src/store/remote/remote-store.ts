import { AheadBudget, type AheadLimits } from "../../base/ahead.ts";
import type { ByteSpan, ObjectInfo, Presign, Store } from "../../base/ports.ts";
import type { CurrentCredentials } from "./credentials.ts";
import { Crc64, summed } from "./crc64.ts";
import { checkKey, isKey } from "../key.ts";
import { checksumMismatch, objectExists, objectTooLarge, storeFailed } from "../object-errors.ts";
import { ofSize } from "../of-size.ts";
import { partsOf, type BodyPart } from "./parts.ts";
import { readResuming, type RemoteRead } from "./read-remote.ts";
import { remoteFailure } from "./remote-failure.ts";
import { RemoteError, type PartUpload, type RemoteObjects, type Written } from "./remote-objects.ts";
import type { Send } from "./send.ts";
import type { Digests } from "./digests.ts";
import { defaultRetryPolicy, withRetries, type RetryPolicy } from "./retry.ts";

/** How a remote store is used. */
export interface RemoteOptions extends Partial<RetryPolicy> {
  /** A body of more bytes is written in parts of this size. Default: 8 MiB; S3 takes no less than 5 MiB. */
  readonly partBytes?: number;
  /** How far downloads may be ahead of their clients. Default: `defaultAheadLimits`. */
  readonly ahead?: AheadLimits;
  /** How requests are sent. Default: by fetch. */
  readonly send?: Send;
  /**
   * For a `send` that fetches more than is taken of an answer: the bytes that all reads together ask for at once. Each asks for
   * its part of them, again and again. Default: each asks once.
   */
  readonly askedBytes?: number | undefined;
  /** What signatures are made with. Default: WebCrypto. */
  readonly digests?: Digests;
  /** What requests are signed with. Default: the credentials of the settings. */
  readonly credentials?: CurrentCredentials | undefined;
}

const PART = 8 * 2 ** 20;
/** A read asks for no less at once, however many there are, bytes. */
const LEAST_ASKED = 64 << 10;
/** S3 and OSS take no more parts. */
const MOST_PARTS = 10_000;

/**
 * Objects of a remote store. A body of up to one part is written by one request, a longer one in parts, of which one is
 * on its way while the next is filled: an upload holds two parts in memory, however long it is.
 */
export class RemoteStore implements Store {
  readonly presign: Presign | undefined;
  readonly #remote: RemoteObjects;
  readonly #policy: RetryPolicy;
  readonly #partBytes: number;
  readonly #ahead: AheadBudget;
  readonly #askedBytes: number;
  #reads = 0;

  constructor(remote: RemoteObjects, options: RemoteOptions = {}) {
    const { partBytes = PART, ahead, askedBytes = Number.POSITIVE_INFINITY, ...policy } = options;
    this.#ahead = new AheadBudget(ahead);
    this.#remote = remote;
    this.#policy = { ...defaultRetryPolicy, ...policy };
    this.#partBytes = partBytes;
    this.#askedBytes = askedBytes;
    this.presign = remote.presign;
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size?: number): Promise<ObjectInfo> {
    checkKey(key);
    const mostBytes = MOST_PARTS * this.#partBytes;
    if (size !== undefined && size > mostBytes) throw objectTooLarge(key, mostBytes);
    const sum = this.#remote.sums === true ? new Crc64() : undefined;
    const sized = ofSize(key, body, size);
    const parts = partsOf(sum === undefined ? sized : summed(sized, sum), this.#partBytes, size);
    try {
      const first = await nextOf(parts);
      if (!first.last) return await this.#putParts(key, first, parts, sum);
      const written = await this.#write(key, first.bytes);
      await this.#compare(key, written, sum);
      return { key, size: first.bytes.length, etag: written.etag };
    } finally {
      await parts.return();
    }
  }

  async *get(key: string, span: ByteSpan, ifMatch?: string): AsyncGenerator<Uint8Array, void, undefined> {
    let read: RemoteRead = { key: checkKey(key), span, ifMatch };
    const end = span.offset + span.length;
    this.#reads++;
    try {
      for (let { offset } = span; ; offset = read.span.offset + read.span.length) {
        const most = Math.max(LEAST_ASKED, Math.floor(this.#askedBytes / this.#reads));
        read = { ...read, span: { offset, length: Math.min(end - offset, most) } };
        const etag = yield* readResuming(this.#remote, this.#policy, read);
        if (read.span.offset + read.span.length === end) return;
        read = { ...read, ifMatch: etag };
      }
    } finally {
      this.#reads--;
    }
  }

  ahead(): AheadBudget {
    return this.#ahead;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    checkKey(key);
    const found = await this.#send(key, (signal) => this.#remote.head(key, signal));
    return found && { key, size: found.size, etag: found.etag };
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#send(key, (signal) => this.#remote.remove(key, signal));
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    let next: string | undefined;
    do {
      const after: string | undefined = next;
      const page = await this.#send(prefix, (signal) => this.#remote.page(prefix, after, signal));
      for (const info of page.objects) {
        // What is listed may be deleted: a store that leaves out the prefix would have everything deleted.
        if (!info.key.startsWith(prefix))
          throw storeFailed(prefix, `its listing names ${info.key}, which is elsewhere`);
        // Others may have put objects there whose keys are none of boxcar's.
        if (isKey(info.key)) yield info;
      }
      if (page.next === after && after !== undefined) throw storeFailed(prefix, "its listing does not advance");
      next = page.next;
    } while (next !== undefined);
  }

  /** Writes an object by one request. */
  async #write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<Written> {
    const mark = crypto.randomUUID();
    return this.#send(
      key,
      async (signal, attempt) => {
        try {
          return await this.#remote.write(key, bytes, mark, signal);
        } catch (cause) {
          return this.#unlessOurs(key, mark, attempt, cause);
        }
      },
      this.#policy.writeMs,
    );
  }

  /** Removes what the store has written otherwise than it was sent. @throws BoxcarError `checksum_mismatch` (502) */
  async #compare(key: string, { crc64 }: Written, sum: Crc64 | undefined): Promise<void> {
    const sent = sum?.toString();
    if (sent === undefined || crc64 === undefined || crc64 === sent) return;
    await this.#send(key, (signal) => this.#remote.remove(key, signal)).catch(() => undefined);
    throw checksumMismatch(key, sent, crc64);
  }

  async #putParts(
    key: string,
    first: BodyPart,
    rest: AsyncIterator<BodyPart>,
    sum: Crc64 | undefined,
  ): Promise<ObjectInfo> {
    // Not every store can refuse a taken key when an upload is completed. Keys are fresh, so asking before is enough to
    // notice a mistake; see docs/stores.md.
    if ((await this.head(key)) !== undefined) throw objectExists(key);
    const mark = crypto.randomUUID();
    const id = await this.#send(key, (signal) => this.#remote.begin(key, mark, signal));
    const upload = { key, id };
    try {
      const { etags, size } = await this.#writeParts(upload, first, rest);
      await this.#complete(upload, mark, etags);
      const found = await this.#send(key, (signal) => this.#remote.head(key, signal));
      if (found?.size !== size || found.mark !== mark) {
        throw storeFailed(key, "what it holds after the upload is not what was sent");
      }
      await this.#compare(key, found, sum);
      return { key, size, etag: found.etag };
    } catch (cause) {
      // What cannot be aborted either is left to the bucket's rule for unfinished uploads.
      await this.#send(key, (signal) => this.#remote.abort(upload, signal)).catch(() => undefined);
      throw cause;
    }
  }

  async #writeParts(
    upload: PartUpload,
    first: BodyPart,
    rest: AsyncIterator<BodyPart>,
  ): Promise<{ etags: readonly string[]; size: number }> {
    const etags: string[] = [];
    let size = 0;
    for (let part = first; ;) {
      if (etags.length === MOST_PARTS) throw objectTooLarge(upload.key, MOST_PARTS * this.#partBytes);
      const number = etags.length + 1;
      const { bytes } = part;
      const writing = this.#send(
        upload.key,
        (signal) => this.#remote.writePart(upload, number, bytes, signal),
        this.#policy.writeMs,
      );
      writing.catch(() => undefined); // met below, after the body's next part
      const next = part.last ? undefined : await nextOf(rest);
      etags.push(await writing);
      size += bytes.length;
      if (next === undefined) return { etags, size };
      part = next;
    }
  }

  async #complete(upload: PartUpload, mark: string, etags: readonly string[]): Promise<void> {
    await this.#send(
      upload.key,
      async (signal, attempt) => {
        try {
          await this.#remote.complete(upload, etags, signal);
        } catch (cause) {
          await this.#unlessOurs(upload.key, mark, attempt, cause);
        }
      },
      this.#policy.writeMs,
    );
  }

  /** What is told of the object when an earlier attempt wrote it and only its answer was lost; else throws `cause`. */
  async #unlessOurs(key: string, mark: string, attempt: number, cause: unknown): Promise<Written> {
    const isTold = cause instanceof RemoteError && (cause.kind === "exists" || cause.kind === "missing");
    if (attempt === 1 || !isTold) throw cause;
    const found = await this.#send(key, (signal) => this.#remote.head(key, signal));
    if (found?.mark !== mark) throw cause;
    return found;
  }

  async #send<T>(
    key: string,
    send: (signal: AbortSignal, attempt: number) => Promise<T>,
    limitMs = this.#policy.answerMs,
  ): Promise<T> {
    try {
      return await withRetries(this.#policy, limitMs, send);
    } catch (cause) {
      throw remoteFailure(key, cause);
    }
  }
}

async function nextOf(parts: AsyncIterator<BodyPart>): Promise<BodyPart> {
  const { value } = (await parts.next()) as IteratorYieldResult<BodyPart>;
  return value;
}
