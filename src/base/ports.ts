/**
 * The ports: what boxcar needs from the machine it runs on, as the smallest structural types that serve.
 * Entry files in `runtime/` make them; nothing else imports a runtime or a vendor.
 */

import type { AheadBudget } from "./ahead.ts";

/** A run of bytes in a stored object or a response body. */
export interface ByteSpan {
  /** First byte, counted from 0. */
  readonly offset: number;
  /** Number of bytes, at least 1. */
  readonly length: number;
}

/** What a store knows about one object. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Opaque version of the content, without quotes. Changes whenever the bytes change. */
  readonly etag: string;
}

/**
 * Where media bytes lie. Objects are immutable: a key is written once and never overwritten.
 *
 * Keys are relative paths of 1 to 1023 bytes with `/` between their parts; no part is empty, `.` or `..`, and none
 * holds a control character or a backslash. Drivers throw `BoxcarError` `bad_key` (400) for any other.
 */
export interface Store {
  /**
   * Writes an object from a stream of chunks and makes it durable before resolving. Nothing is visible under `key`
   * until then, and nothing stays behind when the body throws or the store fails.
   * @param size bytes the body will have, where that is known: saves memory, and a body of another size is refused
   * @throws BoxcarError `object_exists` (409), `size_mismatch` (400), `store_full` (507), `store_failed` (503)
   */
  put(key: string, body: AsyncIterable<Uint8Array>, size?: number): Promise<ObjectInfo>;
  /**
   * Yields exactly `span.length` bytes, or throws. A chunk is only valid until the next one is asked for: drivers reuse
   * their buffers. Ending the iteration early (return) frees everything the read held.
   * @param ifMatch the ETag the object must still have
   * @throws BoxcarError `object_missing` (404), `object_changed` (409), `object_short` (502), `store_failed` (503)
   */
  get(key: string, span: ByteSpan, ifMatch?: string): AsyncIterable<Uint8Array>;
  /** The object's size and ETag, or undefined when there is none. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Removes the object. Removing one that is not there is no error. */
  delete(key: string): Promise<void>;
  /** All objects whose key starts with `prefix`, in no particular order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /**
   * What reading an object ahead of its client is counted in. Absent or undefined where it is at hand: what is asked for comes
   * at once.
   */
  ahead?(key: string): AheadBudget | undefined;
  /** Lets others reach single objects without the store's secret. Absent where the store has no such thing. */
  readonly presign?: Presign | undefined;
}

/** One request that whoever knows it may send to the store, until it expires. */
export interface SignedRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly url: string;
  /** Header fields that must be sent exactly so; for a form, its fields, which stand before the field `file`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

/** Makes signed requests. They are valid for `seconds`, at most 7 days; making one asks the store nothing. */
export interface Presign {
  /** Writes one object of exactly `size` bytes. The store refuses another size or type, and a key that is taken. */
  put(
    key: string,
    object: { readonly size: number; readonly contentType?: string },
    seconds: number,
  ): Promise<SignedRequest>;
  /** Reads one object. @param contentType what the store's answer states instead of the stored type */
  get(key: string, seconds: number, contentType?: string): Promise<SignedRequest>;
  /** Reads what the store makes of one object. @param process as the store's own query parameter says it */
  process?(key: string, process: string, seconds: number): Promise<SignedRequest>;
  /** Writes one object of at most `maxSize` bytes by a form of type `multipart/form-data`, as web pages send it. */
  form?(
    key: string,
    object: { readonly maxSize: number; readonly contentType?: string },
    seconds: number,
  ): Promise<SignedRequest>;
}

/** One structured log line. `fields` never hold secrets. */
export type Log = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Record<string, unknown>,
) => void;

/** How long work goes on: it lets other work have its turn, and ends when nobody waits for it any more. */
export interface Pace {
  /**
   * To be called between the parts of it: waits when it has kept the thread for some time.
   * @param segments how many it is about to work on, default 0: of much work only few are begun at a time
   * @throws BoxcarError `client_gone` (499), `too_many_plans` (429)
   */
  breathe(segments?: number): Promise<void> | undefined;
}

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Clock = () => number;

/** SHA-256. At once where the runtime can: WebCrypto has a thread do it, which takes longer, and waits behind reads of files. */
export type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>;

/**
 * Sends a streamed body of known length. `body` yields chunks that are only valid until the next one is asked for, and
 * in sum exactly the `Content-Length` in `headers`; when it throws, the connection must be destroyed, never ended.
 * @param env what the runtime handed to the app with the request (its own objects, opaque to the app)
 */
export type SendStream = (
  env: unknown,
  status: number,
  headers: Headers,
  body: AsyncIterable<Uint8Array>,
) => Response | Promise<Response>;

/** A file on another host that is read by ranges, as `OpenRemote` gives it. */
export interface RemoteFile {
  /** Bytes. */
  readonly size: number;
  /**
   * Yields exactly `span.length` bytes of the file as it was when it was opened, or throws.
   * @throws BoxcarError `remote_unreadable` (400)
   */
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
  /** Ends all reads and connections. */
  close(): void;
}

/**
 * Opens a file by a URL that a user gave. Only public addresses (and hosts the operator lists) are ever connected to,
 * also after redirects.
 * @throws BoxcarError `remote_unreadable` (400), one and the same for whatever went wrong; `busy` (429)
 */
export type OpenRemote = (url: string) => Promise<RemoteFile>;

/** How a picture is to come out. */
export interface PictureShape {
  /** Pixels; 0 follows from the other and the aspect ratio; both 0: as large as the source is presented. */
  readonly width: number;
  readonly height: number;
  readonly format: "jpg" | "png";
  /** `stored`: as coded; `auto`: as the source says; then `portrait` or `landscape` turns it once more if need be. */
  readonly rotation: "stored" | "auto" | "portrait" | "landscape";
}

/** A sheet of small pictures side by side, filled row by row. */
export interface SheetShape {
  readonly columns: number;
  readonly rows: number;
  /** Pixels of one picture, black bars included. Even. */
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes pictures of small MP4 files, outside of this process. Absent where a runtime cannot.
 * @throws BoxcarError `picture_failed` (422), `picture_timeout` (503), `ffmpeg_missing` (501)
 */
export interface PictureDecoder {
  /** The first presented picture of an MP4. */
  still(mp4: AsyncIterable<Uint8Array>, shape: PictureShape): Promise<Uint8Array>;
  /**
   * All pictures of an MP4, one presented at each whole second, as one JPEG. Of several MP4s, each one's first picture:
   * a process for each, so it takes longer.
   */
  sheet(mp4s: readonly AsyncIterable<Uint8Array>[], shape: SheetShape): Promise<Uint8Array>;
}

/** What checking OSS's callbacks takes beyond WebCrypto, which has no MD5. */
export interface OssCallbackKeys {
  /** Fetches one of OSS's public keys (PEM). @param url on gosspublic.alicdn.com, by https */
  readonly fetchKey: (url: string) => Promise<string>;
  /** Checks an RSA signature (PKCS #1 v1.5) over the MD5 digest of `data`; false also for a key that is none. */
  readonly verify: (publicKey: string, data: Uint8Array, signature: Uint8Array) => boolean;
}

/** What an upload may take of a server that others use, too. */
export interface HoldMemory {
  /**
   * Told how many bytes of memory an upload needs in all, before it needs them.
   * @throws BoxcarError `too_many_uploads` (429) when it may not have them now
   */
  (bytes: number): void;
  /** Whose it is: clients take turns where there is one at a time. Default: all who have no name take one turn. */
  readonly client?: string;
}
