import { readSegments, readVariant } from "./playlist.ts";
import { placed, type Source } from "./source.ts";

/** A time range of a stream on a boxcar server. */
export interface PlayerRange {
  /** Origin of the server, without a slash at the end. Default: that of the page. */
  readonly server?: string;
  /** `live/cam1` */
  readonly streamPath: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

/** The bearer token that a server asks for, if any. */
export type Token = () => string | undefined;

/** Opens a range of a server, by its playlist. @throws Error with the server's sentence */
export async function openRange(range: PlayerRange, token: Token, signal: AbortSignal): Promise<Source> {
  const folder = `${range.server ?? location.origin}/mp4/hls/${range.streamPath.split("/").map(encodeURIComponent).join("/")}`;
  const times = `start=${Math.floor(range.startMs)}&end=${Math.ceil(range.endMs)}`;
  const index = `${folder}/index.m3u8?${times}&tracks=muxed`;
  const text = async (url: string): Promise<string> => (await ask(url, token, signal)).text();
  const bytes = async (url = "", ending: AbortSignal): Promise<ArrayBuffer> =>
    (await ask(url, token, ending)).arrayBuffer();
  const { url, codecs, frameRate } = readVariant(await text(index), index);
  const { inits, segments } = readSegments(await text(url), url);
  return {
    originMs: 0,
    codecs: inits.map(() => codecs),
    frameRate,
    segments: placed(segments),
    init: (number, ending) => bytes(inits[number], ending),
    media: (number, ending) => bytes(segments[number]?.url, ending),
  };
}

async function ask(url: string, token: Token, signal: AbortSignal): Promise<Response> {
  const known = token();
  const response = await fetch(url, {
    signal,
    headers: known === undefined ? {} : { Authorization: `Bearer ${known}` },
  });
  if (response.ok) return response;
  const { message } = (await response.json().catch(() => ({}))) as { message?: string };
  throw new Error(message ?? `The server answers ${response.status}.`);
}
