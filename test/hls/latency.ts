/**
 * `npm run latency`: how far players in Chromium are behind what is being recorded, and when a part of it can be fetched.
 * `npm run latency -- WORD…` measures the players whose line has all of the words.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { FPS } from "../browser/numbered-recording.ts";
import { FRAGMENT, pushNumbered } from "./live-source.ts";
import { openStreamPlayers, type PlayerName } from "./players.ts";

/** Seconds that each player is followed, and before that until it has settled. */
const [FOLLOWED, SETTLING] = [20, 5];
const LOW = "window=20s&segment=2s&latency=low";
const USUAL = "window=20s&segment=2s";

const outputs: readonly (readonly [PlayerName, "hls" | "dash", string])[] = [
  ["hls.js", "hls", LOW],
  ["dash.js", "dash", LOW],
  ["shaka", "dash", LOW],
  ["shaka", "hls", LOW],
  ["hls.js", "hls", USUAL],
  ["dash.js", "dash", USUAL],
  ["shaka", "dash", USUAL],
];

/** Milliseconds, sorted: the median, the 95th percentile and the worst. */
function spread(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    String(Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN));
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms`;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Samples of a part of video alone: `sample_count` of each `trun`. */
function samplesOf(bytes: Buffer): number {
  let samples = 0;
  for (let at = bytes.indexOf("trun", 0, "latin1"); at >= 0; at = bytes.indexOf("trun", at + 4, "latin1"))
    if (at < bytes.indexOf("mdat", 0, "latin1") || samples === 0) samples += bytes.readUInt32BE(at + 8);
  return samples;
}

/** Asks for each part as soon as it is hinted at: how long after its arrival the first picture of it has been fetched. */
async function fetchParts(server: TestServer, streamPath: string, startMs: number, seconds: number): Promise<number[]> {
  const folder = `/mp4/hls/${streamPath}/`;
  const listOf = async (): Promise<string> =>
    (await server.fetch(`${folder}v.m3u8?start=${startMs - 60_000}&segment=2s&latency=low`)).text();
  const afterMs: number[] = [];
  const known = new Set<string>();
  let picture = 0;
  while (Date.now() < startMs + seconds * 1000) {
    const text = await listOf();
    const parts = [...text.matchAll(/^#EXT-X-(?:PART|PRELOAD-HINT):.*URI="([^"]*)"/gm)].map(([, url = ""]) => url);
    for (const url of parts.filter((one) => !known.has(one))) {
      known.add(url);
      const reply = await server.fetch(folder + url);
      const bytes = Buffer.from(await reply.arrayBuffer());
      const gotMs = Date.now();
      if (!reply.ok) throw new Error(`${url}: ${reply.status}`);
      const arrivedMs = startMs + (Math.floor(picture / FRAGMENT) * FRAGMENT * 1000) / FPS;
      picture += samplesOf(bytes);
      afterMs.push(gotMs - arrivedMs);
    }
  }
  // Those that had come before they were asked for say nothing.
  return afterMs.slice(Math.ceil(afterMs.length / 4));
}

const folder = await mkdtemp(join(tmpdir(), "boxcar-latency-"));
const server = await startTestServer();
try {
  const source = await pushNumbered(server.url, "live/parts", folder, 30);
  await pause(3000);
  console.log(
    `first picture of a part fetched after it arrived: ${spread(await fetchParts(server, "live/parts", source.startMs, 28))}`,
  );
  await source.over;
  const players = await openStreamPlayers(server.url);
  const asked = outputs.filter((output) => process.argv.slice(2).every((word) => output.join(" ").includes(word)));
  for (const [name, by, query] of asked) {
    const { startMs, over } = await pushNumbered(server.url, "live/now", folder, FOLLOWED + 12);
    await pause(6000);
    const file = by === "hls" ? "index.m3u8" : "manifest.mpd";
    const { shown, errors, stalledMs } = await players.follow(name, `/mp4/${by}/live/now/${file}?${query}`, FOLLOWED);
    const settled = shown.filter(({ atMs }) => atMs > (shown[0]?.atMs ?? 0) + SETTLING * 1000);
    const behind = settled.map(({ number, atMs }) => atMs - (startMs + (number * 1000) / FPS));
    console.log(
      `${name}, ${by}, ${query}: behind ${spread(behind)}; longest picture ${Math.round(stalledMs)} ms`,
      ...errors,
    );
    await over;
  }
  await players.close();
} finally {
  await server.close();
  await rm(folder, { recursive: true });
}
