import type { ByteSpan, Store } from "../base/ports.ts";
import { chunksOf } from "./remote/chunks.ts";
import {
  RemoteError,
  type OpenedObject,
  type PartUpload,
  type RemoteErrorKind,
  type RemoteInfo,
  type RemoteObjects,
  type RemotePage,
  type Written,
} from "./remote/remote-objects.ts";
import { RemoteStore, type RemoteOptions } from "./remote/remote-store.ts";

/** What is used of a bound R2 bucket (https://developers.cloudflare.com/r2/api/workers/workers-api-reference). */
export interface R2Bucket {
  head(key: string): Promise<R2Object | null>;
  get(
    key: string,
    options: { range: { offset: number; length: number }; onlyIf?: { etagMatches: string } },
  ): Promise<R2Object | R2Body | null>;
  put(
    key: string,
    value: Uint8Array,
    options: { onlyIf: Headers; customMetadata: Record<string, string> },
  ): Promise<R2Object | null>;
  delete(key: string): Promise<void>;
  list(options: { prefix?: string; cursor?: string }): Promise<R2Page>;
  createMultipartUpload(key: string, options: { customMetadata: Record<string, string> }): Promise<R2Upload>;
  resumeMultipartUpload(key: string, uploadId: string): R2Upload;
}

interface R2Object {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly customMetadata?: Record<string, string>;
}

interface R2Body extends R2Object {
  readonly body: ReadableStream<Uint8Array>;
  readonly range?: { readonly offset?: number; readonly length?: number };
}

interface R2Page {
  readonly objects: readonly R2Object[];
  readonly truncated: boolean;
  readonly cursor?: string;
}

interface R2Upload {
  readonly uploadId: string;
  uploadPart(number: number, value: Uint8Array): Promise<{ partNumber: number; etag: string }>;
  complete(parts: { partNumber: number; etag: string }[]): Promise<R2Object>;
  abort(): Promise<void>;
}

/** An R2 bucket bound to a Worker. It signs no requests: that takes R2's S3 API. */
export function r2Store(bucket: R2Bucket, options?: RemoteOptions): Store {
  return new RemoteStore(new R2Objects(bucket), options);
}

const createOnly = new Headers({ "if-none-match": "*" });

class R2Objects implements RemoteObjects {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>, mark: string): Promise<Written> {
    const options = { onlyIf: createOnly, customMetadata: { mark } };
    const written = await answered(this.#bucket.put(key, bytes, options));
    if (written === null) throw new RemoteError("exists", "the key is taken");
    return { etag: written.etag };
  }

  async begin(key: string, mark: string): Promise<string> {
    return (await answered(this.#bucket.createMultipartUpload(key, { customMetadata: { mark } }))).uploadId;
  }

  async writePart({ key, id }: PartUpload, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    return (await answered(this.#bucket.resumeMultipartUpload(key, id).uploadPart(number, bytes))).etag;
  }

  async complete({ key, id }: PartUpload, etags: readonly string[]): Promise<void> {
    const parts = etags.map((etag, i) => ({ partNumber: i + 1, etag }));
    await answered(this.#bucket.resumeMultipartUpload(key, id).complete(parts));
  }

  async abort({ key, id }: PartUpload): Promise<void> {
    await answered(this.#bucket.resumeMultipartUpload(key, id).abort());
  }

  async open(key: string, span: ByteSpan, ifMatch: string | undefined, signal: AbortSignal): Promise<OpenedObject> {
    const condition = ifMatch === undefined ? {} : { onlyIf: { etagMatches: ifMatch } };
    const found = await answered(this.#bucket.get(key, { range: { ...span }, ...condition })).catch(
      async (cause: unknown) => {
        // Not every version names the error of a range that begins at the end.
        const info = await this.head(key);
        throw info !== undefined && span.offset >= info.size
          ? new RemoteError("short", "it ends before", { cause })
          : cause;
      },
    );
    if (found === null) throw new RemoteError("missing", "there is no such object");
    if (!("body" in found)) throw new RemoteError("changed", `its ETag is ${found.etag}`);
    const { offset = 0, length = found.size - offset } = found.range ?? {};
    // R2 repeats a range that reaches past the end as it was asked for.
    const there = { offset, length: Math.min(length, found.size - offset) };
    return { etag: found.etag, span: there, body: chunksOf(found.body, signal) };
  }

  async head(key: string): Promise<RemoteInfo | undefined> {
    const found = await answered(this.#bucket.head(key));
    if (found === null) return undefined;
    return { key, size: found.size, etag: found.etag, mark: found.customMetadata?.mark };
  }

  async remove(key: string): Promise<void> {
    await answered(this.#bucket.delete(key));
  }

  async page(prefix: string, after: string | undefined): Promise<RemotePage> {
    const from = after === undefined ? {} : { cursor: after };
    const { objects, truncated, cursor } = await answered(
      this.#bucket.list({ ...(prefix === "" ? {} : { prefix }), ...from }),
    );
    const infos = objects.map(({ key, size, etag }) => ({ key, size, etag }));
    return { objects: infos, next: truncated ? cursor : undefined };
  }
}

/** Waits for a call of the binding. R2 tells what went wrong by a number in the message. */
function answered<T>(call: Promise<T>): Promise<T> {
  return call.catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RemoteError(kindOfMessage(message), message, { cause });
  });
}

/** https://developers.cloudflare.com/r2/api/error-codes */
function kindOfMessage(message: string): RemoteErrorKind {
  const code = Number(/\((\d{5})\)/.exec(message)?.[1]);
  if (code === 10039) return "short";
  if (code === 10007 || code === 10024) return "missing";
  // what is wrong with the request itself; anything else may pass
  return code >= 10002 && code <= 10100 && ![10001, 10043, 10054, 10058].includes(code) ? "refused" : "again";
}
