/** A server of the OSS protocol in memory, as strict as OSS: for drivers and presigned requests. */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Crc64 } from "../../src/store/remote/crc64.ts";
import { checkForm, checkSignature, OssRefusal, type OssAccount, type SignedParts } from "./oss-signature.ts";

export interface OssServer {
  /** Origin; the bucket stands first in the path. */
  readonly endpoint: string;
  /** Origin of the bucket's custom domain: paths are keys. */
  readonly domain: string;
  readonly account: OssAccount;
  /** How many requests came with which signature. */
  readonly signed: Record<"v1" | "v4" | "url" | "form", number>;
  /** Uploads in parts that are neither complete nor aborted. */
  readonly unfinished: () => number;
  /** Writes the next object with a bit that has tipped over. */
  damageNext(): void;
  /** Forgets everything stored. */
  clear(): void;
  close(): Promise<void>;
}

interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly type: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly crc64: string;
}

interface Upload {
  readonly key: string;
  readonly type: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

/** One request, read to its end. */
interface Call extends SignedParts {
  readonly body: Buffer;
  readonly response: ServerResponse;
}

export async function startOssServer(): Promise<OssServer> {
  const account = { bucket: "boxcar-test", region: "cn-hangzhou", keyId: "LTAItest", secret: randomUUID() };
  const bucket = new Bucket(account);
  const server = createServer((request, response) => void bucket.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://localhost:${port}`, // ali-oss puts the bucket before the host of an address
    domain: `http://127.0.0.1:${port}`,
    account,
    signed: bucket.signed,
    unfinished: () => bucket.uploads.size,
    damageNext: () => {
      bucket.damaging = true;
    },
    clear: () => {
      bucket.objects.clear();
      bucket.uploads.clear();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Bucket {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  readonly signed = { v1: 0, v4: 0, url: 0, form: 0 };
  damaging = false;
  readonly #account: OssAccount;

  constructor(account: OssAccount) {
    this.#account = account;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? "/", "http://localhost");
      const path = decodeURIComponent(url.pathname);
      const named = request.headers.host?.startsWith("127.") === true ? `/${this.#account.bucket}${path}` : path;
      const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(named) ?? [];
      if (bucket !== this.#account.bucket) throw new OssRefusal(404, "NoSuchBucket");
      if (Buffer.byteLength(key) > 1023) throw new OssRefusal(400, "InvalidObjectName");
      const { method = "", headers } = request;
      const parts = { method, key, query: url.searchParams, headers };
      const isForm = method === "POST" && key === "";
      if (!isForm) this.signed[checkSignature(this.#account, parts)]++;
      const hasBody = method === "PUT" || method === "POST";
      if (hasBody && headers["content-length"] === undefined) throw new OssRefusal(411, "MissingContentLength");
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const call = { ...parts, body: Buffer.concat(chunks), response };
      checkDigest(call);
      if (isForm) await this.#form(call);
      else this.#answer(call);
    } catch (cause) {
      if (request.errored !== null) return; // the client went away
      if (!(cause instanceof OssRefusal)) throw cause;
      refuse(response, request.method === "HEAD", cause);
    }
  }

  #answer(call: Call): void {
    const { method, key, query } = call;
    if (key === "") {
      if (method !== "GET" || query.get("list-type") !== "2") throw new OssRefusal(405, "MethodNotAllowed");
      this.#list(call);
      return;
    }
    if (method === "GET" || method === "HEAD") {
      this.#read(call);
      return;
    }
    if (method === "POST" && query.has("uploads")) {
      this.#begin(call);
      return;
    }
    if (method === "POST" && query.has("uploadId")) {
      this.#complete(call);
      return;
    }
    if (method === "PUT" && query.has("uploadId")) {
      this.#writePart(call);
      return;
    }
    if (method === "PUT") {
      this.#write(call);
      return;
    }
    if (method === "DELETE") {
      this.#remove(call);
      return;
    }
    throw new OssRefusal(405, "MethodNotAllowed");
  }

  #write({ key, headers, body, response }: Call): void {
    const forbids = headers["x-oss-forbid-overwrite"] === "true";
    const stored = this.#store(key, body, hashOf("md5", body), headers, forbids);
    response.writeHead(200, { etag: `"${stored.etag}"`, "x-oss-hash-crc64ecma": stored.crc64 }).end();
  }

  #store(
    key: string,
    bytes: Buffer,
    etag: string,
    headers: Call["headers"],
    forbids: boolean,
    meta = metaOf(headers),
  ): StoredObject {
    if (forbids && this.objects.has(key)) throw new OssRefusal(409, "FileAlreadyExists");
    const type = String(headers["content-type"] ?? "application/octet-stream");
    const kept = this.damaging ? Buffer.from(bytes) : bytes;
    if (this.damaging) kept[0] = (kept[0] ?? 0) ^ 1;
    this.damaging = false;
    const sum = new Crc64();
    sum.add(kept);
    const stored = { bytes: kept, etag, type, meta, crc64: sum.toString() };
    this.objects.set(key, stored);
    return stored;
  }

  #begin({ key, headers, response }: Call): void {
    const id = randomUUID().replaceAll("-", "").toUpperCase();
    const type = String(headers["content-type"] ?? "application/octet-stream");
    this.uploads.set(id, { key, type, meta: metaOf(headers), parts: new Map() });
    const names = `<Bucket>${this.#account.bucket}</Bucket><Key>${escape(key)}</Key>`;
    xml(
      response,
      200,
      `<InitiateMultipartUploadResult>${names}<UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  #upload({ key, query }: Call): [string, Upload] {
    const id = query.get("uploadId") ?? "";
    const upload = this.uploads.get(id);
    if (upload?.key !== key) throw new OssRefusal(404, "NoSuchUpload");
    return [id, upload];
  }

  #writePart(call: Call): void {
    const [, { parts }] = this.#upload(call);
    const number = Number(call.query.get("partNumber"));
    if (!Number.isInteger(number) || number < 1 || number > 10_000) throw new OssRefusal(400, "InvalidArgument");
    parts.set(number, call.body);
    call.response.writeHead(200, { etag: `"${hashOf("md5", call.body)}"` }).end();
  }

  #complete(call: Call): void {
    const [id, upload] = this.#upload(call);
    const text = String(call.body);
    const wanted = Array.from(
      text.matchAll(/<Part>\s*<PartNumber>(\d+)<\/PartNumber>\s*<ETag>(.*?)<\/ETag>\s*<\/Part>/g),
      ([, number, etag = ""]) => ({ number: Number(number), etag: etag.replace(/&quot;|&#34;|"/g, "") }),
    );
    if (wanted.length === 0) throw new OssRefusal(400, "MalformedXML");
    const bodies = wanted.map(({ number, etag }, i) => {
      const part = upload.parts.get(number);
      if (part === undefined || hashOf("md5", part) !== etag) throw new OssRefusal(400, "InvalidPart");
      if (i > 0 && number <= (wanted[i - 1]?.number ?? 0)) throw new OssRefusal(400, "InvalidPartOrder");
      if (i < wanted.length - 1 && part.length < 100 * 1024) throw new OssRefusal(400, "EntityTooSmall");
      return part;
    });
    const digests = Buffer.concat(bodies.map((part) => createHash("md5").update(part).digest()));
    const etag = `${hashOf("md5", digests)}-${bodies.length}`;
    const forbids = call.headers["x-oss-forbid-overwrite"] === "true";
    const headers = { "content-type": upload.type };
    this.#store(call.key, Buffer.concat(bodies), etag, headers, forbids, upload.meta);
    this.uploads.delete(id);
    const names = `<Bucket>${this.#account.bucket}</Bucket><Key>${escape(call.key)}</Key>`;
    call.response.setHeader("etag", `"${etag}"`);
    xml(
      call.response,
      200,
      `<CompleteMultipartUploadResult>${names}<ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`,
    );
  }

  #remove(call: Call): void {
    if (call.query.has("uploadId")) this.uploads.delete(this.#upload(call)[0]);
    else this.objects.delete(call.key);
    call.response.writeHead(204).end();
  }

  #read({ method, key, query, headers, response }: Call): void {
    const stored = this.objects.get(key);
    if (stored === undefined) throw new OssRefusal(404, "NoSuchKey");
    const { bytes, etag, meta, crc64 } = stored;
    const match = headers["if-match"];
    if (match !== undefined && match !== `"${etag}"`) throw new OssRefusal(412, "PreconditionFailed");
    const type = query.get("response-content-type") ?? stored.type;
    const common = {
      etag: `"${etag}"`,
      "content-type": type,
      "accept-ranges": "bytes",
      "x-oss-hash-crc64ecma": crc64,
      ...meta,
    };
    const range = method === "GET" ? rangeOf(headers, bytes.length) : undefined;
    if (range === undefined) {
      response.writeHead(200, { ...common, "content-length": bytes.length });
      response.end(method === "HEAD" ? undefined : bytes);
      return;
    }
    const part = bytes.subarray(range.first, range.last + 1);
    const contentRange = `bytes ${range.first}-${range.last}/${bytes.length}`;
    response.writeHead(206, { ...common, "content-range": contentRange, "content-length": part.length }).end(part);
  }

  #list({ query, response }: Call): void {
    const known = ["list-type", "prefix", "max-keys", "continuation-token"];
    for (const name of query.keys()) if (!known.includes(name)) throw new OssRefusal(400, "InvalidArgument", name);
    const most = Number(query.get("max-keys") ?? 100);
    if (!(most >= 1 && most <= 1000)) throw new OssRefusal(400, "InvalidArgument", "max-keys");
    const after = Buffer.from(query.get("continuation-token") ?? "", "base64").toString();
    const keys = [...this.objects.keys()]
      .filter(
        (key) => key.startsWith(query.get("prefix") ?? "") && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0,
      )
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = keys.slice(0, most);
    const contents = page.map((key) => {
      const { bytes, etag } = this.objects.get(key) ?? { bytes: Buffer.alloc(0), etag: "" };
      return `<Contents><Key>${escape(key)}</Key><ETag>"${etag}"</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    const isTruncated = page.length < keys.length;
    const next = Buffer.from(page.at(-1) ?? "").toString("base64");
    const token = isTruncated ? `<NextContinuationToken>${next}</NextContinuationToken>` : "";
    xml(
      response,
      200,
      `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated><KeyCount>${page.length}</KeyCount>${token}${contents.join("")}</ListBucketResult>`,
    );
  }

  /** https://help.aliyun.com/zh/oss/developer-reference/postobject */
  async #form({ headers, body, response }: Call): Promise<void> {
    const request = new Request("http://localhost", {
      method: "POST",
      headers: { "content-type": String(headers["content-type"]) },
      body: new Uint8Array(body),
    });
    const fields = new Map<string, string>();
    let file: Buffer | undefined;
    let partType = "";
    for (const [name, value] of await request.formData()) {
      if (file !== undefined) throw new OssRefusal(400, "InvalidArgument", "a field after the file");
      if (typeof value === "string") fields.set(name.toLowerCase(), value);
      else {
        file = Buffer.from(await value.arrayBuffer());
        partType = value.type;
      }
    }
    if (file === undefined) throw new OssRefusal(400, "IncorrectNumberOfFilesInPOSTRequest");
    checkForm(this.#account, fields, file.length);
    this.signed.form++;
    const key = fields.get("key") ?? "";
    const forbids = fields.get("x-oss-forbid-overwrite") === "true";
    const stated = [fields.get("x-oss-content-type") ?? "", partType, fields.get("content-type") ?? ""];
    const type = stated.find((name) => name !== "") ?? "application/octet-stream";
    const { etag } = this.#store(key, file, hashOf("md5", file), { "content-type": type }, forbids);
    response.writeHead(Number(fields.get("success_action_status") ?? 204), { etag: `"${etag}"` }).end();
  }
}

/** OSS answers a range it cannot fulfil with everything, unless the request asks for what the standard says. */
function rangeOf(headers: Call["headers"], size: number): { first: number; last: number } | undefined {
  const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(String(headers.range ?? "")) ?? [];
  if (start === undefined) return undefined;
  const first = Number(start);
  const last = end === "" || end === undefined ? size - 1 : Number(end);
  const isStandard = headers["x-oss-range-behavior"] === "standard";
  if (first < size && (last < size || isStandard)) return { first, last: Math.min(last, size - 1) };
  if (isStandard) throw new OssRefusal(416, "InvalidRange");
  return undefined;
}

function checkDigest({ headers, body }: Call): void {
  const given = headers["content-md5"];
  if (given === undefined) return;
  if (createHash("md5").update(body).digest("base64") !== given) throw new OssRefusal(400, "InvalidDigest");
}

function metaOf(headers: Call["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith("x-oss-meta-"))
      .map(([name, value]) => [name, String(value)]),
  );
}

function hashOf(name: string, bytes: Buffer): string {
  return createHash(name).update(bytes).digest("hex").toUpperCase();
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function xml(response: ServerResponse, status: number, content: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${content}`);
}

function refuse(response: ServerResponse, isHead: boolean, { status, code, message }: OssRefusal): void {
  const text = `<Error><Code>${code}</Code><Message>${escape(message)}</Message><RequestId>1</RequestId></Error>`;
  // What is left of a body that was not read must not be taken for the next request.
  response.setHeader("connection", "close");
  if (isHead) response.writeHead(status).end();
  else xml(response, status, text);
}
