import type { Context } from "hono";
import { Breather } from "../../base/breather.ts";
import { arrived } from "../../base/bytes.ts";
import { BoxcarError } from "../../base/errors.ts";
import { started } from "../../base/started.ts";
import { formatTime } from "../../base/time.ts";
import type { Media, PartName, StreamedMedia, StreamTracks } from "../../core/index.ts";
import { captionsBytes, clockCaptions } from "../../deliver/clock-captions.ts";
import type { PartsName, StreamFile } from "../../deliver/media-names.ts";
import { hashOf } from "../../base/sha256.ts";
import { recordedInit, recordedMedia, recordedPart } from "../../recordings/stream-recordings.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { holdPlan } from "../middleware/limits.ts";
import { keptForGood } from "../replies/cache-control.ts";
import { sendMedia } from "../replies/send-media.ts";
import { streamReply } from "../replies/stream-reply.ts";
import { TRACKS } from "./asked-stream.ts";
import { notYet, onGrowth } from "./on-growth.ts";

/** How long a Partial Segment is waited for that comes next, milliseconds. */
const PART_WAIT_MS = 10_000;

/** What of a stream a signed link is for. */
interface LinkExtent {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  /** As the parameter says it; `split`: any. */
  readonly tracks: string;
}

/**
 * Sends an init or media segment.
 * @throws BoxcarError `unknown_media` (404), `forbidden` (403), `too_many_plans` (429), and as `recordedMedia` does
 */
export async function sendStreamFile(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  file: Exclude<StreamFile, { kind: "playlist" }>,
  extent: LinkExtent,
): Promise<Response> {
  const { planning, clock } = context;
  if (file.kind === "now") return c.text(formatTime(clock()), 200, { "Cache-Control": "no-store" });
  const tracks = tracksIn(file);
  const headers = new Headers({
    "Content-Type": tracks === undefined ? "text/vtt; charset=utf-8" : tracks === "a" ? "audio/mp4" : "video/mp4",
    "Cache-Control": keptForGood(c, clock()),
    "X-Request-Id": c.get("requestId"),
  });
  if (file.kind === "parts") return sendParts(c, context, streamPath, file.parts, { headers, extent });
  let media: Media | undefined;
  if (file.kind === "init") {
    const bytes = await recordedInit(planning, streamPath, file.init);
    media = bytes && (await readyMedia(bytes));
  } else if (file.kind === "captions") {
    holdPlan(c, { weight: captionsBytes(file.captions) });
    const captions = await clockCaptions(file.captions, new Breather(c.req.raw.signal));
    media = captions && (await readyMedia(captions));
  } else {
    const found = await (file.kind === "media"
      ? recordedMedia(planning, streamPath, file.media)
      : comingPart(c, context, streamPath, file.part));
    if (found !== undefined) checkExtent(c, found, tracks ?? "av", extent);
    media = found;
  }
  if (media === undefined) throw unknown(streamPath);
  return sendMedia(c.req.raw, media, headers, streamReply(c, context), c.env);
}

/**
 * Sends a media segment part by part, as they come. Its length is not known before its end; its bytes never change.
 * @throws BoxcarError `unknown_media` (404), and as `sendStreamFile` does
 */
async function sendParts(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  name: PartsName,
  { headers, extent }: { readonly headers: Headers; readonly extent: LinkExtent },
): Promise<Response> {
  const partOf = async (part: number): Promise<StreamedMedia | undefined> => {
    const media = await comingPart(c, context, streamPath, { ...name, part });
    if (media !== undefined) checkExtent(c, media, name.tracks, extent);
    return media;
  };
  const first = await partOf(0);
  if (first === undefined) throw unknown(streamPath);
  if (c.req.method === "HEAD") return new Response(null, { status: 200, headers });
  return streamReply(c, context)(c.env, 200, headers, await started(eachPart(first, partOf)));
}

async function* eachPart(
  first: StreamedMedia,
  partOf: (part: number) => Promise<StreamedMedia | undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let media: StreamedMedia | undefined = first;
  for (let part = 1; media !== undefined; part++) {
    yield* media.read({ offset: 0, length: media.size });
    media = await partOf(part);
  }
}

function unknown(streamPath: string): BoxcarError {
  const message = `${streamPath} has no such init or media segment. GET /mp4/hls/${streamPath}/index.m3u8 leads to those it has.`;
  return new BoxcarError("unknown_media", message);
}

/** The tracks that a file has media of. */
function tracksIn(file: Exclude<StreamFile, { kind: "playlist" | "now" }>): StreamTracks | undefined {
  switch (file.kind) {
    case "captions":
      return undefined;
    case "init":
      return file.init.tracks;
    case "media":
      return file.media.tracks;
    case "part":
      return file.part.tracks;
    case "parts":
      return file.parts.tracks;
  }
}

/** A Partial Segment: of what is being recorded also the next one, once it has come. @throws BoxcarError `not_yet` (503) */
async function comingPart(
  c: Context<AppEnv>,
  context: AppContext,
  streamPath: string,
  part: PartName,
): Promise<StreamedMedia | undefined> {
  const found = await onGrowth(c, context, streamPath, PART_WAIT_MS, async () => {
    const media = await recordedPart(context.planning, streamPath, part);
    return media === "coming" ? undefined : { media };
  });
  if (found === undefined) throw notYet(streamPath, PART_WAIT_MS);
  return found.media;
}

/** Bytes that are at hand, as a body. */
export async function readyMedia(bytes: Uint8Array): Promise<Media> {
  return {
    size: bytes.length,
    etag: await hashOf(bytes),
    read: ({ offset, length }) => arrived(bytes.subarray(offset, offset + length)),
  };
}

/**
 * A signed link is for the media segments of its playlist: those of its tracks that lie within what it states. Without its signature the
 * name of one could be made to hold the rest of its recording.
 */
function checkExtent(
  c: Context<AppEnv>,
  { startMs, lastMs }: StreamedMedia,
  tracks: StreamTracks,
  extent: LinkExtent,
): void {
  if (c.get("caller").kind !== "link") return;
  const isWithin = startMs >= Number(extent.start) && lastMs < Number(extent.end);
  if (isWithin && (extent.tracks === "split" || extent.tracks === TRACKS[tracks])) return;
  const message =
    "The signed link is for another time of the stream, or for other tracks. Use the URLs of its playlist as they are.";
  throw new BoxcarError("forbidden", message, { scope: "read" });
}
