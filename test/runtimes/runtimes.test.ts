/** One catalog and one bucket behind the server on every runtime: they must not be told apart. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { greyOf } from "../pictures/numbers.ts";
import { random, seedOf } from "../support/random.ts";
import { record, RECORDED_AT, recordLarge } from "../support/recording.ts";
import { sqldPath, startSqld, type Sqld } from "../support/sqld.ts";
import { startBucket, type Bucket } from "./bucket.ts";
import {
  auth,
  fingerprint,
  openDownload,
  randomDownloads,
  streamedFiles,
  token,
  upload,
  uploadRecordings,
  within,
  type Fingerprint,
} from "./client.ts";
import { isInstalled, servers, startEdge, type Edge, type ServerName } from "./edges.ts";
import { copySegments, leave } from "./left-plan.ts";
import { head, rawClient } from "./raw-client.ts";
import { bundleWorker, startWorker, type WorkerEdge } from "./worker-edge.ts";

const chance = random(seedOf(5));
const onServers = servers.filter(isInstalled);
/** The worker runs twice: over the same bucket as the others, and over an R2 bucket with the same objects. */
const names = [...onServers, "worker", "worker with R2"] as const;
type Name = (typeof names)[number];

let folder: string;
let sqld: Sqld;
let bucket: Bucket;
const edges = new Map<Name, Edge>();
let worker: WorkerEdge;
let workerR2: WorkerEdge;
let paths: string[];
let reference: Fingerprint[];
/** By Node, by path. */
let streamed: Map<string, Fingerprint> | undefined;
/** Path of a download that no buffer between store and client holds, and the SHA-256 of it. */
let large: string;
let largeHash: string;

const LARGE = 64 << 20;

function urlOf(name: Name): string {
  const edge = edges.get(name);
  if (edge === undefined) throw new Error(`${name} does not run`);
  return edge.url;
}

/** The store behind a server, where its reads can be seen. */
function storeOf(name: Name): Pick<Bucket | WorkerEdge, "openReads" | "breakAfter"> {
  return name === "worker with R2" ? workerR2 : bucket;
}

describe.skipIf(sqldPath === undefined)("on every runtime", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-runtimes-"));
    [sqld, bucket] = await Promise.all([startSqld(join(folder, "sqld")), startBucket()]);
    const common = { BOXCAR_CATALOG: sqld.url, BOXCAR_TOKEN: token };
    const onBucket = { ...common, ...bucket.env };
    const onServer = async (name: ServerName): Promise<void> =>
      void edges.set(name, await startEdge(name, { ...onBucket, BOXCAR_DATA: join(folder, name) }));
    const onWorkers = async (): Promise<void> => {
      const bundle = await bundleWorker(join(folder, "worker"));
      worker = await startWorker(bundle, onBucket);
      edges.set("worker", worker);
      workerR2 = await startWorker(bundle, { ...common, BOXCAR_UPLOAD_GRACE: "1" });
      edges.set("worker with R2", workerR2);
    };
    await onServer("node");
    await Promise.all([onWorkers(), ...onServers.filter((name) => name !== "node").map(onServer)]);
    const node = urlOf("node");
    paths = randomDownloads(await uploadRecordings(node), 30, chance);
    reference = await Promise.all(paths.map((path) => fingerprint(node + path)));
    const segment = await recordLarge(LARGE);
    largeHash = createHash("sha256").update(segment).digest("hex");
    large = (await upload(node, "large", RECORDED_AT, segment)).url;
    for (const [key, { bytes }] of bucket.objects) await workerR2.putR2(key, new Uint8Array(bytes)); // it takes no Buffer
  });
  afterAll(async () => {
    await Promise.all([...edges.values()].map((edge) => edge.stop()));
    await sqld.kill();
    await bucket.close();
    await rm(folder, { recursive: true });
  });

  describe.each(names)("%s", (name) => {
    const runtime = name.split(" ")[0];
    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(urlOf(name) + path, { ...init, headers: { ...auth, ...(init.headers as Record<string, string>) } });

    it("says what it is and that it is ready", async () => {
      const { data } = (await (await ask("/healthz")).json()) as { data: { runtime: string } };
      expect(data).toMatchObject({
        runtime,
        capabilities: { directUpload: name !== "worker with R2", pictures: runtime !== "worker" },
      });
      expect((await ask("/readyz")).status).toBe(200);
    });

    it("gives 30 downloads with the same bytes, lengths and entity tags", async () => {
      const found = await Promise.all(paths.map((path) => fingerprint(urlOf(name) + path)));
      expect(found, `seed ${chance.seed}`).toEqual(reference);
      expect(new Set(reference.map(({ status }) => status))).toEqual(new Set([200]));
    });

    it("streams by HLS and DASH what Node does, byte by byte", async () => {
      streamed ??= await streamedFiles(urlOf("node"), "live/plain");
      expect(await streamedFiles(urlOf(name), "live/plain")).toEqual(streamed);
      expect(new Set([...streamed.values()].map(({ status }) => status))).toEqual(new Set([200]));
    });

    it("answers HEAD as GET, without a body and without ranges", async () => {
      for (const path of paths.slice(0, 5)) {
        const get = await ask(path);
        const head = await ask(path, { method: "HEAD", headers: { range: "bytes=0-9" } });
        expect(head.status).toBe(200);
        expect((await head.arrayBuffer()).byteLength).toBe(0);
        expect(told(head)).toEqual(told(get));
        await get.arrayBuffer();
      }
    });

    it("gives any range", async () => {
      for (const path of paths.slice(5, 10)) {
        const bytes = Buffer.from(await (await ask(path)).arrayBuffer());
        const size = bytes.length;
        const first = chance.below(size - 10);
        const last = first + chance.below(size - first);
        const one: [string, number, number][] = [
          [`bytes=${first}-${last}`, first, last],
          [`bytes=${first}-`, first, size - 1],
          [`bytes=-${size - first}`, first, size - 1],
          [`bytes=${first}-${size + 1000}`, first, size - 1],
          ["bytes=0-0", 0, 0],
        ];
        for (const [range, from, to] of one) {
          const part = await ask(path, { headers: { range } });
          const at = `seed ${chance.seed}: ${path} ${range}`;
          expect(part.status, at).toBe(206);
          expect(part.headers.get("content-range"), at).toBe(`bytes ${from}-${to}/${size}`);
          expect(part.headers.get("content-length"), at).toBe(String(to - from + 1));
          expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(from, to + 1)), at).toBe(true);
        }
        const several = await ask(path, { headers: { range: `bytes=0-9,${size - 10}-` } });
        expect(several.status).toBe(206);
        const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(several.headers.get("content-type") ?? "")?.[1];
        const parts = Buffer.from(await several.arrayBuffer());
        expect(several.headers.get("content-length")).toBe(String(parts.length));
        expect(parts.toString("latin1").split(`--${boundary}`)).toHaveLength(4);
        for (const piece of [bytes.subarray(0, 10), bytes.subarray(size - 10)])
          expect(parts.includes(piece)).toBe(true);
      }
    });

    it("heeds conditions", async () => {
      const path = paths[0] ?? "";
      const etag = reference[0]?.etag ?? "";
      const size = reference[0]?.length;
      const status = async (headers: Record<string, string>): Promise<number> => {
        const response = await ask(path, { headers });
        await response.arrayBuffer();
        return response.status;
      };
      const range = "bytes=5-9";
      expect(await status({ "if-none-match": etag })).toBe(304);
      expect(await status({ "if-match": etag })).toBe(200);
      expect(await status({ "if-match": '"other"' })).toBe(412);
      expect(await status({ range, "if-range": etag })).toBe(206);
      expect(await status({ range, "if-range": '"other"' })).toBe(200);
      const outside = await ask(path, { headers: { range: `bytes=${size}-` } });
      expect(outside.status).toBe(416);
      expect(outside.headers.get("content-range")).toBe(`bytes */${size}`);
      expect(await outside.json()).toMatchObject({ code: 416, error: "range_not_satisfiable" });
    });

    it.each([
      ["GET", "/nothing", 404, "unknown_route"],
      ["GET", "/mp4/download/live/plain.mp4?start=x", 400, "bad_time"],
      ["GET", "/mp4/download/live/plain.mp4?start=0&end=1", 404, "not_recorded"],
      ["GET", "/mp4/api/list/live/plain?pageSize=many", 400, "bad_parameter"],
      ["GET", "/mp4/api/list/%ff", 400, "bad_path"],
      ["PUT", "/mp4/api/segments/bad?start=0", 422, "not_mp4"],
    ])("refuses %s %s in JSON", async (method, path, status, error) => {
      const body = method === "PUT" ? { body: "this is no MP4" } : {};
      const response = await ask(path, { method, ...body });
      expect(response.headers.get("content-type")).toBe("application/json");
      expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({ status, error });
    });

    it("lets nobody in without the token", async () => {
      const response = await fetch(urlOf(name) + (paths[0] ?? ""));
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: "unauthorized" });
    });

    it("shows its documentation", async () => {
      for (const file of ["", "/swagger-ui.css", "/swagger-ui-bundle.js", "/favicon-32x32.png"]) {
        const response = await ask(`/docs${file}`);
        expect(response.status, file).toBe(200);
        expect((await response.arrayBuffer()).byteLength, file).toBeGreaterThan(200);
      }
    });

    it("draws QR codes, and decodes pictures where ffmpeg can be started", async () => {
      const code = `/api/chat/qrcode?text=${encodeURIComponent("https://boxcar.example/群")}`;
      const svg = (on: Name): Promise<Fingerprint> => fingerprint(`${urlOf(on)}${code}&type=svg`);
      expect((await svg(name)).sha256).toBe((await svg("node")).sha256);
      // Each runtime has a zlib of its own, but the pixels are the same.
      const pixels = async (on: Name): Promise<string> => {
        const png = new Uint8Array(await (await fetch(urlOf(on) + code, { headers: auth })).arrayBuffer());
        const { width, height, at } = await greyOf(png);
        return `${width} × ${height}: ${Array.from({ length: width * height }, (_, i) => (at(i % width, i / width) > 127 ? " " : "#")).join("")}`;
      };
      expect(await pixels(name)).toBe(await pixels("node"));
      const snapshot = await ask(`/mp4/snapshot/live/plain.jpg?time=${RECORDED_AT}`);
      const videoUrl = "https://media.example/v.mp4";
      const init = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ videoUrl, time: 0 }),
      };
      const remote = await ask("/api/chat/getVideoScreenshot", init);
      const { data } = (await remote.json()) as { data: string };
      if (runtime !== "worker") {
        expect(snapshot.headers.get("content-type")).toBe("image/jpeg");
        expect(remote.status).toBe(400);
        return;
      }
      expect(await snapshot.json()).toMatchObject({ code: 501, error: "not_available" });
      expect({ status: remote.status, data }).toEqual({
        status: 501,
        data: expect.stringContaining("does not read") as string,
      });
    });

    it("takes uploads, once for each idempotency key", async () => {
      const [segment] = await record({ count: 1, seconds: 2, seed: 3 });
      const bytes = await readFile(segment?.file ?? "");
      const streamPath = `from/${name.replaceAll(" ", "-")}`;
      const key = { "idempotency-key": `${name.replaceAll(" ", "-")}-1` };
      const first = await upload(urlOf(name), streamPath, RECORDED_AT, bytes, key);
      const again = await upload(urlOf(name), streamPath, RECORDED_AT, bytes, key);
      expect(again.id).toBe(first.id);
      const stored = Buffer.from(await (await ask(first.url)).arrayBuffer());
      expect(stored.equals(bytes)).toBe(true);
      const cut = await fingerprint(`${urlOf(name)}/mp4/download/${streamPath}.mp4?start=${RECORDED_AT + 500}`);
      expect(cut.status).toBe(200);
    });

    it("keeps nothing of an upload that breaks off", async () => {
      const streamPath = `broken/${name.replaceAll(" ", "-")}`;
      await breakUpload(`${urlOf(name)}/mp4/api/segments/${streamPath}?start=${RECORDED_AT}`);
      const { total } = (await (await ask(`/mp4/api/list/${streamPath}`)).json()) as { total: number };
      expect(total).toBe(0);
      expect([...bucket.objects.keys()].filter((key) => key.includes("/broken/"))).toEqual([]);
    });

    it("frees the read from the store within 1 s when its client leaves", async () => {
      const store = storeOf(name);
      expect(await within(1000, async () => (await store.openReads()) === 0)).toBe(true);
      const { request, response } = await openDownload(urlOf(name) + large);
      expect(response.statusCode).toBe(200);
      expect(await store.openReads()).toBe(1);
      request.destroy();
      expect(await within(1000, async () => (await store.openReads()) === 0)).toBe(true);
      expect((await ask("/readyz")).status).toBe(200);
    });

    it("never passes off as whole what the store broke off", async () => {
      const store = storeOf(name);
      await store.breakAfter(1 << 20);
      try {
        const response = await ask(large);
        expect(response.status).toBe(200);
        await expect(response.arrayBuffer()).rejects.toThrow();
      } finally {
        await store.breakAfter(undefined);
      }
      const whole = Buffer.from(await (await ask(large)).arrayBuffer());
      expect(createHash("sha256").update(whole).digest("hex")).toBe(largeHash);
    });
  });

  it("lets the worker end a plan whose client has gone", async () => {
    const [segment] = await record({ count: 1, seconds: 2 });
    await upload(urlOf("node"), "left", RECORDED_AT, await readFile(segment?.file ?? ""));
    await copySegments(sqld.url, "left", 10_000);
    for (const path of ["api/timeline/left", "download/left.mp4"]) await leave(worker.url, path, 10_000, "reset");
  });

  it.each(["worker", "worker with R2"] as const)(
    "gives back the slots of clients that left the %s early",
    async (name) => {
      const ask = async (): Promise<void> => {
        const client = await rawClient(urlOf(name), chance.below(2) === 0);
        await client.write(head("GET", large));
        await new Promise((resolve) => setTimeout(resolve, chance.below(200)));
        client.socket.resetAndDestroy();
      };
      await Promise.all(Array.from({ length: 80 }, ask));
      const downloads = async (): Promise<string | undefined> =>
        /^boxcar_downloads .*$/m.exec(await (await fetch(`${urlOf(name)}/metrics`, { headers: auth })).text())?.[0];
      await expect
        .poll(downloads, { interval: 100, timeout: 10_000, message: `seed ${chance.seed}` })
        .toBe("boxcar_downloads 0");
    },
  );

  it("makes QR codes on the worker for several at once", async () => {
    const ask = async (): Promise<number> => {
      const response = await fetch(`${worker.url}/api/chat/qrcode?text=a`, { headers: auth });
      await response.arrayBuffer();
      return response.status;
    };
    expect(new Set(await Promise.all(Array.from({ length: 8 }, ask)))).toEqual(new Set([200]));
  });

  it("gives back the turns of lists whose clients left the worker", async () => {
    const clients = await Promise.all(Array.from({ length: 60 }, () => rawClient(worker.url, false)));
    await Promise.all(clients.map((client) => client.write(head("GET", "/mp4/api/list/left").repeat(5))));
    await new Promise((resolve) => setTimeout(resolve, 60));
    for (const { socket } of clients) socket.destroy();
    const list = async (): Promise<number> =>
      (await fetch(`${worker.url}/mp4/api/list/left`, { headers: auth })).status;
    await expect.poll(list, { interval: 500, timeout: 5000 }).toBe(200);
  });

  it("lets the worker say why it ends an upload that is too slow", async () => {
    const client = await rawClient(workerR2.url);
    await client.write(head("PUT", "/mp4/api/segments/slow?start=0", { "content-length": "1000" }) + "a");
    await expect.poll(() => client.received().toString(), { timeout: 5000 }).toContain("upload_too_slow");
    expect(client.received().toString()).toMatch(/^HTTP\/1.1 408 /);
    client.socket.destroy();
  });

  it("lets the worker settle what crashes left, when its cron says so", async () => {
    expect(await worker.fireCron()).toBe("ok");
  });
});

/** The header fields that describe a download. */
function told({ headers }: Response): Record<string, string | null> {
  const fields = ["content-length", "content-type", "etag", "accept-ranges", "cache-control", "content-disposition"];
  const own = ["boxcar-start", "boxcar-end", "boxcar-joints", "boxcar-gaps", "x-content-type-options"];
  return Object.fromEntries([...fields, ...own].map((field) => [field, headers.get(field)]));
}

/** Sends the start of a segment that is announced longer, and closes the connection. */
async function breakUpload(link: string): Promise<void> {
  const [segment] = await record({ count: 1, seconds: 2, seed: 3 });
  const bytes = await readFile(segment?.file ?? "");
  const upload = request(link, { method: "PUT", headers: { ...auth, "content-length": bytes.length }, agent: false });
  upload.on("error", () => undefined);
  await new Promise((resolve) => upload.write(bytes.subarray(0, bytes.length >> 1), resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  upload.destroy();
}
