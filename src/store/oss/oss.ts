import OSS from "ali-oss";
import { BoxcarError } from "../../base/errors.ts";
import type { ByteSpan, Store } from "../../base/ports.ts";
import type { OssSettings } from "../../config/store-settings.ts";
import { contentTypeOf } from "../content-type.ts";
import { currentCredentials, type CurrentCredentials } from "../remote/credentials.ts";
import { ossObjects } from "./oss-fetch.ts";
import { OssPresign } from "./oss-presign.ts";
import { etagOf, kindOfRefusal, retryAfterMs } from "../remote/bucket-answer.ts";
import {
  MARK,
  RemoteError,
  type OpenedObject,
  type PartUpload,
  type RemoteInfo,
  type RemoteObjects,
  type RemotePage,
  type Written,
} from "../remote/remote-objects.ts";
import { RemoteStore, type RemoteOptions } from "../remote/remote-store.ts";
import { ossDialect } from "../remote/rest-objects.ts";
import { defaultRetryPolicy } from "../remote/retry.ts";

/** An OSS bucket through ali-oss: Node, Bun and Deno. Requests are signed with Signature Version 4. */
export function ossStore(settings: OssSettings, options: RemoteOptions = {}): Store {
  return new RemoteStore(new AliOss(settings, options), options);
}

/** ali-oss knows no AbortSignal: what is aborted ends by its own time limits. Bodies that are read do heed it. */
class AliOss implements RemoteObjects {
  readonly presign: OssPresign;
  readonly sums = true;
  readonly #client: OSS;
  readonly #objects: Pick<RemoteObjects, "open">;
  readonly #write: { readonly timeout: number };

  constructor(settings: OssSettings, given: RemoteOptions) {
    const { answerMs, writeMs } = { ...defaultRetryPolicy, ...given };
    const credentials = currentCredentials(settings, given.credentials);
    const { bucket, region, endpoint, style } = settings;
    const options: OSS.Options & { sldEnable: boolean } = {
      bucket,
      region: `oss-${region}`,
      endpoint,
      // Both are set anew before each request.
      accessKeyId: "none",
      accessKeySecret: "none",
      authorizationV4: true,
      timeout: answerMs,
      sldEnable: style === "path",
      cname: style === "cname",
    };
    this.#objects = ossObjects(settings, given);
    this.presign = new OssPresign(settings, credentials);
    this.#client = signingWith(credentials, keepingRetryAfter(new OSS(options)));
    this.#write = { timeout: writeMs };
  }

  async write(key: string, bytes: Uint8Array<ArrayBuffer>, mark: string): Promise<Written> {
    const mime = contentTypeOf(key);
    const options = { ...this.#write, mime, headers: { ...ossDialect.createOnly }, meta: metaOf(mark) };
    const { res } = await answered("PUT", this.#client.put(key, bufferOf(bytes), options));
    const fields = fieldsOf(res);
    return { etag: etagOf(fields.etag), crc64: fields[ossDialect.crc64] };
  }

  async begin(key: string, mark: string): Promise<string> {
    return (
      await answered("POST", this.#client.initMultipartUpload(key, { mime: contentTypeOf(key), meta: metaOf(mark) }))
    ).uploadId;
  }

  async writePart({ key, id }: PartUpload, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const part = this.#client.uploadPart(key, id, number, bufferOf(bytes), 0, bytes.length, this.#write);
    return etagOf((await answered("PUT", part)).etag);
  }

  async complete({ key, id }: PartUpload, etags: readonly string[]): Promise<void> {
    const parts = etags.map((etag, i) => ({ number: i + 1, etag: `"${etag}"` }));
    const options = { ...this.#write, headers: { ...ossDialect.createOnly } };
    await answered("POST", this.#client.completeMultipartUpload(key, id, parts, options));
  }

  async abort({ key, id }: PartUpload): Promise<void> {
    await absent(answered("DELETE", this.#client.abortMultipartUpload(key, id)));
  }

  /** Not by ali-oss, whose streams cost twice as much. */
  open(key: string, span: ByteSpan, ifMatch: string | undefined, signal: AbortSignal): Promise<OpenedObject> {
    return this.#objects.open(key, span, ifMatch, signal);
  }

  async head(key: string): Promise<RemoteInfo | undefined> {
    const found = await absent(answered("HEAD", this.#client.head(key)));
    if (found === undefined) return undefined;
    const fields = fieldsOf(found.res);
    const mark = fields[ossDialect.meta + MARK];
    return {
      key,
      size: Number(fields["content-length"]),
      etag: etagOf(fields.etag),
      mark,
      crc64: fields[ossDialect.crc64],
    };
  }

  async remove(key: string): Promise<void> {
    await absent(answered("DELETE", this.#client.delete(key)));
  }

  async page(prefix: string, after: string | undefined): Promise<RemotePage> {
    const query = {
      "max-keys": 1000,
      ...(prefix === "" ? {} : { prefix }),
      ...(after === undefined ? {} : { "continuation-token": after }),
    };
    const { objects, isTruncated, nextContinuationToken } = await answered("GET", this.#client.listV2(query));
    const infos = objects.map(({ name, size, etag }) => ({ key: name, size, etag: etagOf(etag) }));
    return { objects: infos, next: isTruncated ? nextContinuationToken : undefined };
  }
}

function metaOf(mark: string): OSS.UserMeta {
  return { [MARK]: mark } as unknown as OSS.UserMeta; // its type asks for two names of an example
}

/** A view, not a copy. */
function bufferOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function fieldsOf(res: { headers?: object }): Readonly<Record<string, string | undefined>> {
  return (res.headers ?? {}) as Record<string, string>;
}

/** An error of ali-oss. */
interface Refused {
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  retryAfter?: string | undefined;
}

/** ali-oss makes errors of answers without their header fields; this keeps `Retry-After`. */
function keepingRetryAfter(client: OSS): OSS {
  const maker = client as unknown as { requestError: (answer: { headers?: object }) => Promise<Refused> };
  const make = maker.requestError.bind(client);
  maker.requestError = async (answer) =>
    Object.assign(await make(answer), { retryAfter: fieldsOf(answer)["retry-after"] });
  return client;
}

/** ali-oss renews a token at fixed intervals only; this gives each request the credentials that hold now. */
function signingWith(credentials: CurrentCredentials, client: OSS): OSS {
  const sender = client as unknown as { options: object; request: (given: object) => Promise<unknown> };
  const send = sender.request.bind(client);
  sender.request = async (given) => {
    const { keyId, secret, sessionToken } = await credentials();
    Object.assign(sender.options, { accessKeyId: keyId, accessKeySecret: secret, stsToken: sessionToken });
    return send(given);
  };
  return client;
}

/** Waits for a call of ali-oss, whose errors carry status and code; without a status they came from the network. */
function answered<T>(method: string, call: Promise<T>): Promise<T> {
  return call.catch((cause: unknown) => {
    if (cause instanceof BoxcarError) throw cause;
    const { status, code, message, retryAfter } = cause as Refused;
    if (status === undefined || status < 200) throw cause;
    const said = [`status ${status}`, code ?? "", message ?? ""].filter((part) => part !== "").join(", ");
    const kind = kindOfRefusal(method === "GET", status, code ?? "");
    throw new RemoteError(kind, `it answered with ${said}`, { cause, retryAfterMs: retryAfterMs(retryAfter) });
  });
}

/** Undefined in the place of what is not there. */
function absent<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((cause: unknown) => {
    if (cause instanceof RemoteError && cause.kind === "missing") return undefined;
    throw cause;
  });
}
