import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { Media } from "../../core/index.ts";
import { streamVersion } from "../../recordings/stream-recordings.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { keptFor, visibility } from "../middleware/access.ts";
import { holdPlan } from "../middleware/limits.ts";
import { sendMedia } from "../replies/send-media.ts";
import { streamReply } from "../replies/stream-reply.ts";
import { queryOf, type AskedStream } from "./asked-stream.ts";
import { readyMedia } from "./stream-file.ts";

/** How long a playlist of what is over may be kept by clients, seconds: recordings may be deleted. */
const KEPT_S = 3600;
/** Bytes of playlists kept by default: those of some days. */
const DEFAULT_CACHE_BYTES = 16 << 20;
/** What an entry takes besides its bytes. */
const ENTRY_BYTES = 500;

/** A playlist or manifest, and the version of the recordings that it was made from. */
interface KeptPlaylist {
  readonly version: string;
  readonly media: Media;
}

/** Playlists and manifests by what they were asked for: players ask again and again, each viewer for the same. */
export class Playlists extends LruMap<string, KeptPlaylist> {
  constructor(budget = DEFAULT_CACHE_BYTES) {
    super(budget, ({ version, media }, name) => ENTRY_BYTES + media.size + 2 * (name.length + version.length));
  }
}

/** A playlist or manifest that was just made. */
export interface MadePlaylist {
  readonly text: string;
  /** As `streamRecordings` gives it. */
  readonly version: string | undefined;
}

/** How long the first media segment of a stream is waited for that has just begun to be recorded, milliseconds. */
const FIRST_MS = 20_000;

/** Makes a reply of a stream: of one that is being recorded once there is something to play. */
export async function oncePlayable(
  c: Context<AppEnv>,
  { catalog, recording }: AppContext,
  streamPath: string,
  reply: () => Promise<Response>,
): Promise<Response> {
  const signal = AbortSignal.any([AbortSignal.timeout(FIRST_MS), c.req.raw.signal]);
  for (;;) {
    const growth = catalog.growing.growth(streamPath, signal);
    try {
      return await reply();
    } catch (error) {
      const isEarly = error instanceof BoxcarError && error.code === "not_recorded";
      if (!isEarly || signal.aborted || recording?.recorder.running(streamPath) === undefined) throw error;
    }
    await growth;
  }
}

/** What is sent. */
interface Sent {
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
  { name, contentType, expires }: Sent,
  make: () => Promise<MadePlaylist>,
): Promise<Response> {
  const { playlists, planning, clock } = context;
  const { streamPath, lengthMs, settled, live, same } = asked;
  // The URLs of one that was asked for by a signed link are signed until the same moment.
  const signed = c.get("caller").kind === "link" ? expires : undefined;
  const key = JSON.stringify([name, streamPath, same, live, lengthMs, signed]);
  const kept = playlists.get(key);
  let media = kept?.media;
  if (media === undefined || kept?.version !== (await streamVersion(planning, queryOf(asked, "av")))) {
    const { text, version } = await make();
    const bytes = new TextEncoder().encode(text);
    holdPlan(c, { weight: bytes.length });
    media = await readyMedia(bytes);
    if (version !== undefined) playlists.set(key, { version, media });
  }
  const headers = new Headers({
    "Content-Type": contentType,
    "Cache-Control": settled ? keptFor(c, KEPT_S, clock()) : `${visibility(c)}, no-cache`,
    "X-Request-Id": c.get("requestId"),
  });
  return sendMedia(c.req.raw, media, headers, streamReply(c, context), c.env);
}
