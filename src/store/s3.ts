import { hex } from "../base/bytes.ts";
import { AwsV4Signer } from "aws4fetch";
import type { Presign, SignedRequest, Store } from "../base/ports.ts";
import type { S3Settings, StoreCredentials } from "../config/store-settings.ts";
import { currentCredentials, secondsWithin, type CurrentCredentials } from "./remote/credentials.ts";
import { checkKey } from "./key.ts";
import { RemoteStore, type RemoteOptions } from "./remote/remote-store.ts";
import { RestObjects, s3Dialect, type RestRequest } from "./remote/rest-objects.ts";
import { bucketUrl, sendSigned } from "./remote/send-signed.ts";
import { encodeKey, encodeQuery } from "./remote/uri.ts";

/**
 * A bucket behind the S3 API, on every runtime: AWS, MinIO, Ceph, R2, and what else speaks it. Requests are signed with
 * Signature Version 4, their bodies included.
 */
export function s3Store(settings: S3Settings, options?: RemoteOptions): Store {
  const client = new S3Client(settings, currentCredentials(settings, options?.credentials));
  const fetch = (request: RestRequest, signal: AbortSignal): Promise<Response> => client.fetch(request, signal);
  return new RemoteStore(new RestObjects(fetch, s3Dialect, client), options);
}

class S3Client implements Presign {
  readonly #settings: S3Settings;
  readonly #credentials: CurrentCredentials;
  readonly #base: string;
  readonly #presignedBase: string;
  /** Signing keys of the day, kept by the signer. */
  readonly #keys = new Map<string, ArrayBuffer>();

  constructor(settings: S3Settings, credentials: CurrentCredentials) {
    this.#settings = settings;
    this.#credentials = credentials;
    this.#base = bucketUrl(settings.bucket, settings);
    this.#presignedBase = bucketUrl(settings.bucket, settings.presigned ?? settings);
  }

  async fetch(request: RestRequest, signal: AbortSignal): Promise<Response> {
    const { method, key, query, headers, body } = request;
    const toSign = { ...headers, "x-amz-content-sha256": await sha256(body ?? "") };
    const credentials = await this.#credentials();
    const signed = await this.#signer(credentials, method, urlOf(this.#base, key, query), toSign).sign();
    return sendSigned(signed.url, request, signed.headers, signal);
  }

  put(key: string, object: { size: number; contentType?: string }, seconds: number): Promise<SignedRequest> {
    const type = object.contentType === undefined ? {} : { "content-type": object.contentType };
    const fields = { "content-length": String(object.size), ...s3Dialect.createOnly, ...type };
    return this.#presign("PUT", key, {}, fields, seconds);
  }

  get(key: string, seconds: number, contentType?: string): Promise<SignedRequest> {
    const query = contentType === undefined ? {} : { "response-content-type": contentType };
    return this.#presign("GET", key, query, {}, seconds);
  }

  async #presign(
    method: "GET" | "PUT",
    key: string,
    query: Readonly<Record<string, string>>,
    fields: Readonly<Record<string, string>>,
    asked: number,
  ): Promise<SignedRequest> {
    checkKey(key);
    const credentials = await this.#credentials();
    const now = Date.now();
    const seconds = secondsWithin(credentials, asked, now);
    const url = urlOf(this.#presignedBase, key, { ...query, "X-Amz-Expires": String(seconds) });
    const signed = await this.#signer(credentials, method, url, fields, true).sign();
    return { method, url: String(signed.url), fields, expiresMs: Math.floor(now / 1000 + seconds) * 1000 };
  }

  #signer(
    credentials: StoreCredentials,
    method: string,
    url: string,
    headers: Readonly<Record<string, string>>,
    signQuery = false,
  ): AwsV4Signer {
    const { region } = this.#settings;
    return new AwsV4Signer({
      method,
      url,
      headers,
      service: "s3",
      region,
      accessKeyId: credentials.keyId,
      secretAccessKey: credentials.secret,
      ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
      cache: this.#keys,
      signQuery,
      // Only then are Content-Length and Content-Type part of a signed URL.
      allHeaders: signQuery,
    });
  }
}

function urlOf(base: string, key: string, query: Readonly<Record<string, string>>): string {
  const search = encodeQuery(query);
  return `${base}/${encodeKey(key)}${search === "" ? "" : `?${search}`}`;
}

async function sha256(body: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return hex(digest);
}
