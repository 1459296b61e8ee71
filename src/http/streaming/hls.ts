import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import { offsetText } from "../../base/time-zone.ts";
import { StreamMeasure } from "../../core/index.ts";
import { hasReached, type AwaitedEnd, type PlaylistEnd } from "../../deliver/blocking-reload.ts";
import { MediaPlaylist, type LivePlaylist } from "../../deliver/media-playlist.ts";
import { multivariantPlaylist } from "../../deliver/multivariant.ts";
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
} from "../time-ranges/share.ts";
import { need } from "../middleware/access.ts";
import { atOnce } from "../middleware/limits.ts";
import { refused } from "../replies/replies.ts";
import { fileParameter, integer, query, spanning } from "../schema/parameters.ts";
import * as z from "../schema/zod.ts";
import {
  askedStream,
  divide,
  lengthOf,
  mediaQuery,
  queryOf,
  sameRange,
  sharedTimes,
  playlistParameters,
  TRACKS,
  tracksOf,
  type AskedStream,
} from "./asked-stream.ts";
import { MadeOnGrowth, notYet, onGrowth, oncePlayable } from "./on-growth.ts";
import type { KeptPlaylist } from "./playlists.ts";
import { readyPlaylist, sendReady, type MadePlaylist, type SentPlaylist } from "./send-playlist.ts";
import { sendStreamFile } from "./stream-file.ts";

const parameters = query({
  ...playlistParameters,
  tracks: z
    .enum(["split", "muxed", "video", "audio"], "expected split, muxed, video or audio")
    .default("split")
    .openapi({
      description: "Sound as a rendition of its own (`split`), picture and sound together (`muxed`), or one of them.",
    }),
  _HLS_msn: integer(0).optional().openapi({
    description: "The reply waits until a playlist that grows has this media segment (RFC 8216bis section 6.2.5.2).",
  }),
  _HLS_part: integer(0).optional().openapi({ description: "With `_HLS_msn`: this Partial Segment of it." }),
  _HLS_skip: z.enum(["YES", "v2"], "expected YES or v2").optional().openapi({
    description: "Of a playlist that grows, only what is newer than its skip boundary (RFC 8216bis section 6.2.5.1).",
  }),
  ...shareParameters,
  ...signedLinkParameters,
});

const route = createRoute({
  method: "get",
  path: `/mp4/hls/{file}${spanning}`,
  summary: "Stream a time range by HLS",
  description:
    "`{streamPath}/index.m3u8` is the multivariant playlist of a range. It names media playlists, which name init and media " +
    "segments; their URLs do not depend on the range, so that overlapping ranges share them. Media times count from 1970.",
  middleware: [need("read", (c) => splitStream(c.req.param("file") ?? "").streamPath), atOnce("downloads")] as const,
  request: {
    params: fileParameter("Stream path and `index.m3u8`, or a file that a playlist names.", "live/cam1/index.m3u8"),
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
        "text/vtt": { schema: z.string() },
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
  const reloads = new MadeOnGrowth<MadeHls>();
  app.openapi(route, async (c) => {
    const { streamPath, file } = splitStream(c.req.valid("param").file);
    const query = c.req.valid("query");
    if (file.kind !== "playlist") return sendStreamFile(c, context, streamPath, file, query);
    if (wantsLink(query)) return share(c, context, streamPath, query);
    const awaited = awaitedEnd(query);
    const make = (): Promise<MadeHls> => madePlaylist(c, context, streamPath, file.playlist, query);
    return oncePlayable(c, context, streamPath, async () => {
      if (awaited === undefined) return sendMade(c, context, await make());
      const mostMs = WAITED_TARGETS * targetOf(lengthOf(query));
      const reply = await onGrowth(c, context, streamPath, mostMs, async () => {
        const made = await reloads.of(context, streamPath, sameReload(c), make);
        const { end } = made.ready;
        return end === undefined || hasReached(end, awaited) ? sendMade(c, context, made) : undefined;
      });
      if (reply === undefined) throw notYet(streamPath, mostMs);
      return reply;
    });
  });
}

async function madePlaylist(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  playlist: PlaylistName,
  query: Query,
): Promise<MadeHls> {
  const asked = await askedStream(context, streamPath, query);
  const clock = query.captions === "clock" || playlist === "captions" ? ` ${asked.captions.offsetMinutes}` : "";
  const skip = query._HLS_skip === undefined || !asked.live ? "" : " skip";
  const name = (playlist === "index" ? `hls ${query.tracks}` : `hls/${playlist}`) + clock + skip;
  const sent = { name, contentType: "application/vnd.apple.mpegurl", expires: query.expires };
  const ready = await readyPlaylist(c, context, asked, sent, () =>
    playlist === "index" ? multivariant(c, context, asked, query) : mediaPlaylist(c, context, asked, playlist, query),
  );
  return { asked, sent, ready };
}

function sendMade(c: Context<AppEnv>, context: AppContext, { asked, sent, ready }: MadeHls): Promise<Response> {
  return sendReady(c, context, asked, sent, ready);
}

/** A playlist that is ready, and what it was asked for by. */
interface MadeHls {
  readonly asked: AskedStream;
  readonly sent: SentPlaylist;
  readonly ready: KeptPlaylist;
}

/** What a reload has in common with all that may be answered by the same playlist, whatever they wait for. */
function sameReload(c: Context<AppEnv>): string {
  const { pathname, searchParams } = new URL(c.req.url);
  for (const name of ["_HLS_msn", "_HLS_part"]) searchParams.delete(name);
  return JSON.stringify([pathname, searchParams.toString(), c.get("caller").kind === "link"]);
}

/** What a reload waits for. @throws BoxcarError `bad_parameter` (400) */
function awaitedEnd({ _HLS_msn: msn, _HLS_part: part }: Query): AwaitedEnd | undefined {
  if (msn !== undefined) return { msn, part };
  if (part === undefined) return undefined;
  const message = "_HLS_part is a part of the media segment that _HLS_msn says, which is missing.";
  throw new BoxcarError("bad_parameter", message, { parameters: ["_HLS_part"] });
}

async function share(c: Context<AppEnv>, context: AppContext, streamPath: string, query: Query): Promise<Response> {
  const times = sharedTimes(await askedStream(context, streamPath, query), query);
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
  { tracks, captions, expires }: Query,
): Promise<MadePlaylist> {
  const measure = new StreamMeasure(asked.lengthMs);
  const url = (name: PlaylistName): Promise<string> => playlistUrl(c, context, asked, name, expires);
  const write = async function* (): AsyncGenerator<string, void, undefined> {
    const [av, v, a, iframes] = await Promise.all([url("av"), url("v"), url("a"), url("iframes")]);
    const clock = captions === "clock" ? await url("captions") : undefined;
    yield multivariantPlaylist(measure, tracks, { av, v, a, iframes, captions: clock });
  };
  return divide(c, context, queryOf(asked, tracksOf(tracks)), { sink: measure, write });
}

/** The URL of another playlist of the same range, from this one's. */
async function playlistUrl(
  c: Context<AppEnv>,
  context: AppContext,
  asked: AskedStream,
  name: PlaylistName,
  expires: string | undefined,
): Promise<string> {
  const range = sameRange(asked);
  if (name === "captions") range.set("tz", offsetText(asked.captions.offsetMinutes));
  const fields = range.toString();
  if (c.get("caller").kind !== "link") return `${name}.m3u8?${fields}`;
  return sameLink(c, context, `${streamFolder(asked.streamPath)}${name}.m3u8`, fields, expires);
}

async function mediaPlaylist(
  c: Context<AppEnv>,
  context: AppContext,
  asked: AskedStream,
  name: Exclude<PlaylistName, "index">,
  { expires, _HLS_skip: skip }: Query,
): Promise<MadePlaylist> {
  const iframes = name === "iframes";
  const captions = name === "captions" ? asked.captions : undefined;
  const tracks = iframes ? "v" : name === "captions" ? "av" : name;
  const { lengthMs, startMs, streamPath } = asked;
  const { sha256, planning } = context;
  const playlist = new MediaPlaylist({ tracks, iframes, captions, startMs, lengthMs, live: asked.live, sha256 });
  const query = queryOf(asked, tracks, iframes);
  const isParted = asked.live && query.unfinished === true && captions === undefined;
  let end: PlaylistEnd | undefined;
  const write = async function* (): AsyncGenerator<string, void, undefined> {
    if (isParted)
      await playlist.addParts(
        async ({ recording: { timed }, first }) => timed && planning.groups.parted(timed, first, query.length),
        targetOf(lengthMs),
      );
    const live = asked.live ? livePlaylist(context, asked, playlist, iframes) : undefined;
    const others = playlist.kinds.filter((kind) => kind !== name && name !== "av");
    const reports = isParted
      ? await Promise.all(others.map((kind) => playlistUrl(c, context, asked, kind, expires)))
      : undefined;
    const { fromMs, toMs } = playlist;
    const signed = await mediaQuery(c, context, streamPath, { fromMs, toMs, tracks: TRACKS[tracks] }, expires);
    end = live && playlist.endOf(live.numbers.sequence);
    yield* playlist.text(signed, live && { ...live, reports, skips: skip !== undefined });
  };
  return { ...(await divide(c, context, query, { sink: playlist, write })), end };
}

/** A media segment may be longer than it is asked to be by this part, where the end of what went before is short. */
const LONGER = 0.5;
/** How many target durations a reload waits (RFC 8216bis section 6.2.5.2). */
const WAITED_TARGETS = 3;

/** Target duration of a playlist that grows, milliseconds. @param lengthMs what a media segment lasts about */
function targetOf(lengthMs: number): number {
  return Math.round(lengthMs * (1 + LONGER));
}

function livePlaylist(
  { liveNumbers, clock }: AppContext,
  { streamPath, lengthMs, same }: AskedStream,
  { listed }: MediaPlaylist,
  iframes: boolean,
): Omit<LivePlaylist, "skips"> {
  const slides = same.window !== undefined;
  const name = JSON.stringify([streamPath, same, lengthMs, iframes]);
  // Numbers of a window that nobody has seen are above those from before a restart.
  const numbers = liveNumbers.of(name, listed, slides ? Math.floor(clock() / 1000) : 0);
  return { targetMs: targetOf(lengthMs), slides, numbers };
}
