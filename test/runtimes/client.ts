/** What the tests of all runtimes ask a server, over plain HTTP. */
import { createHash } from "node:crypto";
import { get, type ClientRequest, type IncomingMessage } from "node:http";
import { readFile } from "node:fs/promises";
import type { Random } from "../support/random.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

/** A stream path and a wall-clock interval in which it has segments. */
export interface Recorded {
  readonly streamPath: string;
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

/** Uploads the segments that all downloads are made of: progressive and fragmented, one stream with a gap. */
export async function uploadRecordings(url: string): Promise<Recorded[]> {
  const plain = await record({ count: 4, seconds: 2 });
  const fragmented = await record({ count: 4, seconds: 2, fragmented: true, seed: 2 });
  const streams: [string, typeof plain][] = [
    ["live/plain", plain],
    ["live/gap", plain.filter((_, i) => i !== 1)],
    ["live/fragmented", fragmented],
  ];
  const recorded: Recorded[] = [];
  for (const [streamPath, segments] of streams) {
    for (const { file, startMs } of segments) await upload(url, streamPath, startMs, await readFile(file));
    recorded.push({ streamPath, startMs: RECORDED_AT, endMs: segments.at(-1)?.endMs ?? RECORDED_AT });
  }
  return recorded;
}

/** Uploads one segment. @returns its record */
export async function upload(
  url: string,
  streamPath: string,
  startMs: number,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<{ id: number; url: string; size: number }> {
  const link = `${url}/mp4/api/segments/${streamPath}?start=${startMs}`;
  const response = await fetch(link, { method: "PUT", headers: { ...headers, ...auth }, body: Buffer.from(body) });
  const reply = (await response.json()) as { data: { id: number; url: string; size: number } };
  if (response.status !== 201) throw new Error(`upload: ${response.status} ${JSON.stringify(reply)}`);
  return reply.data;
}

/** Paths of downloads that differ in stream, range, format and options. */
export function randomDownloads(recorded: readonly Recorded[], count: number, chance: Random): string[] {
  return Array.from({ length: count }, () => {
    const { streamPath, startMs, endMs } = chance.pick(recorded);
    const start = startMs + chance.below(endMs - startMs - 500);
    const end = start + 500 + chance.below(endMs - start - 500);
    const options = [
      `cut=${chance.pick(["frame", "keyframe"])}`,
      `gaps=${chance.pick(["skip", "keep"])}`,
      `chapters=${chance.pick(["0", "1"])}`,
    ];
    const format = chance.pick(["mp4", "fmp4"]);
    return `/mp4/download/${streamPath}.${format}?start=${start}&end=${end}&${options.join("&")}`;
  });
}

/** What a download is known by. */
export interface Fingerprint {
  readonly status: number;
  readonly etag: string | null;
  readonly length: string | null;
  readonly sha256: string;
}

export async function fingerprint(link: string): Promise<Fingerprint> {
  // What compresses a reply differs: on Workers it is the runtime.
  const response = await fetch(link, { headers: { ...auth, "accept-encoding": "identity" } });
  const sha256 = createHash("sha256")
    .update(new Uint8Array(await response.arrayBuffer()))
    .digest("hex");
  const { status, headers } = response;
  return { status, etag: headers.get("etag"), length: headers.get("content-length"), sha256 };
}

/** The playlists of a stream, and all that they name of it, also as it is named while it grows. */
export async function streamedFiles(url: string, streamPath: string): Promise<Map<string, Fingerprint>> {
  const query = `start=${RECORDED_AT}&end=${RECORDED_AT + 8000}&segment=2s`;
  const folder = `/mp4/hls/${streamPath}/`;
  const lists = ["v", "a", "av", "iframes", "captions"].map((name) => `${folder}${name}.m3u8?${query}`);
  const files = lists.map(async (path) => {
    const text = await (await fetch(url + path, { headers: auth })).text();
    return [...text.matchAll(/^(?:#EXT-X-MAP:URI="([^"]*)"|([^#\n].*))$/gm)].map(([, map, file]) => map ?? file ?? "");
  });
  const named = new Set((await Promise.all(files)).flat());
  const growing = [...named].map((name) => name.replace(/(\d+)-\d+\.m4s$/, "$1.all-2000.m4s"));
  const paths = [
    ...[...lists, `${folder}index.m3u8?${query}`, `/mp4/dash/${streamPath}/manifest.mpd?${query}`],
    ...[...named, ...growing.filter((name) => !named.has(name)).slice(0, 2)].map((name) => folder + name),
  ];
  return new Map(await Promise.all(paths.map(async (path) => [path, await fingerprint(url + path)] as const)));
}

/** A server that can be reached beyond its machine has a token; so have all here. */
export const token = "a-token-for-the-tests";
/** Goes with every request. Idle connections are not kept: one that is being closed would fail the next request. */
export const auth = { authorization: `Bearer ${token}`, connection: "close" };

/** Opens a download and reads its first bytes only. */
export function openDownload(link: string): Promise<{ request: ClientRequest; response: IncomingMessage }> {
  return new Promise((resolve, reject) => {
    const request = get(link, { headers: auth, agent: false }, (response) => {
      response.once("readable", () => {
        response.read(1);
        resolve({ request, response });
      });
    });
    request.once("error", reject);
  });
}

/** Waits until something holds. @returns whether it does within the time */
export async function within(ms: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const until = Date.now() + ms; Date.now() < until;) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return holds();
}
