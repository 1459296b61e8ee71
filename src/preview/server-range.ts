import { encodeStreamPath, snapshotPath } from "../base/stream-path.ts";
import { ask, type Token } from "./http.ts";
import { readSegments, readVariant, type ListedMedia } from "./playlist.ts";
import { placed, type MediaSegment, type PlayerSource } from "./source.ts";

/** A stream on a boxcar server. */
export interface PlayerStream {
  /** Origin of the server, without a slash at the end. Default: that of the page. */
  readonly server?: string;
  /** `live/cam1` */
  readonly streamPath: string;
}

/** A time range of a stream. */
export interface PlayerRange extends PlayerStream {
  /** Milliseconds since 1970. Absent: what is being recorded, from the newest picture on. */
  readonly startMs?: number;
  /** Exclusive. Absent: of a stream that is being recorded, all that will come, too. */
  readonly endMs?: number;
}

/** A range that somebody has named. */
export interface PlayerLink {
  /**
   * Of a multivariant playlist of a boxcar server whose sound comes with its picture (`tracks=muxed`): a signed link, of a server that
   * gives nothing without a token.
   */
  readonly url: string;
}

/** What is there behind the newest picture when a stream is opened that is being recorded, milliseconds. */
const BEHIND_MS = 300_000;
/** What a media segment lasts about of what is being recorded: it is shown once it is all there. */
const LIVE_SEGMENT = "2s";
/** Between two questions for more, at least, milliseconds: where the server answers at once. */
const PAUSE_MS = 500;

/** Opens a range of a server, by its playlist. @throws Error with the server's sentence */
export async function openRange(
  range: PlayerRange | PlayerLink,
  token: Token,
  signal: AbortSignal,
): Promise<PlayerSource> {
  const index = "url" in range ? new URL(range.url, location.href).href : indexOf(range);
  const text = async (url: string): Promise<string> => (await ask(url, token, { signal })).text();
  const bytes = async (url = "", ending: AbortSignal): Promise<ArrayBuffer> =>
    (await ask(url, token, { signal: ending })).arrayBuffer();
  const { url, codecs, frameRate } = readVariant(await text(index), index);
  let listed = readSegments(await text(url), url);
  const codecsOf = ({ inits }: ListedMedia): string[] =>
    inits.map((init) => (init.codecs === "" ? codecs : init.codecs));
  const source = {
    originMs: 0,
    atMs: "url" in range ? undefined : range.startMs,
    codecs: codecsOf(listed),
    frameRate,
    segments: placed(listed.segments),
    init: (number: number, ending: AbortSignal) => bytes(listed.inits[number]?.url, ending),
    media: (number: number, ending: AbortSignal) => bytes(listed.segments[number]?.url, ending),
  };
  if (!("url" in range))
    Object.assign(source, {
      picture: async (timeMs: number, ending: AbortSignal) =>
        (await ask(snapshotOf(range, timeMs), token, { signal: ending })).blob(),
    } satisfies Partial<PlayerSource>);
  if (!listed.isGrowing) return source;
  /** Waits for more. Names that were listed stay: whoever pauses goes on in what was recorded meanwhile. */
  const grow = async (ending: AbortSignal): Promise<boolean> => {
    for (;;) {
      const askedMs = performance.now();
      const reload = `${url}&_HLS_msn=${listed.segments.length}`;
      const before = listed.segments.length;
      // One that does not come in time is asked for again, as is one of a server that starts anew.
      const reply = await ask(reload, token, { signal: ending }).catch((error: unknown) => {
        if (ending.aborted) throw error;
        return undefined;
      });
      if (reply !== undefined) {
        listed = readSegments(await reply.text(), url);
        source.codecs = codecsOf(listed);
        source.segments = [...source.segments, ...placed(listed.segments).slice(before)];
        if (listed.segments.length > before) return true;
        if (!listed.isGrowing) return false;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, PAUSE_MS - (performance.now() - askedMs))));
    }
  };
  return Object.assign(source, { grow }) satisfies PlayerSource & { segments: readonly MediaSegment[] };
}

function indexOf({
  server = location.origin,
  streamPath,
  startMs = Date.now() - BEHIND_MS,
  endMs,
}: PlayerRange): string {
  const times = endMs === undefined ? `&segment=${LIVE_SEGMENT}` : `&end=${Math.ceil(endMs)}`;
  return `${server}/mp4/hls/${encodeStreamPath(streamPath)}/index.m3u8?start=${Math.floor(startMs)}${times}&tracks=muxed`;
}

function snapshotOf({ server = location.origin, streamPath }: PlayerStream, timeMs: number): string {
  return `${server}${snapshotPath(streamPath, "jpg")}?time=${Math.floor(timeMs)}&width=1280`;
}
