import { AwsV4Signer } from "aws4fetch";
import type { Presign, SignedRequest, Store } from "../../base/ports.ts";
import type { S3Settings, StoreCredentials } from "../../config/store-settings.ts";
import { currentCredentials, secondsWithin, type CurrentCredentials } from "../remote/credentials.ts";
import { checkKey } from "../key.ts";
import { RemoteStore, type RemoteOptions } from "../remote/remote-store.ts";
import { answeredAs, putFields } from "../remote/presigned-request.ts";
import { RestObjects, s3Dialect, type RestRequest } from "../remote/rest-objects.ts";
import { sendByFetch, type Answer, type Send } from "../remote/send.ts";
import { bucketUrl, sendSigned } from "../remote/send-signed.ts";
import { webDigests, type Digests } from "../remote/digests.ts";
import { signedHeaders } from "./s3-v4.ts";
import { objectUrl } from "../remote/uri.ts";

/**
 * A bucket behind the S3 API, on every runtime: AWS, MinIO, Ceph, R2, and what else speaks it. Requests are signed with
 * Signature Version 4, their bodies included.
 */
export function s3Store(settings: S3Settings, options?: RemoteOptions): Store {
  const client = new S3Client(settings, currentCredentials(settings, options?.credentials), options);
  const send = (request: RestRequest, signal: AbortSignal): Promise<Answer> => client.send(request, signal);
  return new RemoteStore(new RestObjects(send, s3Dialect, client), options);
}

class S3Client implements Presign {
  readonly #settings: S3Settings;
  readonly #credentials: CurrentCredentials;
  readonly #send: Send;
  readonly #digests: Digests;
  readonly #base: string;
  readonly #presignedBase: string;
  /** Signing keys of the day, kept by the signer. */
  readonly #keys = new Map<string, ArrayBuffer>();

  constructor(
    settings: S3Settings,
    credentials: CurrentCredentials,
    { send = sendByFetch, digests = webDigests }: RemoteOptions = {},
  ) {
    this.#settings = settings;
    this.#send = send;
    this.#digests = digests;
    this.#credentials = credentials;
    this.#base = bucketUrl(settings.bucket, settings);
    this.#presignedBase = bucketUrl(settings.bucket, settings.presigned ?? settings);
  }

  async send(request: RestRequest, signal: AbortSignal): Promise<Answer> {
    const { method, key, query, headers, body = "" } = request;
    const url = objectUrl(this.#base, key, query);
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const toSign = { method, url: new URL(url), query, headers, body: bytes };
    const credentials = await this.#credentials();
    const signed = await signedHeaders(this.#settings, credentials, toSign, this.#digests, Date.now());
    return sendSigned(this.#send, url, request, signed, signal);
  }

  put(key: string, object: { size: number; contentType?: string }, seconds: number): Promise<SignedRequest> {
    return this.#presign("PUT", key, {}, putFields(s3Dialect, object), seconds);
  }

  get(key: string, seconds: number, contentType?: string): Promise<SignedRequest> {
    return this.#presign("GET", key, answeredAs(contentType), {}, seconds);
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
    const url = objectUrl(this.#presignedBase, key, { ...query, "X-Amz-Expires": String(seconds) });
    const signed = await this.#signer(credentials, method, url, fields).sign();
    return { method, url: String(signed.url), fields, expiresMs: Math.floor(now / 1000 + seconds) * 1000 };
  }

  #signer(
    credentials: StoreCredentials,
    method: string,
    url: string,
    headers: Readonly<Record<string, string>>,
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
      signQuery: true,
      // Only then are Content-Length and Content-Type part of a signed URL.
      allHeaders: true,
    });
  }
}
