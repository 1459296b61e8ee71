import type { Context } from "hono";
import { concatenated } from "../../base/bytes.ts";
import { BoxcarError } from "../../base/errors.ts";
import { formatTime, parseDuration } from "../../base/time.ts";
import { parseTimeRange, type TimeRange } from "../../base/time-range.ts";
import { zoneOffsetMinutes } from "../../base/time-zone.ts";
import { USUAL_GROUPS, type StreamSink, type StreamTracks } from "../../core/index.ts";
import { streamFolder } from "../../deliver/media-names.ts";
import { streamRecordings, type RecordingsQuery } from "../../recordings/stream-recordings.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { paced } from "../time-ranges/planned-range.ts";
import { sameLink } from "../time-ranges/share.ts";
import { text, timeParameters } from "../schema/parameters.ts";
import { boundedRange } from "../time-ranges/bounded-range.ts";
import * as z from "../schema/zod.ts";

/** Seconds that a media segment may last about, and does by default. */
const [SHORTEST_S, LONGEST_S, USUAL_S] = [2, 20, USUAL_GROUPS.lengthMs / 1000];
/** Seconds that a playlist that slides may have. */
const [SHORTEST_WINDOW_S, LONGEST_WINDOW_S] = [20, 86_400];
/** How long what is expected of a stream that is being recorded may lie ahead, milliseconds. */
const EXPECTED_MS = 60_000;
/** From one picture of a playlist of sync samples to the next, milliseconds, at least. */
const SYNCS_MS = 500;

/** Characters of a playlist or manifest that are encoded at a time: a manifest of many gaps has a million lines. */
const GATHERED = 64 * 1024;

/** Parameters of playlists and manifests. */
export const playlistParameters = {
  ...timeParameters,
  segment: text(
    `What a media segment lasts about, ${SHORTEST_S}s to ${LONGEST_S}s: whole groups of pictures. Default ${USUAL_S}s.`,
    "6s",
  ),
  window: text(
    `Instead of times: the newest media segments, ${SHORTEST_WINDOW_S}s to ${LONGEST_WINDOW_S}s of them, of a stream that is being recorded.`,
    "60s",
  ),
  gaps: z.enum(["skip", "keep"], "expected skip or keep").default("skip").openapi({
    description:
      "Close gaps (`skip`), or give them their time: `EXT-X-GAP` in HLS, nothing in the timeline of DASH (`keep`).",
  }),
  captions: z.enum(["none", "clock"], "expected none or clock").default("none").openapi({
    description: "`clock`: captions (WebVTT) that tell the wall-clock time of each second, in `tz`.",
  }),
  latency: z.enum(["low", "usual"], "expected low or usual").default("usual").openapi({
    description:
      "`low`: what is being recorded as it comes: Partial Segments of half a second, and blocking reloads (Low-Latency HLS); the media segment that grows (DASH).",
  }),
};

/** Parameters as a request has them. */
type Asked = { readonly [Name in keyof typeof playlistParameters]?: string | undefined } & {
  readonly gaps?: AskedStream["gaps"];
};

/** What a playlist or manifest is asked for. */
export interface AskedStream {
  readonly streamPath: string;
  /** Wall clock, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** What a media segment lasts about, milliseconds. */
  readonly lengthMs: number;
  /** Whether what is recorded of it changes no more, but by deletion. */
  readonly settled: boolean;
  /** Whether it is being recorded, and more of it will come. */
  readonly live: boolean;
  /** Of what slides: how far it reaches back, milliseconds. */
  readonly windowMs: number | undefined;
  /** Whether Partial Segments are asked for, once there are any. */
  readonly low: boolean;
  readonly gaps: "skip" | "keep";
  /** How far captions are ahead of UTC, from start to end. */
  readonly captions: { readonly offsetMinutes: number };
  /** The parameters that ask for the same range again. */
  readonly same: Readonly<Record<string, string>>;
}

/** Reads what is asked for. @throws BoxcarError `bad_parameter` (400), and as `parseTimeRange` and `boundedRange` do */
export async function askedStream(context: AppContext, streamPath: string, asked: Asked): Promise<AskedStream> {
  const { catalog, config, clock } = context;
  const lengthMs = lengthOf(asked);
  const nowMs = clock();
  const range = rangeOf(asked, config.timeZone, nowMs);
  const recorded = context.recording?.recorder.running(streamPath) !== undefined;
  const live = recorded && (range.endMs ?? Number.POSITIVE_INFINITY) > nowMs;
  const { windowMs } = range;
  const slides = windowMs !== undefined;
  const expectedMs = live && range.endMs === undefined ? nowMs + EXPECTED_MS : undefined;
  const bounded = await boundedRange(catalog, streamPath, {
    startMs: range.startMs,
    endMs: range.endMs ?? (slides ? undefined : expectedMs),
  });
  // A window reaches back from what is recorded, not from now: while a source is lost it stays as it is.
  const startMs = slides ? (live ? Math.min(bounded.endMs, nowMs) : bounded.endMs) - windowMs : bounded.startMs;
  const endMs = Math.max(bounded.endMs, expectedMs ?? 0);
  const settled = range.startMs !== undefined && range.endMs !== undefined && range.endMs + config.settleMs <= nowMs;
  const isOpen = live && range.endMs === undefined;
  const same =
    windowMs === undefined
      ? { start: String(startMs), ...(isOpen ? {} : { end: String(endMs) }) }
      : { window: `${windowMs}ms` };
  const low = asked.latency === "low";
  const { gaps = "skip" } = asked;
  const offsetMinutes = zoneOffsetMinutes(asked.tz ?? config.timeZone, startMs);
  return {
    streamPath,
    startMs,
    endMs,
    lengthMs,
    windowMs,
    settled,
    live,
    low,
    gaps,
    captions: { offsetMinutes },
    same: { ...same, ...(low ? { latency: "low" } : {}), ...(gaps === "keep" ? { gaps } : {}) },
  };
}

/** What a media segment lasts about, milliseconds. @throws BoxcarError `bad_parameter` (400) */
export function lengthOf({ segment }: Pick<Asked, "segment">): number {
  const lengthMs = segment === undefined ? USUAL_S * 1000 : parseDuration(segment, "segment");
  if (lengthMs >= SHORTEST_S * 1000 && lengthMs <= LONGEST_S * 1000) return lengthMs;
  const message = `A media segment lasts ${SHORTEST_S}s to ${LONGEST_S}s, and segment=${segment ?? ""} is not between.`;
  throw new BoxcarError("bad_parameter", message, { parameters: ["segment"] });
}

/** What is asked for, in times and, of a playlist that slides, in how much of it. */
function rangeOf({ window, ...asked }: Asked, zone: string, nowMs: number): TimeRange & { windowMs?: number } {
  const range = parseTimeRange(asked, zone, nowMs);
  if (window === undefined) return range ?? { startMs: undefined, endMs: undefined };
  const windowMs = parseDuration(window, "window");
  const isAllowed = windowMs >= SHORTEST_WINDOW_S * 1000 && windowMs <= LONGEST_WINDOW_S * 1000;
  if (range === undefined && isAllowed) return { startMs: undefined, endMs: undefined, windowMs };
  const message = `window is ${SHORTEST_WINDOW_S}s to ${LONGEST_WINDOW_S}s, and stands instead of times. Leave out one of them.`;
  throw new BoxcarError("bad_parameter", message, { parameters: ["window"] });
}

/** The times of a link to what was asked for: it goes on growing, or sliding, where it does. */
export function sharedTimes(
  { startMs, endMs, live, windowMs }: AskedStream,
  { end, duration, captions, tz }: Pick<Asked, "end" | "duration" | "captions" | "tz">,
): Readonly<Record<string, string | undefined>> {
  const zone = captions === "clock" ? { tz } : {};
  if (windowMs !== undefined) return zone;
  const isOpen = live && end === undefined && duration === undefined;
  return { start: formatTime(startMs), end: isOpen ? undefined : formatTime(endMs), ...zone };
}

/** The query of a URL that asks for the same range again. */
export function sameRange({ same, lengthMs }: AskedStream): URLSearchParams {
  const fields = new URLSearchParams(same);
  if (lengthMs !== USUAL_S * 1000) fields.set("segment", `${lengthMs}ms`);
  return fields;
}

/** A range as it is divided. @param iframes at each sync sample, instead of after the length that is asked for */
export function queryOf(
  { streamPath, startMs, endMs, lengthMs, low, gaps }: AskedStream,
  tracks: StreamTracks,
  iframes = false,
): RecordingsQuery {
  // A short last media segment of a recording was listed before it was known to be the last one.
  const length = iframes ? { lengthMs: SYNCS_MS, even: false } : { lengthMs, even: !low };
  const kept = gaps === "keep" ? { gapPortionMs: lengthMs } : {};
  return { streamPath, startMs, endMs, tracks, length, unfinished: low && !iframes, ...kept };
}

/** What is written of a range that was divided. */
export interface WrittenRange {
  readonly bytes: Uint8Array;
  /** As `streamRecordings` gives it. */
  readonly version: string | undefined;
}

/**
 * Divides a range for a request, as it is allowed to, and writes what came of it: text of a month is megabytes, which others do not wait for.
 * @param write gives the text piece by piece
 * @throws BoxcarError as `streamRecordings` does
 */
export function divide(
  c: Context<AppEnv>,
  context: AppContext,
  query: RecordingsQuery,
  { sink, write }: { readonly sink: StreamSink; readonly write: () => AsyncIterable<string> },
): Promise<WrittenRange> {
  const mostSegments = context.config.planning.downloadSegments;
  return paced(c, context, async (bounds) => {
    const version = await streamRecordings(context.planning, query, sink, { ...bounds, mostSegments });
    const [encoder, pieces]: [TextEncoder, Uint8Array[]] = [new TextEncoder(), []];
    let gathered = "";
    for await (const text of write()) {
      gathered += text;
      if (gathered.length >= GATHERED) {
        pieces.push(encoder.encode(gathered));
        gathered = "";
      }
      const resting = bounds.pace?.breathe();
      if (resting !== undefined) await resting;
    }
    pieces.push(encoder.encode(gathered));
    return { bytes: concatenated(pieces), version };
  });
}

/** What a playlist lists. */
interface Extent {
  readonly fromMs: number;
  readonly toMs: number;
  /** As the parameter says it. */
  readonly tracks: string;
}

/** How the parameter `tracks` names what is in a media segment. */
export const TRACKS: Readonly<Record<StreamTracks, string>> = { av: "muxed", v: "video", a: "audio" };

/** The tracks that a range is divided by for a value of the parameter `tracks`: renditions that are split have the same media segments. */
export function tracksOf(asked: "split" | "muxed" | "all" | "video" | "audio"): StreamTracks {
  return asked === "video" ? "v" : asked === "audio" ? "a" : "av";
}

/** The query that a playlist's URLs need: for who came by a signed link one signature for all that it lists, and for nothing else. */
export async function mediaQuery(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  { fromMs, toMs, tracks }: Extent,
  expires: string | undefined,
): Promise<string> {
  if (c.get("caller").kind !== "link") return "";
  const folder = streamFolder(streamPath);
  const extent = new URLSearchParams({ start: String(fromMs), end: String(toMs), tracks });
  return (await sameLink(c, context, folder, extent.toString(), expires)).slice(folder.length);
}
