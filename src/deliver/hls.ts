import type { Sha256 } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import type { StreamedSegment, StreamedStretch, StreamMeasure, StreamSink, StreamTracks } from "../core/index.ts";
import type { ListedSegment, WindowNumbers } from "./live-numbers.ts";
import { initName, mediaName } from "./media-names.ts";

/** The version of HLS whose tags are used: `EXT-X-MAP` of media segments that are no I-frames needs 6, fMP4 7. */
const VERSION = "#EXT-X-VERSION:7";

/** What a media playlist lists. */
export interface MediaPlaylistOptions {
  readonly tracks: StreamTracks;
  /** Only the sync sample that each media segment begins with. */
  readonly iframes: boolean;
  /** Wall clock, milliseconds: where playback starts, if that is within the first media segment. */
  readonly startMs: number;
  readonly sha256?: Sha256 | undefined;
}

/** A playlist that grows. */
export interface LivePlaylist {
  /** Numbers of the first media segment of one that slides; absent: it grows from its start on. */
  readonly numbers?: WindowNumbers | undefined;
  /** Milliseconds that a media segment lasts at most, as far as that can be told. */
  readonly targetMs: number;
}

/** Writes a media playlist (RFC 8216 section 4.3.3) of a range, as the range is divided. */
export class MediaPlaylist implements StreamSink {
  readonly #options: MediaPlaylistOptions;
  /** Of a stretch only its beginning is noted: what its configuration is called takes time to find out. */
  readonly #entries: (string | StreamedStretch)[] = [];
  readonly #listed: ListedSegment[] = [];
  #begins = false;
  #longestMs = 0;
  #independent = true;
  #firstMs: number | undefined;
  /** What is listed, wall clock, milliseconds: from here until there, exclusive. */
  fromMs = Number.POSITIVE_INFINITY;
  toMs = Number.NEGATIVE_INFINITY;

  constructor(options: MediaPlaylistOptions) {
    this.#options = options;
  }

  /** Its media segments, to be numbered. */
  get listed(): readonly ListedSegment[] {
    return this.#listed;
  }

  begin(stretch: StreamedStretch): void {
    this.#entries.push(stretch);
    this.#begins = true;
  }

  add({ timed, first, end, startMs, durationMs, sync }: StreamedSegment): void {
    const { tracks, iframes } = this.#options;
    this.#firstMs ??= startMs;
    this.#longestMs = Math.max(this.#longestMs, durationMs);
    this.#independent &&= sync;
    this.fromMs = Math.min(this.fromMs, Math.floor(startMs));
    this.toMs = Math.max(this.toMs, Math.ceil(startMs + durationMs));
    const { segment } = timed;
    const { lastingId: id = segment.id, startMs: recordedMs } = segment;
    const name = mediaName({ id, startMs: recordedMs, tracks, first, end: iframes ? first + 1 : end });
    this.#entries.push(`#EXTINF:${seconds(durationMs)},\n${name}`);
    this.#listed.push({ name: `${id} ${first}`, begins: this.#begins });
    this.#begins = false;
  }

  /**
   * @param query added to each URL, with its `?`
   * @param live absent: the range is over
   */
  async text(query = "", live?: LivePlaylist): Promise<string> {
    const { tracks, iframes, startMs, sha256 } = this.#options;
    const offsetMs = startMs - (this.#firstMs ?? startMs);
    const { sequence = 0, discontinuity } = live?.numbers ?? {};
    const longest = Math.max(1, Math.round(Math.max(this.#longestMs, live?.targetMs ?? 0) / 1000));
    const lines = [
      ...["#EXTM3U", VERSION, `#EXT-X-TARGETDURATION:${longest}`, `#EXT-X-MEDIA-SEQUENCE:${sequence}`],
      ...(discontinuity === undefined ? [] : [`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuity}`]),
      ...(live === undefined ? ["#EXT-X-PLAYLIST-TYPE:VOD"] : []),
      ...(live !== undefined && live.numbers === undefined ? ["#EXT-X-PLAYLIST-TYPE:EVENT"] : []),
      ...(this.#independent ? ["#EXT-X-INDEPENDENT-SEGMENTS"] : []),
      ...(iframes ? ["#EXT-X-I-FRAMES-ONLY"] : []),
      ...(offsetMs >= 1 && !iframes && live === undefined
        ? [`#EXT-X-START:TIME-OFFSET=${seconds(offsetMs)},PRECISE=YES`]
        : []),
    ];
    const names = new Map<string, string>();
    let known: string | undefined;
    for (const [i, entry] of this.#entries.entries()) {
      if (typeof entry === "string") {
        lines.push(entry + query);
        continue;
      }
      const { configuration, startMs: begunMs } = entry;
      const name = names.get(configuration.text) ?? (await initName(configuration, tracks, sha256));
      names.set(configuration.text, name);
      if (i > 0) lines.push("#EXT-X-DISCONTINUITY");
      if (name !== known) lines.push(`#EXT-X-MAP:URI="${name}${query}"`);
      known = name;
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${formatTime(Math.round(begunMs))}`);
    }
    if (live === undefined) lines.push("#EXT-X-ENDLIST");
    return `${lines.join("\n")}\n`;
  }
}

/** URLs of the media playlists that a multivariant playlist names. */
export interface RenditionUrls {
  readonly av: string;
  readonly v: string;
  readonly a: string;
  readonly iframes: string;
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
    ...(pictured ? ["CLOSED-CAPTIONS=NONE"] : []),
  ];
  const iframes = [`BANDWIDTH=${measure.syncs.peak}`, quoted([videoCodec]), ...shape.slice(0, 1)];
  return [
    ...["#EXTM3U", VERSION],
    ...(measure.independent ? ["#EXT-X-INDEPENDENT-SEGMENTS"] : []),
    ...(split
      ? [`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,URI="${urls.a}"`]
      : []),
    `#EXT-X-STREAM-INF:${stream.join(",")}`,
    pictured ? (sounding && !split ? urls.av : urls.v) : urls.a,
    ...(pictured ? [`#EXT-X-I-FRAME-STREAM-INF:${iframes.join(",")},URI="${urls.iframes}"`] : []),
    "",
  ].join("\n");
}

/** Seconds with as many digits as are not 0, six at most: sums of thousands of them stay exact to a millisecond. */
function seconds(ms: number): string {
  return String(Number((ms / 1000).toFixed(6)));
}
