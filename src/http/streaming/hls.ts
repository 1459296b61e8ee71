import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import { formatTime, parseDuration, parseTimeRange } from "../../base/time.ts";
import { StreamMeasure, type StreamSink, type StreamTracks } from "../../core/index.ts";
import { MediaPlaylist, multivariantPlaylist } from "../../deliver/hls.ts";
import { readFileName, streamFolder, type PlaylistName, type StreamFile } from "../../deliver/media-names.ts";
import { streamRecordings } from "../../recordings/stream-recordings.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { paced } from "../media/planned-range.ts";
import {
  atTimes,
  sameLink,
  shared,
  shareParameters,
  shareReply,
  signedLinkParameters,
  wantsLink,
} from "../media/share.ts";
import { keptFor, need, visibility } from "../middleware/access.ts";
import { atOnce, holdPlan } from "../middleware/limits.ts";
import { refused } from "../replies/replies.ts";
import { sendMedia } from "../replies/send-media.ts";
import { streamReply } from "../replies/stream-reply.ts";
import { query, timeParameters } from "../schema/parameters.ts";
import { boundedRange } from "../schema/time-range.ts";
import * as z from "../schema/zod.ts";
import { readyMedia, sendStreamFile } from "./stream-file.ts";

/** Seconds that a media segment may last about, and does by default. */
const [SHORTEST_S, LONGEST_S, USUAL_S] = [2, 20, 6];
/** From one picture of a playlist of sync samples to the next, milliseconds, at least. */
const SYNCS_MS = 500;
/** How long a playlist of what is over may be kept, seconds: recordings may be deleted. */
const KEPT_S = 3600;

const parameters = query({
  ...timeParameters,
  tracks: z
    .enum(["muxed", "split", "video", "audio"], "expected muxed, split, video or audio")
    .default("muxed")
    .openapi({
      description: "Picture and sound together (`muxed`), sound as a rendition of its own (`split`), or one of them.",
    }),
  segment: z
    .string("expected once")
    .optional()
    .openapi({
      description: `What a media segment lasts about, ${SHORTEST_S}s to ${LONGEST_S}s: whole groups of pictures. Default ${USUAL_S}s.`,
      example: "6s",
    }),
  ...shareParameters,
  ...signedLinkParameters,
});

const route = createRoute({
  method: "get",
  path: "/mp4/hls/{file}{.+}",
  summary: "Stream a time range by HLS",
  description:
    "`{streamPath}/index.m3u8` is the multivariant playlist of a range. It names media playlists, which name init and media " +
    "segments; their URLs do not depend on the range, so that overlapping ranges share them. Media times count from 1970.",
  middleware: [need("read", (c) => splitStream(c.req.param("file") ?? "").streamPath), atOnce("downloads")] as const,
  request: {
    params: z.object({
      file: z.string().openapi({
        description: "Stream path and `index.m3u8`, or a file that a playlist names.",
        example: "live/cam1/index.m3u8",
      }),
    }),
    query: parameters,
  },
  responses: {
    200: {
      description: "A playlist, or an init or media segment; with `share=1` a signed link to the playlist.",
      content: {
        ...shared,
        "application/vnd.apple.mpegurl": { schema: z.string() },
        "video/mp4": { schema: z.string().openapi({ format: "binary" }) },
        "audio/mp4": { schema: z.string().openapi({ format: "binary" }) },
      },
    },
    206: { description: "The ranges of it that were asked for." },
    304: { description: "The client has it already." },
    ...refused,
  },
});

type Query = z.infer<typeof parameters>;

/** `GET, HEAD /mp4/hls/{streamPath}/index.m3u8`, and the files that it leads to. */
export function addHls(app: App, context: AppContext): void {
  app.openapi(route, async (c) => {
    const { streamPath, file } = splitStream(c.req.valid("param").file);
    const asked = c.req.valid("query");
    if (file.kind !== "playlist") return sendStreamFile(c, context, streamPath, file, asked);
    const range = await askedRange(context, streamPath, asked);
    const times = { start: formatTime(range.startMs), end: formatTime(range.endMs) };
    if (wantsLink(asked)) {
      return shareReply(c, context, asked, atTimes(c, streamFolder(streamPath) + "index.m3u8", times));
    }
    const text =
      file.playlist === "index"
        ? await multivariant(c, context, streamPath, range, asked)
        : await mediaPlaylist(c, context, streamPath, file.playlist, range, asked);
    return sendText(c, context, text, range.settled);
  });
}

/** Reads the path of a stream's file. @throws BoxcarError `unknown_media` (404), `bad_stream_path` (400) */
export function splitStream(path: string): { streamPath: string; file: StreamFile } {
  const found = readFileName(path);
  if (found !== undefined) return { streamPath: checkStreamPath(found.streamPath), file: found.file };
  const message =
    "There is no such playlist or media segment. GET /mp4/hls/{streamPath}/index.m3u8 leads to those there are.";
  throw new BoxcarError("unknown_media", 404, message);
}

/** What a playlist is asked for. */
export interface AskedRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly lengthMs: number;
  /** Whether what is recorded of it changes no more, but by deletion. */
  readonly settled: boolean;
}

async function askedRange(context: AppContext, streamPath: string, asked: Query): Promise<AskedRange> {
  const { catalog, config, clock } = context;
  const lengthMs = asked.segment === undefined ? USUAL_S * 1000 : parseDuration(asked.segment, "segment");
  if (lengthMs < SHORTEST_S * 1000 || lengthMs > LONGEST_S * 1000) {
    const message = `A media segment lasts ${SHORTEST_S}s to ${LONGEST_S}s, and segment=${asked.segment ?? ""} is not between.`;
    throw new BoxcarError("bad_parameter", 400, message, { parameters: ["segment"] });
  }
  const nowMs = clock();
  const range = parseTimeRange(asked, config.timeZone, nowMs) ?? { startMs: undefined, endMs: undefined };
  const bounded = await boundedRange(catalog, streamPath, range);
  const settled = range.startMs !== undefined && range.endMs !== undefined && range.endMs + config.settleMs <= nowMs;
  return { ...bounded, lengthMs, settled };
}

/** Divides a range for a request, as it is allowed to. */
function divide(
  c: Context<AppEnv>,
  context: AppContext,
  query: {
    streamPath: string;
    startMs: number;
    endMs: number;
    tracks: StreamTracks;
    iframes: boolean;
    lengthMs: number;
  },
  sink: StreamSink,
): Promise<void> {
  const { planning, config } = context;
  const { streamPath, startMs, endMs, tracks, iframes, lengthMs } = query;
  const length = iframes ? { lengthMs: SYNCS_MS, even: false } : { lengthMs, even: true };
  const mostSegments = config.planning.downloadSegments;
  return paced(c, context, (bounds) =>
    streamRecordings(planning, { streamPath, startMs, endMs, tracks, length }, sink, { ...bounds, mostSegments }),
  );
}

async function multivariant(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  range: AskedRange,
  { tracks, expires }: Query,
): Promise<string> {
  const measure = new StreamMeasure(range.lengthMs);
  await divide(c, context, { streamPath, ...range, tracks: tracksOf(tracks), iframes: false }, measure);
  const fields = new URLSearchParams({ start: formatTime(range.startMs), end: formatTime(range.endMs) });
  if (range.lengthMs !== USUAL_S * 1000) fields.set("segment", `${range.lengthMs}ms`);
  const url = async (name: PlaylistName): Promise<string> => {
    if (c.get("caller").kind !== "link") return `${name}.m3u8?${fields.toString()}`;
    return sameLink(c, context, `${streamFolder(streamPath)}${name}.m3u8`, fields.toString(), expires);
  };
  const [av, v, a, iframes] = await Promise.all([url("av"), url("v"), url("a"), url("iframes")]);
  return multivariantPlaylist(measure, tracks, { av, v, a, iframes });
}

function tracksOf(tracks: Query["tracks"]): StreamTracks {
  return tracks === "video" ? "v" : tracks === "audio" ? "a" : "av";
}

async function mediaPlaylist(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  name: Exclude<PlaylistName, "index">,
  range: AskedRange,
  { expires }: Query,
): Promise<string> {
  const iframes = name === "iframes";
  const tracks = iframes ? "v" : name;
  const playlist = new MediaPlaylist({ tracks, iframes, startMs: range.startMs, sha256: context.sha256 });
  await divide(c, context, { streamPath, ...range, tracks, iframes }, playlist);
  if (c.get("caller").kind !== "link") return playlist.text();
  // One signature for all media segments of the playlist, and for nothing else.
  const extent = new URLSearchParams({ start: String(playlist.fromMs), end: String(playlist.toMs) });
  const folder = streamFolder(streamPath);
  const signed = await sameLink(c, context, folder, extent.toString(), expires);
  return playlist.text(signed.slice(folder.length));
}

async function sendText(c: Context<AppEnv>, context: AppContext, text: string, settled: boolean): Promise<Response> {
  const bytes = new TextEncoder().encode(text);
  holdPlan(c, { weight: bytes.length });
  const headers = new Headers({
    "Content-Type": "application/vnd.apple.mpegurl",
    "Cache-Control": settled ? keptFor(c, KEPT_S, context.clock()) : `${visibility(c)}, no-cache`,
    "X-Request-Id": c.get("requestId"),
  });
  return sendMedia(c.req.raw, await readyMedia(bytes), headers, streamReply(c, context), c.env);
}
