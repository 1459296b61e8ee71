/** HLS of a day of one-minute segments: its media segments, beside nginx with the same bytes in files, and its playlist. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { download, type Target } from "../client.ts";
import { DAY, STREAM, STREAM_START } from "../material.ts";
import { pause } from "../process.ts";
import { startBoxcar } from "../servers.ts";
import { interleave, quantile } from "../statistics.ts";
import { CLIENTS, crowd } from "./clients.ts";
import { record, type Context, type Measurements } from "./context.ts";

/** Media segments that are asked for, each once; a p99 is that of the third slowest. */
const DISTINCT = 330;
/** Of these, what comes before those that count. */
const WARM_UP = 30;
/** Those that the crowd goes through. */
const CROWD = 1000;
/** From one to the next, media segments: goes to and fro over the whole day. */
const STEP = 7919;
/** Time for a server to notice that a download was broken off, milliseconds. */
const SETTLE = 20;

/** Playlists, media segments one by one, and `CLIENTS` viewers at distinct times. */
export async function streaming(context: Context): Promise<Measurements> {
  const { boxcar, nginx, material } = context;
  const results = await playlists(context);
  const folder = join(material.folder, "merged", "m4s");
  await mkdir(folder, { recursive: true });
  const list = await (await fetch(`http://127.0.0.1:${boxcar.port}${playlistPath()}`)).text();
  const names = list.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const chosen = Array.from({ length: CROWD }, (_, i) => names[(i * STEP) % names.length] ?? "");
  const target = (name: string): Target => ({ port: boxcar.port, path: `/mp4/hls/${STREAM}/${name}` });
  for (const [i, name] of chosen.entries()) {
    const reply = await fetch(`http://127.0.0.1:${boxcar.port}${target(name).path}`);
    await writeFile(join(folder, `${i}.m4s`), new Uint8Array(await reply.arrayBuffer()));
  }
  const file = (i: number): Target => ({ port: nginx?.port ?? 0, path: `/file/m4s/${i % CROWD}.m4s` });
  // As many as are left are as new as those were: what was kept of them is gone.
  const later = (i: number): string => names[((CROWD + i) * STEP) % names.length] ?? "";
  const first = async (asked: Target): Promise<number> => {
    const { firstByteMs } = await download(asked, 1);
    await pause(SETTLE);
    return firstByteMs;
  };
  const served = await interleave(
    {
      boxcar: (round) => first(target(later(round))),
      ...(nginx && { nginx: (round) => first(file(round)) }),
    },
    DISTINCT - WARM_UP,
    WARM_UP,
  );
  for (const [name, values] of Object.entries(served)) {
    record(results, `stream.firstByte.${name}.ms`, values);
    record(results, `stream.firstByteP99.${name}.ms`, [quantile(values, 0.99)]);
  }
  let asked = 0;
  const runs = await interleave(
    {
      boxcar: () => crowd(CLIENTS, () => target(later(DISTINCT + asked++))),
      ...(nginx && { nginx: () => crowd(CLIENTS, () => file(asked++)) }),
    },
    context.rounds,
    1,
  );
  for (const [name, crowds] of Object.entries(runs)) {
    const waits = crowds.flatMap(({ burst, steady }) => [...burst, ...steady]);
    record(
      results,
      `stream.viewers.${name}.bytesPerSecond`,
      crowds.map(({ bytesPerSecond }) => bytesPerSecond),
    );
    record(results, `stream.viewers.${name}.firstByteP50.ms`, [quantile(waits, 0.5)]);
    record(results, `stream.viewers.${name}.firstByteP99.ms`, [quantile(waits, 0.99)]);
  }
  await rm(folder, { recursive: true });
  return results;
}

/** @param number tells ranges apart that were never asked for */
function playlistPath(number = 0): string {
  const at = (seconds: number): string => new Date(STREAM_START + seconds * 1000).toISOString();
  return `/mp4/hls/${STREAM}/v.m3u8?start=${at(0.5 + number * 0.04)}&end=${at(DAY * 60 - 1)}`;
}

/** Playlists asked for until a server has compiled what it runs. */
const WARMING = 12;

/** The playlist of the day from a server that has just started, again, and another one once the server has run a while. */
async function playlists({ program, material, rounds }: Context): Promise<Measurements> {
  const results: Measurements = {};
  const [cold, again, fresh]: [number[], number[], number[]] = [[], [], []];
  let size = 0;
  for (let round = 0; round < rounds; round++) {
    const server = await startBoxcar(program, material.data);
    const ask = async (number: number): Promise<number> =>
      (await download({ port: server.port, path: playlistPath(number) })).totalMs;
    cold.push(await ask(0));
    again.push(await ask(0));
    for (let number = 1; number < WARMING; number++) await ask(number);
    fresh.push(await ask(WARMING));
    const text = await (await fetch(`http://127.0.0.1:${server.port}${playlistPath()}`)).text();
    size = gzipSync(text).length;
    await server.stop();
  }
  record(results, "stream.playlist.boxcar.ms", cold);
  record(results, "stream.playlist.boxcarAgain.ms", again);
  record(results, "stream.playlist.boxcarNew.ms", fresh);
  record(results, "stream.playlist.boxcarGzip.bytes", [size]);
  return results;
}
