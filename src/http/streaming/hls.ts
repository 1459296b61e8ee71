import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import { formatTime } from "../../base/time.ts";
import { StreamMeasure, type StreamTracks } from "../../core/index.ts";
import { MediaPlaylist, multivariantPlaylist, type LivePlaylist } from "../../deliver/hls.ts";
import { readFileName, streamFolder, type PlaylistName, type StreamFile } from "../../deliver/media-names.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import {
  atTimes,
  sameLink,
  shared,
  shareParameters,
  shareReply,
  signedLinkParameters,
  wantsLink,
} from "../media/share.ts";
import { need } from "../middleware/access.ts";
import { atOnce } from "../middleware/limits.ts";
import { refused } from "../replies/replies.ts";
import { query } from "../schema/parameters.ts";
import * as z from "../schema/zod.ts";
import {
  askedStream,
  divide,
  mediaQuery,
  queryOf,
  sameRange,
  liveParameters,
  type AskedStream,
} from "./asked-stream.ts";
import { oncePlayable, sendPlaylist, type MadePlaylist } from "./send-playlist.ts";
import { sendStreamFile } from "./stream-file.ts";

const parameters = query({
  ...liveParameters,
  tracks: z
    .enum(["split", "muxed", "video", "audio"], "expected split, muxed, video or audio")
    .default("split")
    .openapi({
      description: "Sound as a rendition of its own (`split`), picture and sound together (`muxed`), or one of them.",
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
    const query = c.req.valid("query");
    if (file.kind !== "playlist") return sendStreamFile(c, context, streamPath, file, query);
    const { playlist } = file;
    if (wantsLink(query)) return share(c, context, streamPath, query);
    return oncePlayable(c, context, streamPath, async () => {
      const asked = await askedStream(context, streamPath, query);
      const name = playlist === "index" ? `hls ${query.tracks}` : `hls/${playlist}`;
      const sent = { name, contentType: "application/vnd.apple.mpegurl", expires: query.expires };
      return sendPlaylist(c, context, asked, sent, () =>
        playlist === "index"
          ? multivariant(c, context, asked, query)
          : mediaPlaylist(c, context, asked, playlist, query),
      );
    });
  });
}

async function share(c: Context<AppEnv>, context: AppContext, streamPath: string, query: Query): Promise<Response> {
  const { startMs, endMs, live } = await askedStream(context, streamPath, query);
  const end = live && query.end === undefined && query.duration === undefined ? undefined : formatTime(endMs);
  const times = query.window === undefined ? { start: formatTime(startMs), end } : {};
  return shareReply(c, context, query, atTimes(c, `${streamFolder(streamPath)}index.m3u8`, times));
}

/** Reads the path of a stream's file. @throws BoxcarError `unknown_media` (404), `bad_stream_path` (400) */
export function splitStream(path: string): { streamPath: string; file: StreamFile } {
  const found = readFileName(path);
  if (found !== undefined) return { streamPath: checkStreamPath(found.streamPath), file: found.file };
  const message =
    "There is no such playlist or media segment. GET /mp4/hls/{streamPath}/index.m3u8 leads to those there are.";
  throw new BoxcarError("unknown_media", message);
}

async function multivariant(
  c: Context<AppEnv>,
  context: AppContext,
  asked: AskedStream,
  { tracks, expires }: Query,
): Promise<MadePlaylist> {
  const measure = new StreamMeasure(asked.lengthMs);
  const version = await divide(c, context, queryOf(asked, tracksOf(tracks)), measure);
  const fields = sameRange(asked).toString();
  const url = async (name: PlaylistName): Promise<string> => {
    if (c.get("caller").kind !== "link") return `${name}.m3u8?${fields}`;
    return sameLink(c, context, `${streamFolder(asked.streamPath)}${name}.m3u8`, fields, expires);
  };
  const [av, v, a, iframes] = await Promise.all([url("av"), url("v"), url("a"), url("iframes")]);
  return { text: multivariantPlaylist(measure, tracks, { av, v, a, iframes }), version };
}

function tracksOf(tracks: Query["tracks"]): StreamTracks {
  return tracks === "video" ? "v" : tracks === "audio" ? "a" : "av";
}

async function mediaPlaylist(
  c: Context<AppEnv>,
  context: AppContext,
  asked: AskedStream,
  name: Exclude<PlaylistName, "index">,
  { expires }: Query,
): Promise<MadePlaylist> {
  const iframes = name === "iframes";
  const tracks = iframes ? "v" : name;
  const playlist = new MediaPlaylist({ tracks, iframes, startMs: asked.startMs, sha256: context.sha256 });
  const version = await divide(c, context, queryOf(asked, tracks, iframes), playlist);
  const text = await playlist.text(
    await mediaQuery(c, context, asked.streamPath, playlist, expires),
    asked.live ? livePlaylist(context, asked, playlist, iframes) : undefined,
  );
  return { text, version };
}

/** A media segment may be longer than it is asked to be by this part, where the end of what went before is short. */
const LONGER = 0.5;

function livePlaylist(
  { liveNumbers, clock }: AppContext,
  { streamPath, lengthMs, same }: AskedStream,
  { listed }: MediaPlaylist,
  iframes: boolean,
): LivePlaylist {
  const targetMs = lengthMs * (1 + LONGER);
  if (same.window === undefined) return { targetMs };
  const window = JSON.stringify([streamPath, same.window, lengthMs, iframes]);
  return { targetMs, numbers: liveNumbers.of(window, listed, clock()) };
}
