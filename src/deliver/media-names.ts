import { offsetMs, offsetText } from "../base/time-zone.ts";
import { encodeStreamPath } from "../base/stream-path.ts";
import {
  configurationName,
  type Configuration,
  type InitName,
  type MediaName,
  type PartName,
  type StreamTracks,
} from "../core/index.ts";
import type { Sha256 } from "../base/ports.ts";
import type { CaptionsName } from "./clock-captions.ts";

/** The playlists of a stream: the multivariant one, media playlists by their tracks, and that of sync samples. */
export type PlaylistName = "index" | StreamTracks | "iframes" | "captions";

/** A file of a stream, as it is named below its folder. */
export type StreamFile =
  | { readonly kind: "playlist"; readonly playlist: PlaylistName }
  | { readonly kind: "init"; readonly init: InitName }
  | { readonly kind: "media"; readonly media: MediaName }
  | { readonly kind: "part"; readonly part: PartName }
  | { readonly kind: "parts"; readonly parts: PartsName }
  | { readonly kind: "captions"; readonly captions: CaptionsName }
  | { readonly kind: "now" };

/** All Partial Segments of a media segment, one behind the other, of which only its first sample has to be known. */
export type PartsName = Omit<PartName, "part">;

/** The folder of all streams. */
export const streamsPath = "/mp4/hls/";

/** The folder of a stream's playlists and media segments, percent-encoded. */
export function streamFolder(streamPath: string): string {
  return `${streamsPath}${encodeStreamPath(streamPath)}/`;
}

/** Writes the name of a media segment below its stream's folder. It depends on nothing but what it holds. */
export function mediaName(name: MediaName): string {
  return mediaFolder(name) + mediaFile(name);
}

/** The folder of the media segments of a recording, with a slash at the end. */
export function mediaFolder({ id, startMs, tracks }: Pick<MediaName, "id" | "startMs" | "tracks">): string {
  return `${id}-${startMs}/${tracks}/`;
}

/** The name of a media segment in its folder. */
export function mediaFile({ first, end }: Pick<MediaName, "first" | "end">): string {
  return `${first}-${end}.m4s`;
}

/** Writes the name of a Partial Segment: known before it has come. */
export function partName({ first, part, lengthMs, ...recording }: PartName): string {
  return `${mediaFolder(recording)}${first}.${part}-${lengthMs}.m4s`;
}

/** Writes the name of a media segment as it grows: known before it has come. */
export function partsName({ first, lengthMs, ...recording }: PartsName): string {
  return `${mediaFolder(recording)}${first}.${ALL}-${lengthMs}.m4s`;
}

/** Writes the name of an init segment. */
export async function initName(configuration: Configuration, tracks: StreamTracks, sha256?: Sha256): Promise<string> {
  return `${configuration.key}-${await configurationName(configuration, sha256)}/${tracks}.mp4`;
}

/** Writes the name of a segment of captions. */
export function captionsName({ startMs, endMs, offsetMinutes, presentedMs }: CaptionsName): string {
  const zone = offsetText(offsetMinutes).replace(":", "");
  return `clock/${startMs}-${endMs}${zone}${presentedMs === undefined ? "" : `.${presentedMs}`}.vtt`;
}

/** The name of what is listed for a part of a gap: there is nothing of that name (RFC 8216bis section 4.4.4.7). */
export const GAP = "gap.m4s";

/** Stands for the number of a Partial Segment: all of them. */
const ALL = "all";

/** The name of what tells a server's time. */
export const NOW = "clock/now.txt";

const NUMBER = String.raw`(0|[1-9]\d{0,14})`;
const PLAYLIST = /^(.+)\/(index|av|v|a|iframes|captions)\.m3u8$/s;
const INIT = /^(.+)\/([0-9a-f]{16})-([0-9a-f]{16})\/(av|v|a)\.mp4$/s;
const MEDIA = new RegExp(
  `^(.+)/${NUMBER}-${NUMBER}/(av|v|a)/${NUMBER}(?:\\.(${ALL}|${NUMBER}))?-${NUMBER}\\.m4s$`,
  "s",
);

const CAPTIONS = new RegExp(`^(.+)/clock/${NUMBER}-${NUMBER}([+-])(\\d\\d)([0-5]\\d)(?:\\.${NUMBER})?\\.vtt$`, "s");

/** Reads the name of a file: the stream it belongs to, not checked, and what it is. Undefined when it is none. */
export function readFileName(path: string): { readonly streamPath: string; readonly file: StreamFile } | undefined {
  const [, listed = "", playlist] = PLAYLIST.exec(path) ?? [];
  if (playlist !== undefined)
    return { streamPath: listed, file: { kind: "playlist", playlist: playlist as PlaylistName } };
  const [, configured = "", key = "", configuration = "", of] = INIT.exec(path) ?? [];
  if (of !== undefined) {
    return { streamPath: configured, file: { kind: "init", init: { key, configuration, tracks: of as StreamTracks } } };
  }
  const [, captioned = "", from, to, sign, hours, minutes, at] = CAPTIONS.exec(path) ?? [];
  if (from !== undefined) {
    const captions = {
      startMs: Number(from),
      endMs: Number(to),
      offsetMinutes: offsetMs(sign, hours, minutes) / 60_000,
    };
    const presentedMs = at === undefined ? undefined : Number(at);
    return { streamPath: captioned, file: { kind: "captions", captions: { ...captions, presentedMs } } };
  }
  if (path.endsWith(`/${NOW}`)) return { streamPath: path.slice(0, -NOW.length - 1), file: { kind: "now" } };
  const [, streamPath = "", id, start, tracks, first, part, , last] = MEDIA.exec(path) ?? [];
  if (tracks === undefined) return undefined;
  const media = { id: Number(id), startMs: Number(start), tracks: tracks as StreamTracks, first: Number(first) };
  if (part === undefined) return { streamPath, file: { kind: "media", media: { ...media, end: Number(last) } } };
  const parts = { ...media, lengthMs: Number(last) };
  if (part === ALL) return { streamPath, file: { kind: "parts", parts } };
  return { streamPath, file: { kind: "part", part: { ...parts, part: Number(part) } } };
}
