import type { StreamMeasure } from "../core/index.ts";
import { VERSION } from "./media-playlist.ts";

/** URLs of the media playlists that a multivariant playlist names. */
export interface RenditionUrls {
  readonly av: string;
  readonly v: string;
  readonly a: string;
  readonly iframes: string;
  /** Absent: there are none. */
  readonly captions?: string | undefined;
}

/** Writes a multivariant playlist (RFC 8216 section 4.3.4) of a range that was measured. */
export function multivariantPlaylist(
  measure: StreamMeasure,
  tracks: "muxed" | "split" | "video" | "audio",
  urls: RenditionUrls,
): string {
  const { videoCodec, audioCodec, width, height, frameRate } = measure;
  const pictured = videoCodec !== undefined && tracks !== "audio";
  const sounding = audioCodec !== undefined && tracks !== "video";
  const split = tracks === "split" && pictured && sounding;
  const codecs = [pictured ? videoCodec : undefined, sounding ? audioCodec : undefined].filter((one) => one);
  const rate = pictured ? (sounding ? measure.both : measure.picture) : measure.sound;
  const shape = [
    ...(width > 0 ? [`RESOLUTION=${width}x${height}`] : []),
    ...(frameRate > 0 ? [`FRAME-RATE=${frameRate.toFixed(3)}`] : []),
  ];
  const quoted = (names: readonly (string | undefined)[]): string => `CODECS="${names.join(",")}"`;
  const stream = [
    ...[`BANDWIDTH=${rate.peak}`, `AVERAGE-BANDWIDTH=${rate.average}`, quoted(codecs)],
    ...(pictured ? shape : []),
    ...(split ? ['AUDIO="sound"'] : []),
    ...(urls.captions === undefined ? [] : ['SUBTITLES="captions"']),
    ...(pictured ? ["CLOSED-CAPTIONS=NONE"] : []),
  ];
  const iframes = [`BANDWIDTH=${measure.syncs.peak}`, quoted([videoCodec]), ...shape.slice(0, 1)];
  return [
    ...["#EXTM3U", VERSION],
    ...(measure.independent ? ["#EXT-X-INDEPENDENT-SEGMENTS"] : []),
    ...(split
      ? [`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,URI="${urls.a}"`]
      : []),
    ...(urls.captions === undefined
      ? []
      : [
          `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="clock",DEFAULT=YES,AUTOSELECT=YES,URI="${urls.captions}"`,
        ]),
    `#EXT-X-STREAM-INF:${stream.join(",")}`,
    pictured ? (sounding && !split ? urls.av : urls.v) : urls.a,
    ...(pictured ? [`#EXT-X-I-FRAME-STREAM-INF:${iframes.join(",")},URI="${urls.iframes}"`] : []),
    "",
  ].join("\n");
}
