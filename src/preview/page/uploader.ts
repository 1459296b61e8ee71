/** Uploads that go on where they broke off, also after the page was loaded anew: tus (https://tus.io), with what was begun kept by the browser. */
import { defaultOptions, DetailedError, Upload, type PreviousUpload } from "tus-js-client";
import { data, token } from "./api.ts";
import { DAY_MS } from "../../base/units.ts";

/** Waits before what broke off is sent on, milliseconds. */
const AGAIN_MS = [1000, 3000, 9000];
/** So long the browser keeps what was begun: longer than servers do. Milliseconds. */
const KEPT_MS = 7 * DAY_MS;

/** What a file is to become. */
export interface SegmentTarget {
  readonly streamPath: string;
  /** Milliseconds since 1970; undefined: when it starts stands in the file. */
  readonly startMs: number | undefined;
}

/** What an upload tells, and what ends it. */
interface Course {
  /** Told of the part that is sent, 0 to 1. */
  readonly onProgress: (part: number) => void;
  readonly signal: AbortSignal;
}

/** Where a file was to go when it was sent last, from this browser; undefined: it was not. */
export async function earlierTarget(file: File): Promise<SegmentTarget | undefined> {
  const newest = (await earlierOf(file)).toSorted((a, b) => Date.parse(b.creationTime) - Date.parse(a.creationTime))[0];
  if (newest === undefined) return undefined;
  const { streamPath = "", start } = newest.metadata;
  return { streamPath, startMs: start === undefined ? undefined : Number(start) };
}

/**
 * Sends a file as a segment. One that was begun for the same place goes on; one that is there already is not sent again.
 * @returns when the segment ends, milliseconds since 1970
 * @throws Error with the server's sentence, or that the connection broke; the signal's reason
 */
export async function sendSegment(file: File, target: SegmentTarget, course: Course): Promise<number> {
  const metadata = metadataOf(file, target);
  const earlier = (await earlierOf(file)).filter((begun) => isSame(begun.metadata, metadata));
  for (const begun of [...earlier, undefined]) {
    const end = await endOf(await send(file, metadata, begun, course));
    if (end !== undefined) return end;
  }
  throw new Error("The server has not kept the segment.");
}

function metadataOf(file: File, { streamPath, startMs }: SegmentTarget): Record<string, string> {
  const start = startMs === undefined ? {} : { start: String(Math.round(startMs)) };
  return { filename: file.name, streamPath, ...start };
}

const isSame = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  ["streamPath", "start"].every((name) => a[name] === b[name]);

const storage = defaultOptions.urlStorage;
/** By which a file is known again when it is chosen anew. */
const fingerprint = ({ name, size, lastModified }: File): Promise<string> =>
  Promise.resolve(`boxcar/${[lastModified, size, name].join("/")}`);

async function earlierOf(file: File): Promise<PreviousUpload[]> {
  const old = (await storage.findAllUploads()).filter(
    ({ creationTime }) => Date.now() - Date.parse(creationTime) > KEPT_MS,
  );
  for (const { urlStorageKey } of old) await storage.removeUpload(urlStorageKey);
  return storage.findUploadsByFingerprint(await fingerprint(file));
}

/** @returns the URL of the finished upload */
function send(
  file: File,
  metadata: Record<string, string>,
  begun: PreviousUpload | undefined,
  { onProgress, signal }: Course,
): Promise<string> {
  signal.throwIfAborted();
  const known = token();
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: `${location.origin}/api/uploads`,
      metadata,
      headers: known === undefined ? {} : { Authorization: `Bearer ${known}` },
      fingerprint,
      retryDelays: AGAIN_MS,
      onProgress: (sent, total) => onProgress(sent / total),
      onSuccess: () => resolve(upload.url ?? ""),
      onError: (error) => reject(new Error(sentenceOf(error))),
    });
    if (begun !== undefined) upload.resumeFromPreviousUpload(begun);
    upload.start();
    signal.addEventListener("abort", () => {
      void upload.abort();
      reject(signal.reason as Error);
    });
  });
}

/** When the segment of a finished upload ends; undefined where it was deleted since. */
async function endOf(url: string): Promise<number | undefined> {
  const { segment } = await data<{ segment: { endTime: string } | null }>(url);
  return segment === null ? undefined : Date.parse(segment.endTime);
}

function sentenceOf(error: Error): string {
  const answer = error instanceof DetailedError ? error.originalResponse : null;
  if (answer === null) return "The connection broke. What was sent is kept: send again to go on.";
  try {
    return (JSON.parse(answer.getBody()) as { message: string }).message;
  } catch {
    return `The server answers ${answer.getStatus()}.`;
  }
}
