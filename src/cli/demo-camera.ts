import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { videoCodec } from "./demo-recordings.ts";

/** Where the demonstration's camera is recorded. */
export const CAMERA = "live/camera";
/** What of an event lies before it is noted, and behind, milliseconds. */
export const [BEFORE_MS, AFTER_MS] = [2000, 2000];
/** So long the camera sends, seconds: who forgets the demonstration has 300 MB of it. */
const LENGTH = 3600;
/** So long something is waited for that has to come, milliseconds. */
const PATIENCE_MS = 30_000;
const AGAIN_MS = 250;

/** A server, and what it wants of requests. */
export interface DemoServer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A camera that is being recorded. */
export interface DemoCamera {
  /** Ends it. Resolves once what it has sent is safe. @throws Error with what the server answers, when it did not take it */
  stop(): Promise<void>;
}

/** Sends a test picture of now, as a camera's program would: fragmented MP4 by one request that does not end. */
export async function startCamera(ffmpeg: string, { url, headers }: DemoServer): Promise<DemoCamera> {
  const child = spawn(
    ffmpeg,
    [
      ...["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25"],
      ...["-re", "-f", "lavfi", "-i", "sine=frequency=330:beep_factor=4:sample_rate=48000", "-t", String(LENGTH)],
      ...[...(await videoCodec(ffmpeg)), "-c:a", "aac", "-b:a", "96k", "-f", "mp4"],
      ...["-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "500000", "-"],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const body = Readable.toWeb(child.stdout) as ReadableStream;
  const reply = fetch(`${url}/mp4/live/${CAMERA}`, { method: "POST", headers, body, duplex: "half" } as RequestInit);
  reply.catch(() => undefined); // is told where it is awaited
  return {
    async stop() {
      child.kill();
      const response = await reply;
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    },
  };
}

/**
 * Notes that something happens at the camera, and waits until it is over.
 * @returns the event's id
 * @throws Error with what the server answers
 */
export async function noteEvent({ url, headers }: DemoServer): Promise<string> {
  await pause(2 * BEFORE_MS); // it takes a while to begin
  const body = JSON.stringify({
    ...{ streamPath: CAMERA, eventName: "Somebody at the door", eventLevel: "high" },
    ...{ beforeDuration: `${BEFORE_MS}ms`, afterDuration: `${AFTER_MS}ms` },
  });
  const noted = await eventually(() => fetch(`${url}/mp4/api/event/start`, { method: "POST", headers, body }));
  await pause(AFTER_MS + 1000); // and until its last part is there
  return ((await noted.json()) as { event: { id: string } }).event.id;
}

/** The recording of an event, once all of it is there. @throws Error with what the server answers */
export async function eventFile({ url, headers }: DemoServer, id: string): Promise<Uint8Array> {
  const recorded = await eventually(() => fetch(url + eventPath(id), { headers }));
  return new Uint8Array(await recorded.arrayBuffer());
}

/** Of the recording of an event. */
export function eventPath(id: string): string {
  return `/mp4/download/${CAMERA}.mp4?event=${id}`;
}

/** Asks until the answer is a good one: of what begins just now there is nothing yet. */
async function eventually(ask: () => Promise<Response>): Promise<Response> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const response = await ask();
    if (response.ok) return response;
    const answer = `${response.status} ${await response.text()}`;
    if (performance.now() > untilMs) throw new Error(answer);
    await pause(AGAIN_MS);
  }
}
