import type { Context } from "hono";
import type { PlaylistEnd } from "../../deliver/blocking-reload.ts";
import type { Media } from "../../core/index.ts";
import { streamVersion } from "../../recordings/stream-recordings.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { checkedEachTime, keptFor } from "../replies/cache-control.ts";
import { holdPlan } from "../middleware/limits.ts";
import { acceptsCoding } from "../replies/content-coding.ts";
import { sendMedia } from "../replies/send-media.ts";
import { streamReply } from "../replies/stream-reply.ts";
import { queryOf, type AskedStream, type WrittenRange } from "./asked-stream.ts";
import type { KeptPlaylist } from "./playlists.ts";
import { readyMedia } from "./stream-file.ts";

/** How long a playlist of what is over may be kept by clients, seconds: recordings may be deleted. */
const KEPT_S = 3600;
/** Text shorter than this is not compressed: it takes one packet as it is. */
const COMPRESSED_FROM = 1400;

/** A playlist or manifest that was just made. */
export interface MadePlaylist extends WrittenRange {
  /** Of one that grows. */
  readonly end?: PlaylistEnd | undefined;
}

export interface SentPlaylist {
  /** Tells it from others of its range. */
  readonly name: string;
  readonly contentType: string;
  /** Of the signed link that the request came by, if it did. */
  readonly expires: string | undefined;
}

/** Sends a playlist or manifest: as it was made before, unless recordings have changed since. */
export async function sendPlaylist(
  c: Context<AppEnv>,
  context: AppContext,
  asked: AskedStream,
  sent: SentPlaylist,
  make: () => Promise<MadePlaylist>,
): Promise<Response> {
  return sendReady(c, context, asked, sent, await readyPlaylist(c, context, asked, sent, make));
}

/** Sends a playlist or manifest that is ready: compressed where the client takes it so. */
export async function sendReady(
  c: Context<AppEnv>,
  context: AppContext,
  { settled }: AskedStream,
  { contentType }: SentPlaylist,
  { media, gzipped }: KeptPlaylist,
): Promise<Response> {
  const headers = new Headers({
    "Content-Type": contentType,
    "Cache-Control": settled ? keptFor(c, KEPT_S, context.clock()) : checkedEachTime(c),
    "X-Request-Id": c.get("requestId"),
  });
  if (gzipped === undefined) return sendMedia(c.req.raw, media, headers, streamReply(c, context), c.env);
  headers.set("Vary", [c.get("fields").get("vary"), "Accept-Encoding"].filter((field) => field !== null).join(", "));
  const isCompressed = acceptsCoding(c.req.header("accept-encoding"), "gzip");
  if (isCompressed) headers.set("Content-Encoding", "gzip");
  return sendMedia(c.req.raw, isCompressed ? await gzipped() : media, headers, streamReply(c, context), c.env);
}

/** A playlist or manifest as it was made before, unless recordings have changed since. */
export async function readyPlaylist(
  c: Context<AppEnv>,
  { playlists, planning, gzip }: AppContext,
  asked: AskedStream,
  { name, expires }: SentPlaylist,
  make: () => Promise<MadePlaylist>,
): Promise<KeptPlaylist> {
  const { streamPath, lengthMs, live, same } = asked;
  // The URLs of one that was asked for by a signed link are signed until the same moment.
  const signed = c.get("caller").kind === "link" ? expires : undefined;
  const key = JSON.stringify([name, streamPath, same, live, lengthMs, signed]);
  const version = await streamVersion(planning, queryOf(asked, "av"));
  const kept = playlists.get(key);
  if (kept?.version === version) return kept;
  const place = `${key} ${version}`;
  // One that was made for a client that has left meanwhile is made again.
  const shared = await playlists.making.get(place)?.catch(() => undefined);
  if (shared !== undefined) return shared;
  const making = made(c, gzip, make);
  playlists.making.set(place, making);
  try {
    const playlist = await making;
    if (playlist.version !== undefined) playlists.set(key, playlist);
    return playlist;
  } finally {
    if (playlists.making.get(place) === making) playlists.making.delete(place);
  }
}

async function made(
  c: Context<AppEnv>,
  gzip: AppContext["gzip"],
  make: () => Promise<MadePlaylist>,
): Promise<KeptPlaylist> {
  const { bytes, version, end } = await make();
  holdPlan(c, { weight: bytes.length });
  let compressed: Promise<Media> | undefined;
  const gzipped = gzip && (() => (compressed ??= gzip(bytes).then(readyMedia)));
  return {
    version,
    media: await readyMedia(bytes),
    gzipped: bytes.length < COMPRESSED_FROM ? undefined : gzipped,
    end,
  };
}
