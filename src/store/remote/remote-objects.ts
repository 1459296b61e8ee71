import type { ByteSpan, ObjectInfo, Presign } from "../../base/ports.ts";

/** What single requests to a remote store do. Retries, resumes and checks are `RemoteStore`'s. */

/** An answer of the store that opens an object's bytes, as the store describes it. */
export interface OpenedObject {
  /** Without quotes. */
  readonly etag: string;
  /** The span the store says its body has, which need not be the one that was asked for. */
  readonly span: ByteSpan;
  /** Ends early, or throws, when the connection breaks or the signal is aborted. Returning it frees the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What the mark of an object's writer is called among what is kept with the object. */
export const MARK = "boxcar-mark";

/** What a store says of an object that it has written. */
export interface Written {
  readonly etag: string;
  /** CRC-64 (ECMA-182) of its bytes, decimal; undefined where the store tells none. */
  readonly crc64?: string | undefined;
}

/** What a store says about one object. */
export interface RemoteInfo extends ObjectInfo, Written {
  /** The mark its writer gave it; undefined for objects written by others. */
  readonly mark: string | undefined;
}

/** Some objects of a listing. */
export interface RemotePage {
  readonly objects: readonly ObjectInfo[];
  /** Names the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/**
 * A remote store: every call is one request, and is not repeated. A call fails with a `RemoteError`, or with anything
 * else when the network fails. All ETags are without quotes. `mark` is kept with the object, so that a writer whose answer
 * got lost can tell its own object from another's.
 */
export interface RemoteObjects {
  /** Whether the store tells the CRC-64 of what it has written. */
  readonly sums?: boolean;
  /** Writes an object unless the key is taken. */
  write(key: string, bytes: Uint8Array<ArrayBuffer>, mark: string, signal: AbortSignal): Promise<Written>;
  /** Begins an upload in parts. @returns what names it */
  begin(key: string, mark: string, signal: AbortSignal): Promise<string>;
  /** Writes part `number`, counted from 1. @returns the part's ETag */
  writePart(upload: PartUpload, number: number, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<string>;
  /** Makes an object of the parts unless the key is taken, as far as the store can tell. */
  complete(upload: PartUpload, etags: readonly string[], signal: AbortSignal): Promise<void>;
  /** Drops an upload in parts and what it holds. */
  abort(upload: PartUpload, signal: AbortSignal): Promise<void>;
  /** Opens a span; with `ifMatch` only of the object with that ETag. */
  open(key: string, span: ByteSpan, ifMatch: string | undefined, signal: AbortSignal): Promise<OpenedObject>;
  head(key: string, signal: AbortSignal): Promise<RemoteInfo | undefined>;
  /** Removes an object; one that is not there is no error. */
  remove(key: string, signal: AbortSignal): Promise<void>;
  /** @param after `next` of the page before; undefined for the first */
  page(prefix: string, after: string | undefined, signal: AbortSignal): Promise<RemotePage>;
  readonly presign?: Presign;
}

/** Names an upload in parts. */
export interface PartUpload {
  readonly key: string;
  readonly id: string;
}

/** What a refused request means. */
export type RemoteErrorKind =
  /** There is no such object (or no such upload). */
  | "missing"
  /** The object has another ETag. */
  | "changed"
  /** The key is taken. */
  | "exists"
  /** The span begins past the end. */
  | "short"
  /** No room. */
  | "full"
  /** The same request may succeed later: 429, 5xx, a timeout. */
  | "again"
  /** Anything else; repeating it is of no use. */
  | "refused";

/** A request that a remote store did not fulfil. The message is a sentence's end, without a full stop and secrets. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly kind: RemoteErrorKind;
  /** How long the store asks to wait before the request is repeated. */
  readonly retryAfterMs: number;

  constructor(kind: RemoteErrorKind, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
