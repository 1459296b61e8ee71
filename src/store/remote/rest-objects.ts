import type { ByteSpan, ObjectInfo, Presign } from "../../base/ports.ts";
import {
  MARK,
  RemoteError,
  type OpenedObject,
  type PartUpload,
  type RemoteInfo,
  type RemoteObjects,
  type RemotePage,
  type Written,
} from "./remote-objects.ts";

import type { Answer } from "./send.ts";
import { contentSpan } from "./content-range.ts";
import { contentTypeOf } from "../content-type.ts";
import { etagOf, kindOfRefusal, retryAfterMs } from "./bucket-answer.ts";
import { elements, escapeXml, textOf } from "./xml.ts";

/** One request of the REST interface that S3 and OSS share. */
export interface RestRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Empty for requests about the bucket. */
  readonly key: string;
  /** A name without a value has an empty one. */
  readonly query: Readonly<Record<string, string>>;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/** Signs and sends a request, and follows no redirect. */
export type SignedSend = (request: RestRequest, signal: AbortSignal) => Promise<Answer>;

/** Where S3 and OSS differ. */
export interface RestDialect {
  /** Starts the names of header fields that are kept with an object. */
  readonly meta: string;
  /** Asks that a write fails when the key is taken. */
  readonly createOnly: Readonly<Record<string, string>>;
  /** Goes with every ranged read. */
  readonly ranged: Readonly<Record<string, string>>;
  /** Header field of answers that tells the CRC-64 of an object. */
  readonly crc64?: string;
}

/** The S3 dialect (https://docs.aws.amazon.com/AmazonS3/latest/API). */
export const s3Dialect: RestDialect = {
  meta: "x-amz-meta-",
  createOnly: { "if-none-match": "*" },
  ranged: {},
};

/** The OSS dialect (https://help.aliyun.com/zh/oss/developer-reference). */
export const ossDialect = {
  meta: "x-oss-meta-",
  createOnly: { "x-oss-forbid-overwrite": "true" },
  // Without it, OSS answers a range past the end with the whole object.
  ranged: { "x-oss-range-behavior": "standard" },
  crc64: "x-oss-hash-crc64ecma",
} satisfies RestDialect;

/** Objects over the REST interface of S3 or OSS. */
export class RestObjects implements RemoteObjects {
  readonly presign?: Presign;
  readonly sums: boolean;
  readonly #signed: SignedSend;
  readonly #dialect: RestDialect;

  constructor(send: SignedSend, dialect: RestDialect, presign?: Presign) {
    this.#signed = send;
    this.#dialect = dialect;
    this.sums = dialect.crc64 !== undefined;
    if (presign !== undefined) this.presign = presign;
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>, mark: string, signal: AbortSignal): Promise<Written> {
    const headers = {
      ...this.#dialect.createOnly,
      "content-type": contentTypeOf(key),
      [this.#dialect.meta + MARK]: mark,
    };
    const response = await this.#send({ method: "PUT", key, query: {}, headers, body: bytes }, signal);
    response.drop();
    return { etag: etagOf(response.field("etag")), crc64: this.#crc64(response) };
  }

  async begin(key: string, mark: string, signal: AbortSignal): Promise<string> {
    const headers = { "content-type": contentTypeOf(key), [this.#dialect.meta + MARK]: mark };
    const response = await this.#send({ method: "POST", key, query: { uploads: "" }, headers }, signal);
    const id = textOf(await response.text(), "UploadId");
    if (id === undefined) throw new RemoteError("refused", "it began an upload without naming it");
    return id;
  }

  async writePart(
    { key, id }: PartUpload,
    number: number,
    bytes: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<string> {
    const query = { partNumber: String(number), uploadId: id };
    // A runtime would add a type of its own, which OSS takes for signed.
    const headers = { "content-type": "application/octet-stream" };
    const response = await this.#send({ method: "PUT", key, query, headers, body: bytes }, signal);
    response.drop();
    return etagOf(response.field("etag"));
  }

  async complete({ key, id }: PartUpload, etags: readonly string[], signal: AbortSignal): Promise<void> {
    const parts = etags.map(
      (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(`"${etag}"`)}</ETag></Part>`,
    );
    const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    const headers = { ...this.#dialect.createOnly, "content-type": "application/xml" };
    const request: RestRequest = { method: "POST", key, query: { uploadId: id }, headers, body };
    const response = await this.#send(request, signal);
    // S3 may answer 200 before it knows how it ends.
    const xml = await response.text();
    if (xml.includes("<Error>")) throw refusalOf(request, 200, xml, response);
  }

  async abort({ key, id }: PartUpload, signal: AbortSignal): Promise<void> {
    await this.#gone({ method: "DELETE", key, query: { uploadId: id }, headers: {} }, signal);
  }

  async open(key: string, span: ByteSpan, ifMatch: string | undefined, signal: AbortSignal): Promise<OpenedObject> {
    const headers = {
      range: `bytes=${span.offset}-${span.offset + span.length - 1}`,
      ...this.#dialect.ranged,
      ...(ifMatch === undefined ? {} : { "if-match": `"${ifMatch}"` }),
    };
    const response = await this.#send({ method: "GET", key, query: {}, headers }, signal);
    try {
      const etag = etagOf(response.field("etag"));
      const there = contentSpan(response.status, response.field("content-range"), response.field("content-length"));
      return { etag, span: there, body: response.chunks() };
    } catch (cause) {
      response.drop();
      throw cause;
    }
  }

  async head(key: string, signal: AbortSignal): Promise<RemoteInfo | undefined> {
    const response = await this.#answer({ method: "HEAD", key, query: {}, headers: {} }, signal, [404]);
    if (response === undefined) return undefined;
    const size = Number(response.field("content-length") ?? Number.NaN);
    if (!Number.isSafeInteger(size)) throw new RemoteError("refused", "it does not say how large the object is");
    const mark = response.field(this.#dialect.meta + MARK) ?? undefined;
    return { key, size, etag: etagOf(response.field("etag")), mark, crc64: this.#crc64(response) };
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    await this.#gone({ method: "DELETE", key, query: {}, headers: {} }, signal);
  }

  async page(prefix: string, after: string | undefined, signal: AbortSignal): Promise<RemotePage> {
    const query = {
      "list-type": "2",
      "max-keys": "1000",
      ...(prefix === "" ? {} : { prefix }),
      ...(after === undefined ? {} : { "continuation-token": after }),
    };
    const response = await this.#send({ method: "GET", key: "", query, headers: {} }, signal);
    const xml = await response.text();
    const objects = elements(xml, "Contents").map(infoOf);
    const isTruncated = textOf(xml, "IsTruncated") === "true";
    return { objects, next: isTruncated ? textOf(xml, "NextContinuationToken") : undefined };
  }

  #crc64(response: Answer): string | undefined {
    return (this.#dialect.crc64 === undefined ? null : response.field(this.#dialect.crc64)) ?? undefined;
  }

  /** Sends a request that must succeed. */
  async #send(request: RestRequest, signal: AbortSignal): Promise<Answer> {
    const response = await this.#answer(request, signal, []);
    if (response === undefined) throw new RemoteError("missing", "there is no such object");
    return response;
  }

  /** Sends a request to remove something, which may be gone already. */
  async #gone(request: RestRequest, signal: AbortSignal): Promise<void> {
    const response = await this.#answer(request, signal, [404]);
    response?.drop();
  }

  /** Sends a request; undefined when the answer has one of the statuses that say that there is nothing. */
  async #answer(request: RestRequest, signal: AbortSignal, absent: readonly number[]): Promise<Answer | undefined> {
    const response = await this.#signed(request, signal);
    if (response.status >= 200 && response.status < 300) return response;
    const xml = await response.text();
    const code = textOf(xml, "Code");
    if (absent.includes(response.status) && code !== "NoSuchBucket") return undefined;
    throw refusalOf(request, response.status, xml, response);
  }
}

function refusalOf({ method }: RestRequest, status: number, xml: string, answer: Answer): RemoteError {
  const code = textOf(xml, "Code") ?? "";
  const said = [`status ${status}`, code, textOf(xml, "Message") ?? ""].filter((part) => part !== "").join(", ");
  const again = { retryAfterMs: retryAfterMs(answer.field("retry-after")) };
  return new RemoteError(kindOfRefusal(method === "GET", status, code), `it answered with ${said}`, again);
}

function infoOf(contents: string): ObjectInfo {
  const key = textOf(contents, "Key") ?? "";
  return { key, size: Number(textOf(contents, "Size")), etag: etagOf(textOf(contents, "ETag")) };
}
