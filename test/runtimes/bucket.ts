/** A bucket behind the part of the S3 API that boxcar uses, which shows the reads that are open. */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Objects in memory; their ETag is the MD5 of the bytes, as S3 and R2 make it. Signatures are not looked at. */
export interface Bucket {
  /** `BOXCAR_STORE` and the variables that go with it. */
  readonly env: Readonly<Record<string, string>>;
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** Answers to GET whose body is still being sent. */
  openReads(): number;
  /** What is read from now on is broken off after so many bytes of a body; undefined: nothing is. */
  breakAfter(bytes: number | undefined): void;
  close(): Promise<void>;
}

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  /** The `x-amz-meta-` fields it was written with. */
  readonly meta: Readonly<Record<string, string>>;
}

/**
 * Starts a bucket on a free port of the loopback address.
 * @param delayMs until it answers a request for an object
 */
export async function startBucket(delayMs: () => number = () => 0): Promise<Bucket> {
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, { readonly parts: Buffer[]; readonly meta: StoredObject["meta"] }>();
  const open = new Set<ServerResponse>();
  let limit: number | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? "", "http://x");
    const key = decodeURIComponent(pathname).replace(/^\/media\//, "");
    const body = await collect(request);
    const waitMs = delayMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const id = query.get("uploadId");
    if (query.has("uploads") || id !== null) {
      answerUpload(request, response, { key, id, body, query });
      return;
    }
    if (query.has("list-type")) {
      list(response, query.get("prefix") ?? "");
      return;
    }
    if (request.method === "PUT") {
      if (objects.has(key)) return void response.writeHead(412).end();
      objects.set(key, objectOf(body, metaOf(request)));
    }
    const found = objects.get(key);
    if (request.method === "DELETE") objects.delete(key);
    if (found === undefined) return void response.writeHead(404).end();
    if (request.method === "PUT") return void response.writeHead(200, { etag: found.etag }).end();
    read(request, response, found);
  }

  /** All of them on one page. */
  function list(response: ServerResponse, prefix: string): void {
    const found = [...objects].filter(([key]) => key.startsWith(prefix));
    const contents = found.map(([key, { bytes, etag }]) => {
      return `<Contents><Key>${key}</Key><ETag>${etag}</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`);
  }

  function read(request: IncomingMessage, response: ServerResponse, { bytes, etag, meta }: StoredObject): void {
    const pinned = request.headers["if-match"];
    if (pinned !== undefined && pinned !== etag) return void response.writeHead(412).end();
    const [asked, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const from = Number(first ?? 0);
    const body = bytes.subarray(from, Number(last ?? bytes.length - 1) + 1);
    const range =
      asked === undefined ? {} : { "content-range": `bytes ${from}-${from + body.length - 1}/${bytes.length}` };
    response.writeHead(asked === undefined ? 200 : 206, { ...meta, etag, "content-length": body.length, ...range });
    if (request.method === "HEAD") return void response.end();
    open.add(response);
    response.once("close", () => open.delete(response));
    if (limit === undefined || body.length <= limit) response.end(body);
    else response.write(body.subarray(0, limit), () => response.destroy());
  }

  /** The calls of an upload in parts. */
  function answerUpload(
    request: IncomingMessage,
    response: ServerResponse,
    { key, id, body, query }: { key: string; id: string | null; body: Buffer; query: URLSearchParams },
  ): void {
    const upload = uploads.get(id ?? "");
    if (id === null) {
      const name = randomUUID();
      uploads.set(name, { parts: [], meta: metaOf(request) });
      response.end(`<UploadId>${name}</UploadId>`);
    } else if (upload === undefined) response.writeHead(404).end();
    else if (request.method === "PUT") {
      upload.parts[Number(query.get("partNumber")) - 1] = body;
      response.writeHead(200, { etag: etagOf(body) }).end();
    } else {
      uploads.delete(id);
      if (request.method === "DELETE") return void response.writeHead(204).end();
      const bytes = Buffer.concat(upload.parts);
      objects.set(key, objectOf(bytes, upload.meta));
      response.end(`<ETag>${etagOf(bytes)}</ETag>`);
    }
  }

  const server = createServer({ highWaterMark: 1 << 20 }, (request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.keepAliveTimeout = 120_000; // no request must meet a connection that is just being closed
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: {
      BOXCAR_STORE: `s3://media?endpoint=${encodeURIComponent(endpoint)}`,
      BOXCAR_STORE_KEY_ID: "test",
      BOXCAR_STORE_SECRET: "secret-of-the-test",
    },
    objects,
    openReads: () => open.size,
    breakAfter: (bytes) => (limit = bytes),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function objectOf(bytes: Uint8Array, meta: StoredObject["meta"]): StoredObject {
  return { bytes, etag: etagOf(bytes), meta };
}

function metaOf({ headers }: IncomingMessage): StoredObject["meta"] {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith("x-amz-meta-") && typeof value === "string" ? [[name, value]] : [],
    ),
  );
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}
