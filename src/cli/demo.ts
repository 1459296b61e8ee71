import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BoxcarError } from "../base/errors.ts";
import { closeOnSignals, startNode, type RunningServer } from "../runtime/node.ts";
import { decodeComplaints, measure } from "./check-media.ts";
import {
  AFTER_MS,
  BEFORE_MS,
  CAMERA,
  eventFile,
  eventPath,
  noteEvent,
  startCamera,
  type DemoServer,
} from "./demo-camera.ts";
import { DEMO_SEGMENT_MS, DEMO_START_MS, makeDemoRecordings, type DemoSegment } from "./demo-recordings.ts";
import { makeFolder } from "../runtime/libsql/open-configured-catalog.ts";
import { findFfmpeg, findFfprobe } from "../runtime/ffmpeg/ffmpeg-path.ts";

export const help = `boxcar demo [--once]

Makes a minute of recordings with ffmpeg, starts the server over BOXCAR_DATA (default ./demo-data), uploads them,
downloads a cut over several of them, checks it, records a camera with an event, and leaves the server running with
links to try.

  --once   stop after the check`;

const STREAM = "live/demo";
const FROM_MS = DEMO_START_MS + 5000;
const TO_MS = DEMO_START_MS + 33_500;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { once: { type: "boolean", default: false } } });
  const data = resolve(process.env.BOXCAR_DATA ?? "demo-data");
  await makeFolder(data, "BOXCAR_DATA");
  const ffmpeg = await findFfmpeg();
  console.log(`recording a minute of ${STREAM} with ${ffmpeg}`);
  const segments = await makeDemoRecordings(ffmpeg, join(data, "recordings"));
  const running = await start(data);
  try {
    await upload(running.url, segments);
    await download(running.url, join(data, "cut.mp4"), ffmpeg);
    const server = { url: running.url, headers: headers() };
    const camera = await startCamera(ffmpeg, server);
    const event = await recordEvent(server, join(data, "event.mp4"));
    if (values.once) await camera.stop();
    else printLinks(running.url, event);
  } catch (error) {
    await running.close();
    throw error;
  }
  if (values.once) await running.close();
  else closeOnSignals(running);
  return 0;
}

/** On PORT where one is set; else on 8080, or any free port when that is taken. */
async function start(data: string): Promise<RunningServer> {
  const env = { BOXCAR_LOG: "warn", ...process.env, BOXCAR_DATA: data };
  try {
    return await startNode(env);
  } catch (error) {
    const taken = error instanceof BoxcarError && error.code === "cannot_listen" && process.env.PORT === undefined;
    if (!taken) throw error;
    return startNode({ ...env, PORT: "0" });
  }
}

function headers(): Record<string, string> {
  const token = process.env.BOXCAR_TOKEN;
  return token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
}

async function upload(url: string, segments: readonly DemoSegment[]): Promise<void> {
  for (const { file, startMs } of segments) {
    const start = new Date(startMs).toISOString();
    const response = await fetch(`${url}/mp4/api/segments/${STREAM}?start=${start}`, {
      method: "PUT",
      headers: { ...headers(), "content-type": "video/mp4", "idempotency-key": `demo-${start}` },
      body: await readFile(file),
    });
    if (!response.ok) throw failed(`the upload of ${file}`, `${response.status} ${await response.text()}`);
    await response.arrayBuffer();
    console.log(`uploaded ${start} ${file}`);
  }
}

async function download(url: string, file: string, ffmpeg: string): Promise<void> {
  const link = `${url}${cutPath("mp4")}`;
  const began = performance.now();
  const response = await fetch(link, { headers: headers() });
  const firstByte = performance.now() - began;
  if (!response.ok) throw failed("the download", `${response.status} ${await response.text()}`);
  const body = new Uint8Array(await response.arrayBuffer());
  await writeFile(file, body);
  console.log(`\ndownloaded ${link}\n  ${body.length} bytes, headers after ${firstByte.toFixed(1)} ms: ${file}`);
  if (body.length !== Number(response.headers.get("content-length")))
    throw failed("the download", "its length differs");

  const middle = body.length >> 1;
  const range = {
    ...headers(),
    range: `bytes=${middle}-${middle + 999}`,
    "if-range": response.headers.get("etag") ?? "",
  };
  const part = await fetch(link, { headers: range });
  const same = Buffer.from(await part.arrayBuffer()).equals(body.subarray(middle, middle + 1000));
  if (part.status !== 206 || !same) throw failed("resuming the download", "the bytes differ");

  const { seconds, codecs, by } = await measure(file, await findFfprobe());
  console.log(`  ${by}: ${seconds.toFixed(3)} s, ${codecs.join(" + ")}`);
  const wanted = (TO_MS - FROM_MS) / 1000;
  if (Math.abs(seconds - wanted) > 0.1) throw failed("the cut", `it lasts ${seconds} s instead of ${wanted} s`);
  if (codecs.length !== 2) throw failed("the cut", "it does not have two tracks");
  const complaints = await decodeComplaints(file, ffmpeg);
  if (complaints !== "") throw failed("decoding the cut", complaints);
  console.log(
    `  ffmpeg: decodes without a complaint\n  checked: ${wanted} s cut over 4 segments, resumable at any byte`,
  );
}

/** Records an event of the camera, and checks it. @returns its id */
async function recordEvent(server: DemoServer, file: string): Promise<string> {
  const link = `${server.url}/mp4/live/${CAMERA}.mp4`;
  console.log(`\nrecording a camera ${link}`);
  const event = await noteEvent(server).catch((error: unknown) => {
    throw failed("the event", String(error));
  });
  await writeFile(file, await eventFile(server, event));
  const { seconds, by } = await measure(file, await findFfprobe());
  console.log(`an event of it ${server.url}${eventPath(event)}\n  ${by}: ${seconds.toFixed(3)} s: ${file}`);
  // The camera may have begun less than that before.
  if (seconds < AFTER_MS / 1000 || seconds > (BEFORE_MS + AFTER_MS) / 1000 + 0.1)
    throw failed("the event", `its recording lasts ${seconds} s`);
  return event;
}

function cutPath(format: "mp4" | "fmp4"): string {
  const [start, end] = [FROM_MS, TO_MS].map((ms) => new Date(ms).toISOString());
  return `/mp4/download/${STREAM}.${format}?start=${start}&end=${end}`;
}

function failed(what: string, how: string): BoxcarError {
  return new BoxcarError("demo_failed", `The demonstration failed at ${what}: ${how}`);
}

function printLinks(url: string, event: string): void {
  const last = new Date(DEMO_START_MS + 6 * DEMO_SEGMENT_MS).toISOString();
  const all = `start=${new Date(DEMO_START_MS).toISOString()}&end=${last}`;
  const moment = new URLSearchParams({
    stream: STREAM,
    t: new Date(DEMO_START_MS + DEMO_SEGMENT_MS).toISOString(),
  }).toString();
  console.log(`
try (the server runs until Ctrl-C):
  play the cut    ${url}${cutPath("mp4")}&inline=1
  fragmented      ${url}${cutPath("fmp4")}&inline=1
  whole minute    ${url}/mp4/download/${STREAM}.mp4?${all}
  what there is   ${url}/mp4/api/timeline/${STREAM}?${all}
  segments        ${url}/mp4/api/list/${STREAM}
  a camera, now   ${url}/mp4/live/${CAMERA}.mp4
  an event of it  ${url}${eventPath(event)}&inline=1
  all calls       ${url}/docs
  the page        ${url}/#${moment}`);
}
