/** How soon a download begins. */
import { download } from "../client.ts";
import { concatToFile, fragmentedFirstByte } from "../ffmpeg.ts";
import { pause } from "../process.ts";
import { boxcarPath, nginxPath } from "../servers.ts";
import { interleave } from "../statistics.ts";
import { newCut, record, type Context, type Measurements } from "./context.ts";

const MEGABYTE = 1_000_000;
/** Downloads that are broken off after their first byte are cheap, so there are more of them. */
const MORE = 3;
/** Rounds before the first that counts: engines compile what runs often. */
const WARM_UP = 30;
/** Time for a server to notice that a download was broken off: what it still does is not the next one's. Milliseconds. */
const SETTLE = 20;

/** First byte of merged downloads of `count` segments, milliseconds; of ffmpeg only up to an hour. */
export async function firstBytes(context: Context, count: number): Promise<Measurements> {
  const { boxcar, material, rounds } = context;
  const nginx = context.merged.includes(count) ? context.nginx : undefined;
  const results: Measurements = {};
  const first = async (port: number, path: string): Promise<number> => {
    const { firstByteMs } = await download({ port, path }, 1);
    await pause(SETTLE);
    return firstByteMs;
  };
  const same = newCut(count);
  const served = await interleave(
    {
      boxcarMp4: () => first(boxcar.port, boxcarPath(newCut(count))),
      boxcarMp4Again: () => first(boxcar.port, boxcarPath(same)),
      boxcarFmp4: () => first(boxcar.port, boxcarPath(newCut(count), "fmp4")),
      boxcarFmp4Again: () => first(boxcar.port, boxcarPath(same, "fmp4")),
      ...(nginx && {
        nginxMp4: () => first(nginx.port, nginxPath(newCut(count), count)),
        nginxMp4Large: () => first(nginx.port, nginxPath(newCut(count), count, "mp4-large")),
      }),
    },
    rounds * MORE,
    WARM_UP,
  );
  for (const [name, values] of Object.entries(served)) record(results, `firstByte.${count}.${name}.ms`, values);
  const piped = await interleave({ ffmpeg: () => fragmentedFirstByte(material, count) }, rounds, 1);
  record(results, `firstByte.${count}.ffmpegFmp4.ms`, piped.ffmpeg);
  return results;
}

/** First byte of a 1 MB Range in the middle of `count` segments, milliseconds: with a plan that may be kept, and without. */
export async function middleRange(context: Context, count: number): Promise<Measurements> {
  const { boxcar, nginx, rounds } = context;
  const results: Measurements = {};
  const same = newCut(count);
  const head = await fetch(`http://127.0.0.1:${boxcar.port}${boxcarPath(same)}`, { method: "HEAD" });
  const middle = Math.floor(Number(head.headers.get("content-length")) / 2);
  const range = `bytes=${middle}-${middle + MEGABYTE - 1}`;
  const first = async (port: number, path: string): Promise<number> => {
    const { firstByteMs, bytes } = await download({ port, path, range });
    if (bytes !== MEGABYTE) throw new Error(`${path} ignored the Range: ${bytes} bytes`);
    return firstByteMs;
  };
  const served = await interleave(
    {
      boxcarNew: () => first(boxcar.port, boxcarPath(newCut(count))),
      boxcarAgain: () => first(boxcar.port, boxcarPath(same)),
      ...(nginx && { nginxFile: () => first(nginx.port, `/file/${count}.mp4`) }),
    },
    rounds * MORE,
    WARM_UP,
  );
  for (const [name, values] of Object.entries(served)) record(results, `range.${count}.${name}.ms`, values);
  return results;
}

/** ffmpeg's concat of `count` segments into a file, which can be used when it is done. */
export async function ffmpegFile(context: Context, count: number, rounds: number): Promise<Measurements> {
  const results: Measurements = {};
  const runs = [];
  for (let i = 0; i < rounds; i++) runs.push(await concatToFile(context.material, count));
  record(
    results,
    `firstByte.${count}.ffmpegMp4.ms`,
    runs.map(({ seconds }) => seconds * 1000),
  );
  record(
    results,
    `memory.${count}.ffmpeg.bytes`,
    runs.map(({ peakBytes }) => peakBytes),
  );
  return results;
}
