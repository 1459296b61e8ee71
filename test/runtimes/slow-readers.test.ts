/** What readers cost that take a download slowly, on each runtime; and that they get its bytes. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RECORDED_AT, recordLarge } from "../support/recording.ts";
import { startBucket } from "./bucket.ts";
import { auth, token, upload } from "./client.ts";
import { isInstalled, servers, startEdge, type ProcessEdge } from "./edges.ts";
import { head, rawClient } from "./raw-client.ts";

const READERS = 200;
/** More than the system holds of a connection that nobody reads. */
const LARGE = 24 << 20;
/** Of each download, the bytes that are compared. */
const COMPARED = 3 << 20;
/** MiB above idle: a large buffer for each reader would be more. A thousand have 210 to 240. */
const MOST = 160;

/** MiB of resident memory. */
async function residentOf({ pid }: ProcessEdge): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${String(pid)}/status`, "utf8"))?.[1]) / 1024;
}

/** A reader of one download. */
interface Reader {
  /** Reads what the system has of it, once. */
  readonly sip: () => Promise<void>;
  /** Reads on, and closes. @returns SHA-256 of the first bytes of the body */
  readonly firstBytes: () => Promise<string>;
}

async function startReader(url: string, path: string): Promise<Reader> {
  const client = await rawClient(url, false);
  await client.write(head("GET", path));
  const { socket } = client;
  const hash = createHash("sha256");
  let before: Buffer = Buffer.alloc(0);
  let left = -1;
  const take = (chunk: Buffer): void => {
    if (left >= 0) before = chunk;
    else {
      before = Buffer.concat([before, chunk]);
      const end = before.indexOf("\r\n\r\n");
      if (end < 0) return;
      left = COMPARED;
      before = before.subarray(end + 4);
    }
    hash.update(before.subarray(0, left));
    left -= Math.min(left, before.length);
  };
  const sip = (): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.once("close", () => reject(new Error("the connection was closed")));
      socket.once("data", (chunk: Buffer) => {
        socket.pause().removeAllListeners("close");
        take(chunk);
        resolve();
      });
      socket.resume();
    });
  const firstBytes = async (): Promise<string> => {
    while (left !== 0) await sip();
    socket.destroy();
    return hash.digest("hex");
  };
  return { sip, firstBytes };
}

describe.skipIf(process.platform !== "linux").each(servers.filter(isInstalled))("slow readers on %s", (name) => {
  let folder: string;
  let edge: ProcessEdge;
  let path: string;
  let wanted: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-readers-"));
    edge = await startEdge(name, {
      ...{ BOXCAR_DATA: folder, BOXCAR_TOKEN: token, BOXCAR_DOWNLOADS: String(8 * READERS) },
      ...{ BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" },
    });
    const file = await recordLarge(LARGE);
    // Every four bytes behind the recording say where they stand.
    const words = new Uint32Array(LARGE / 4 - 2).map((_, i) => i);
    file.set(new Uint8Array(words.buffer), file.length - words.byteLength);
    path = (await upload(edge.url, "large", RECORDED_AT, file)).url;
    wanted = createHash("sha256").update(file.subarray(0, COMPARED)).digest("hex");
  });
  afterAll(async () => {
    await edge.stop();
    await rm(folder, { recursive: true });
  });

  it("take little memory each, and get every byte as it is", async () => {
    const start = (): Promise<Reader> => startReader(edge.url, path);
    await (await start()).firstBytes();
    const idle = await residentOf(edge);
    const readers = await Promise.all(Array.from({ length: READERS }, start));
    let most = 0;
    for (let i = 0; i < 5; i++) {
      await Promise.all(readers.map(({ sip }) => sip()));
      await new Promise((resolve) => setTimeout(resolve, 300));
      most = Math.max(most, await residentOf(edge));
    }
    expect(most - idle).toBeLessThan(MOST);
    const hashes = await Promise.all(readers.map(({ firstBytes }) => firstBytes()));
    expect(new Set(hashes)).toEqual(new Set([wanted]));
  });
});

/** More than Bun fetches at a time. */
const CROWD = 300;

describe.skipIf(!isInstalled("bun"))("readers of a bucket that do not read, on bun", () => {
  it("keep nobody else from it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "boxcar-readers-"));
    const bucket = await startBucket();
    const edge = await startEdge("bun", {
      ...{ BOXCAR_DATA: folder, BOXCAR_TOKEN: token, BOXCAR_DOWNLOADS: String(8 * CROWD) },
      ...{ BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0", ...bucket.env },
    });
    const file = await recordLarge(LARGE);
    const path = (await upload(edge.url, "large", RECORDED_AT, file)).url;
    const crowd = await Promise.all(Array.from({ length: CROWD }, () => rawClient(edge.url, false)));
    await Promise.all(crowd.map((client) => client.write(head("GET", path))));
    // What the system takes of each has been sent.
    await expect.poll(() => bucket.openReads(), { interval: 500 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const headers = { ...auth, range: "bytes=0-999999" };
    const response = await fetch(edge.url + path, { headers, signal: AbortSignal.timeout(20_000) });
    expect(Buffer.from(await response.arrayBuffer()).equals(file.subarray(0, 1_000_000))).toBe(true);
    for (const { socket } of crowd) socket.destroy();
    await edge.stop();
    await bucket.close();
    await rm(folder, { recursive: true });
  });
});
