/** A live source whose pictures state their number, pushed as fragmented MP4 at the speed of its pictures. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FPS, numberedPictures } from "../browser/numbered-recording.ts";
import { ffmpeg } from "../support/tools.ts";

export interface LiveSource {
  /** When picture 0 was taken, milliseconds since 1970: each next one 1/FPS seconds later. */
  readonly startMs: number;
  /** Resolves when all of it was sent, and the recording has ended. */
  readonly over: Promise<void>;
}

/** Pictures of a movie fragment: 80 ms. */
export const FRAGMENT = 2;

/** The recording is over so long after the last picture at the latest: who waits for it is told which wait it was. */
const ANSWERED_MS = 20_000;

/** Pushes so many seconds, a movie fragment as soon as its last picture would have been taken. Resolves when it is being recorded. */
export async function pushNumbered(
  serverUrl: string,
  streamPath: string,
  folder: string,
  seconds: number,
): Promise<LiveSource> {
  const file = join(folder, "live.mp4");
  await ffmpeg([
    ...["-v", "error", "-y", "-f", "lavfi", "-i", numberedPictures("160x96", 0)],
    ...["-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.1:seed=1", "-t", String(seconds), "-threads", "1"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", String(FPS), "-keyint_min", String(FPS)],
    ...["-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k"],
    ...["-frag_duration", String((FRAGMENT * 1e6) / FPS), "-min_frag_duration", String((FRAGMENT * 1e6) / FPS - 1000)],
    ...["-movflags", "+empty_moov+default_base_moof", file],
  ]);
  const bytes = await readFile(file);
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) === "moof") starts.push(at);
  }
  starts.push(bytes.length);
  const startMs = Date.now();
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const dueMs = startMs + (sent * FRAGMENT * 1000) / FPS;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - Date.now())));
      controller.enqueue(bytes.subarray(sent === 0 ? 0 : starts[sent], starts[sent + 1]));
      sent++;
      if (sent + 1 >= starts.length) controller.close();
    },
  });
  const signal = AbortSignal.timeout(seconds * 1000 + ANSWERED_MS);
  const init = { method: "POST", body, duplex: "half", signal } as RequestInit;
  const reply = fetch(`${serverUrl}/mp4/live/${streamPath}?fragment=5s`, init);
  while (!(await isRecorded(serverUrl, streamPath))) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    startMs,
    over: reply.then(async (ended) => {
      await ended.text();
    }),
  };
}

async function isRecorded(serverUrl: string, streamPath: string): Promise<boolean> {
  const { data } = (await (await fetch(`${serverUrl}/mp4/api/jobs`)).json()) as {
    data: { streamPath: string; state: string }[];
  };
  return data.some((job) => job.streamPath === streamPath && job.state === "recording");
}
