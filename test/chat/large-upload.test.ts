import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startBucket, type Bucket } from "../runtimes/bucket.ts";
import { startEdge, type ProcessEdge } from "../runtimes/edges.ts";
import { record } from "../support/recording.ts";

/** How much memory uploads take, on the built server in a process of its own. BOXCAR_UPLOAD_GIB=2 sends more. */
const GIB = Number(process.env.BOXCAR_UPLOAD_GIB ?? 0.125);
const SIZE = GIB * 2 ** 30;
/** A bucket takes parts: two of 8 MiB are held, and what fetch has copied of others until it is collected. */
const MAX_GROWTH = { folder: 80 << 20, bucket: 192 << 20 };

const isLinux = existsSync("/proc/self/status");
if (!isLinux) console.warn("SKIPPING the memory of large uploads: it is read from /proc, which is not there");

let folder = "";
let server: ProcessEdge;
let movie: Buffer;
/** Bytes of the server's memory that are resident: now, and at most so far. */
async function resident(): Promise<{ now: number; most: number }> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]);
  return { now: kib("VmRSS") * 1024, most: kib("VmHWM") * 1024 };
}

/** A movie of `size` bytes: a box of type `free` follows what was recorded. */
async function* movieOf(size: number): AsyncGenerator<Uint8Array> {
  const free = Buffer.alloc(16);
  free.writeUInt32BE(1, 0);
  free.write("free", 4, "latin1");
  free.writeBigUInt64BE(BigInt(size - movie.length), 8);
  yield movie;
  yield free;
  const zeros = Buffer.alloc(1 << 20);
  for (let left = size - movie.length - free.length; left > 0; left -= zeros.length)
    yield await Promise.resolve(zeros.subarray(0, left));
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string | number>,
  body: AsyncIterable<Uint8Array>,
): Promise<{ status: number; text: string }> {
  const outgoing = request(server.url + path, { method, headers });
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
  });
  for await (const chunk of body)
    if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once("drain", resolve));
  outgoing.end();
  return answered;
}

interface StoredFile {
  path: string;
  media: { duration: number };
}

async function sendForm(size: number): Promise<StoredFile> {
  const before = Buffer.from(
    '--b\r\nContent-Disposition: form-data; name="img"; filename="a.mp4"\r\nContent-Type: video/mp4\r\n\r\n',
  );
  const after = Buffer.from("\r\n--b--\r\n");
  async function* body(): AsyncGenerator<Uint8Array> {
    yield before;
    yield* movieOf(size);
    yield after;
  }
  const length = before.length + size + after.length;
  const headers = { "Content-Type": "multipart/form-data; boundary=b", "Content-Length": length };
  const { status, text } = await send("POST", "/api/chat/uploadAliyun", headers, body());
  expect({ status, text }).toMatchObject({ status: 200 });
  return (JSON.parse(text) as { data: [StoredFile] }).data[0];
}

async function sendResumable(size: number): Promise<StoredFile> {
  const tus = { "Tus-Resumable": "1.0.0" };
  const headers = { ...tus, "Upload-Length": String(size) };
  const created = await fetch(`${server.url}/api/uploads`, { method: "POST", headers });
  const path = created.headers.get("location") ?? "";
  const type = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": 0, "Content-Length": size };
  expect(await send("PATCH", path, { ...tus, ...type }, movieOf(size))).toEqual({ status: 204, text: "" });
  const state = (await (await fetch(server.url + path)).json()) as { data: { file: StoredFile } };
  return state.data.file;
}

describe.skipIf(!isLinux)("an upload of any size", () => {
  let bucket: Bucket;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-large-"));
    bucket = await startBucket();
    const [segment] = await record({ count: 1, seconds: 2, size: "320x180" });
    movie = await readFile(segment?.file ?? "");
  });
  afterEach(async () => {
    await server.stop();
    await bucket.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ["a form into a folder", SIZE, "folder", sendForm],
    ["resumable into a folder", SIZE, "folder", sendResumable],
    // The bucket of the tests holds its objects in memory.
    ...(GIB > 0.125 ? ([["a form into a bucket", Math.min(SIZE, 2 ** 28), "bucket", sendForm]] as const) : []),
    ["resumable into a bucket", Math.min(SIZE, 2 ** 28), "bucket", sendResumable],
  ] as const)("takes little memory: %s", { timeout: 600_000 }, async (way, size, store, upload) => {
    const env = store === "bucket" ? bucket.env : {};
    server = await startEdge("node", { BOXCAR_DATA: folder, BOXCAR_MAX_UPLOAD: "4G", ...env });
    await upload(movie.length + 1000); // what any upload takes
    const before = await resident();
    const { path, media } = await upload(size);
    const after = await resident();
    const mib = (bytes: number): string => `${String(Math.round(bytes / 2 ** 20))} MiB`;
    const growth = after.most - before.now;
    console.log(`${mib(size)}, ${way}: ${mib(growth)} above the ${mib(before.now)} before`);
    expect(media.duration).toBe(2);
    const { headers } = await fetch(`${server.url}/files/${path}`, { method: "HEAD" });
    expect(headers.get("content-length")).toBe(String(size));
    expect(growth).toBeLessThan(MAX_GROWTH[store]);
  });
});
