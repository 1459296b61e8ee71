/** The calls of the page to its server. */
import { downloadPath, encodeStreamPath, snapshotPath } from "../../base/stream-path.ts";
import { ask as askServer, Refused } from "../http.ts";

/** One stream that is recorded. */
export interface StreamRow {
  readonly streamPath: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly bytes: number;
}

/** What a download of a range would hold. */
export interface RangeFacts {
  readonly coverage: readonly { readonly startMs: number; readonly endMs: number }[];
  readonly codecs: string;
  readonly events: readonly RangeEvent[];
  /** Bytes in each format. */
  readonly size: { readonly mp4: number; readonly fmp4: number };
}

/** How a range is put into a file. */
export interface DownloadOptions {
  /** Whether what is not recorded takes its time; else it is left out. */
  readonly keepsGaps: boolean;
  /** Whether captions tell the wall clock. */
  readonly hasCaptions: boolean;
}

/** As downloads are where nothing else is said. */
export const PLAIN: DownloadOptions = { keepsGaps: false, hasCaptions: false };

/** Something that happened, by the wall clock. */
export interface RangeEvent {
  readonly startMs: number;
  readonly endMs: number;
  readonly name: string;
  readonly level: "high" | "low";
}

/** A link that holds for a time, without a token. */
export interface SharedLink {
  readonly url: string;
  readonly expires: string;
  /** Of its QR code; null when the link is too long for one. */
  readonly qr: string | null;
}

interface Reply {
  readonly message: string;
  readonly data: unknown;
}

interface Times {
  readonly startTime: string;
  readonly endTime: string;
}

/** What the server tells of a range. */
interface ToldFacts extends Pick<RangeFacts, "codecs" | "size"> {
  readonly coverage: readonly Times[];
  readonly events: readonly (Times & { eventName: string; eventId: string; eventLevel: RangeEvent["level"] })[];
}

const TOKEN = "boxcar-token";

/** The token that was entered in this tab, if any. */
export const token = (): string | undefined => sessionStorage.getItem(TOKEN) ?? undefined;

/** Keeps a token for as long as the tab is open; an empty one forgets it. */
export function setToken(value: string): void {
  if (value === "") sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, value);
}

/** Asks the page's server. @throws Refused with the server's sentence */
export function ask(path: string, init: Omit<RequestInit, "headers"> = {}): Promise<Response> {
  return askServer(path, token, init);
}

/** The data of a reply. @throws Refused with the server's sentence */
export async function data<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, signal === undefined ? {} : { signal });
  return ((await response.json()) as Reply).data as T;
}

/** A range as parameters. */
export const timesOf = (startMs: number, endMs: number): string =>
  `start=${Math.round(startMs)}&end=${Math.round(endMs)}`;

const interval = ({ startTime, endTime }: Times): { startMs: number; endMs: number } => ({
  startMs: Date.parse(startTime),
  endMs: Date.parse(endTime),
});

/** All streams, by path. */
export async function streams(): Promise<StreamRow[]> {
  const rows = await data<(Times & { streamPath: string; bytes: number })[]>("/mp4/api/catalog");
  return rows.map((row) => ({ streamPath: row.streamPath, bytes: row.bytes, ...interval(row) }));
}

/** What is recorded in [startMs, endMs), and what a download with these options weighs; undefined when nothing is. */
export async function facts(
  streamPath: string,
  startMs: number,
  endMs: number,
  options: DownloadOptions,
  signal: AbortSignal,
): Promise<RangeFacts | undefined> {
  try {
    const gaps = optionsOf({ ...options, hasCaptions: false });
    const path = `/mp4/api/timeline/${encodeStreamPath(streamPath)}?${timesOf(startMs, endMs)}${gaps}`;
    const found = await data<ToldFacts>(path, signal);
    // A timeline knows nothing of captions.
    const sizeOf = (format: "mp4" | "fmp4"): Promise<number> =>
      lengthOf(downloadOf(streamPath, format, startMs, endMs, options), signal);
    const size = options.hasCaptions ? { mp4: await sizeOf("mp4"), fmp4: await sizeOf("fmp4") } : found.size;
    const events = found.events.map((event) => {
      return { ...interval(event), name: event.eventName || event.eventId, level: event.eventLevel };
    });
    return { codecs: found.codecs, size, coverage: found.coverage.map(interval), events };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

/** The URL of a download of [startMs, endMs), below that of the page. */
export function downloadOf(
  streamPath: string,
  format: "mp4" | "fmp4",
  startMs: number,
  endMs: number,
  options: DownloadOptions,
): string {
  return `${downloadPath(streamPath, format)}?${timesOf(startMs, endMs)}${optionsOf(options)}`;
}

/** As parameters; captions in the zone of the page. */
function optionsOf({ keepsGaps, hasCaptions }: DownloadOptions): string {
  const zone = encodeURIComponent(new Intl.DateTimeFormat().resolvedOptions().timeZone);
  return `${keepsGaps ? "&gaps=keep" : ""}${hasCaptions ? `&captions=clock&tz=${zone}` : ""}`;
}

/** Bytes of what a path gives. */
async function lengthOf(path: string, signal: AbortSignal): Promise<number> {
  return Number((await ask(path, { method: "HEAD", signal })).headers.get("content-length"));
}

/** The URL of the picture at a time; `sync`: of the sync sample before it, which is cheaper. @param width pixels; 0: its own */
export function pictureOf(streamPath: string, timeMs: number, width: number, sync: boolean): string {
  const size = width > 0 ? `&width=${width}` : "";
  return `${snapshotPath(streamPath, "jpg")}?time=${Math.round(timeMs)}${size}${sync ? "&seek=keyframe" : ""}`;
}

/** A signed link to the same as `path`. */
export function share(path: string, lifetime: string): Promise<SharedLink> {
  return data<SharedLink>(`${path}&share=1&lifetime=${encodeURIComponent(lifetime)}`);
}
