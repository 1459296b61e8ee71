import type { Sha256 } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import {
  codecsOf,
  PART_MS,
  type Configuration,
  type StreamedGap,
  type StreamedSegment,
  type StreamedStretch,
  type StreamSink,
  type StreamTracks,
  type UnfinishedSegment,
} from "../core/index.ts";
import type { PlaylistEnd } from "./blocking-reload.ts";
import { ListedParts, type FindParts } from "./listed-parts.ts";
import type { NumberedSegment, WindowNumbers } from "./live-numbers.ts";
import { captionsName, GAP, initName, mediaFile, mediaFolder } from "./media-names.ts";
import { seconds } from "./playlist-values.ts";

/** The version of HLS whose tags are used: `EXT-X-MAP` of media segments that are no I-frames needs 6, fMP4 7. */
export const VERSION = "#EXT-X-VERSION:7";
/** `EXT-X-GAP` needs 8, `EXT-X-SKIP` 9 (RFC 8216bis section 8). */
const [VERSION_OF_GAPS, VERSION_OF_SKIPS] = ["#EXT-X-VERSION:8", "#EXT-X-VERSION:9"];
/** A tag of our own, which others pass over: what the next init segment's tracks are coded by. A variant states one for a whole range. */
const CODECS = "#EXT-X-BOXCAR-CODECS";
/** What is older than so many target durations may be skipped (RFC 8216bis section 4.4.3.8). */
const SKIPPED_TARGETS = 6;

/** Stands for the query of a URL, which is known last. */
const QUERY = "\0";
/** Lines that become one string. */
const LINES_AT_ONCE = 100;

/** What a media playlist lists. */
export interface MediaPlaylistOptions {
  readonly tracks: StreamTracks;
  /** Only the sync sample that each media segment begins with. */
  readonly iframes: boolean;
  /** Captions beside each media segment, instead of it. */
  readonly captions?: { readonly offsetMinutes: number } | undefined;
  /** Wall clock, milliseconds: where playback starts, if that is within the first media segment. */
  readonly startMs: number;
  /** What its media segments last about, milliseconds. */
  readonly lengthMs: number;
  /** Whether it grows. */
  readonly live: boolean;
  readonly sha256?: Sha256 | undefined;
}

/** A playlist that grows. */
export interface LivePlaylist {
  /** Whether it slides; else it grows from its start on. */
  readonly slides: boolean;
  /** Numbers of its first media segment: of one that grows they are 0 until recordings are deleted. */
  readonly numbers: WindowNumbers;
  /** Milliseconds that a media segment lasts at most, as far as that can be told. */
  readonly targetMs: number;
  /** URLs of playlists of the same range that have the same Partial Segments; absent: none are listed. */
  readonly reports?: readonly string[] | undefined;
  /** Whether only what is new is listed (RFC 8216bis section 6.2.5.1). */
  readonly skips: boolean;
}

/** A stretch, and whether its media times go on from those before it: over a gap that is kept. */
interface ListedStretch extends StreamedStretch {
  readonly goesOn: boolean;
}

/** Writes a media playlist (RFC 8216 section 4.3.3) of a range, as the range is divided. */
export class MediaPlaylist implements StreamSink {
  readonly #options: MediaPlaylistOptions;
  /**
   * Lines of media segments, with `QUERY` behind each URL: one string for each in a playlist that grows, else for many. Of a stretch
   * only its beginning is noted: the name of its init segment takes time to find out.
   */
  readonly #entries: (string | ListedStretch)[] = [];
  /** Lines that are not yet joined to an entry: as one string they take a tenth of the memory. */
  #lines: string[] = [];
  /** In a playlist that grows: each media segment, and each portion of a gap. */
  readonly #listed: NumberedSegment[] = [];
  /** The media segments among them, with their Partial Segments. */
  readonly #parts: ListedParts;
  #recording: StreamedSegment["recording"] | undefined;
  #folder = "";
  #begins = false;
  #afterGap = false;
  #hasGaps = false;
  #configuration: Configuration | undefined;
  #longestMs = 0;
  #independent = true;
  #firstMs: number | undefined;
  /** Wall-clock start and end of the listed media segments, milliseconds, end exclusive. */
  fromMs = Number.POSITIVE_INFINITY;
  toMs = Number.NEGATIVE_INFINITY;

  constructor(options: MediaPlaylistOptions) {
    this.#options = options;
    this.#parts = new ListedParts(options);
  }

  /** Its media segments, to be numbered. */
  get listed(): readonly NumberedSegment[] {
    return this.#listed;
  }

  begin(stretch: StreamedStretch): void {
    this.#gather();
    const { configuration } = stretch;
    const goesOn = this.#afterGap && configuration.text === this.#configuration?.text;
    this.#entries.push({ ...stretch, goesOn });
    [this.#configuration, this.#afterGap, this.#begins] = [configuration, false, !goesOn];
  }

  gap({ startMs, durationMs }: StreamedGap): void {
    this.#afterGap = this.#hasGaps = true;
    this.#longestMs = Math.max(this.#longestMs, durationMs);
    this.#lines.push(`#EXT-X-GAP\n#EXTINF:${seconds(durationMs)},\n${GAP}${QUERY}\n`);
    this.#listOne({ startMs, durationMs });
  }

  add(segment: StreamedSegment): void {
    const { startMs, durationMs, sync } = segment;
    this.#firstMs ??= startMs;
    this.#longestMs = Math.max(this.#longestMs, durationMs);
    this.#independent &&= sync;
    this.fromMs = Math.min(this.fromMs, Math.floor(startMs));
    this.toMs = Math.max(this.toMs, Math.ceil(startMs + durationMs));
    this.#lines.push(`#EXTINF:${seconds(durationMs)},\n${this.#nameOf(segment)}${QUERY}\n`);
    this.#listOne(segment, segment);
    this.#begins = false;
  }

  #nameOf({ recording, first, end, startMs, durationMs }: StreamedSegment): string {
    const { tracks, iframes, captions } = this.#options;
    if (captions !== undefined) {
      const [fromMs, toMs] = [startMs, startMs + durationMs].map(Math.round);
      return captionsName({ ...captions, startMs: fromMs ?? 0, endMs: toMs ?? 0 });
    }
    if (this.#recording !== recording)
      this.#folder = mediaFolder({ id: recording.id, startMs: recording.startMs, tracks });
    this.#recording = recording;
    return this.#folder + mediaFile({ first, end: iframes ? first + 1 : end });
  }

  /** @param segment undefined: a portion of a gap */
  #listOne({ startMs, durationMs }: StreamedGap, segment?: StreamedSegment): void {
    if (!this.#options.live) {
      if (this.#lines.length === LINES_AT_ONCE) this.#gather();
      return;
    }
    this.#gather();
    this.#parts.push(segment);
    const name = segment === undefined ? `gap ${startMs}` : `${segment.recording.id} ${segment.first}`;
    this.#listed.push({ name, begins: segment !== undefined && this.#begins, durationMs });
  }

  #gather(): void {
    if (this.#lines.length > 0) this.#entries.push(this.#lines.join(""));
    this.#lines = [];
  }

  unfinished(segment: UnfinishedSegment): void {
    this.#parts.unfinished = segment;
  }

  /** Lists Partial Segments, too, of the unfinished media segment and of those before it. */
  async addParts(find: FindParts, targetMs: number): Promise<void> {
    // The Partial Segment that a preload hint names counts as listed.
    const endMs = await this.#parts.find(find, targetMs);
    if (endMs !== undefined) this.toMs = Math.max(this.toMs, Math.ceil(endMs + PART_MS));
  }

  /** How far the playlist has come. @param sequence media sequence number of its first media segment */
  endOf(sequence: number): PlaylistEnd {
    return this.#parts.endOf(sequence);
  }

  /** The kinds of tracks that its newest recording has. */
  get kinds(): readonly StreamTracks[] {
    const { codecs } = this.#configuration ?? {};
    return (["v", "a"] as const).filter((kind) => codecs?.[kind] !== undefined);
  }

  /**
   * The playlist, some lines at a time.
   * @param query added to each URL, with its `?`
   * @param live absent: the range is over
   */
  async *text(query = "", live?: LivePlaylist): AsyncGenerator<string, void, undefined> {
    const { tracks, sha256 } = this.#options;
    this.#gather();
    const targetS = Math.max(1, Math.round(Math.max(this.#longestMs, live?.targetMs ?? 0) / 1000));
    const skipped = live?.skips === true ? this.#skippable(SKIPPED_TARGETS * targetS * 1000) : 0;
    yield joined(this.#head(targetS, skipped, live));
    const names = new Map<string, string>();
    let known: string | undefined;
    let number = 0;
    for (const [i, entry] of this.#entries.entries()) {
      if (typeof entry === "string") {
        if (number >= skipped) yield joined(this.#parts.lines(number, query)) + entry.replaceAll(QUERY, query);
        number++;
        continue;
      }
      const { configuration, goesOn } = entry;
      const name = names.get(configuration.text) ?? (await initName(configuration, tracks, sha256));
      names.set(configuration.text, name);
      const init = name === known ? undefined : name + query;
      known = name;
      if (number >= skipped) yield joined(this.#beginning(entry, { isJoined: i === 0 || goesOn, init }));
    }
    yield joined([
      ...this.#parts.lines(number, query),
      ...(live === undefined ? ["#EXT-X-ENDLIST"] : []),
      ...(live?.reports ?? []).map((url) => this.#parts.report(url, live?.numbers.sequence ?? 0)),
    ]);
  }

  /** Lines before all media segments. @param skipped media segments that are left out */
  #head(targetS: number, skipped: number, live: LivePlaylist | undefined): string[] {
    const { iframes, startMs } = this.#options;
    const offsetMs = startMs - (this.#firstMs ?? startMs);
    const { sequence, discontinuity } = live?.numbers ?? { sequence: 0, discontinuity: 0 };
    const isWhole = live?.slides !== true && sequence === 0;
    const version = skipped > 0 ? VERSION_OF_SKIPS : this.#hasGaps ? VERSION_OF_GAPS : VERSION;
    return [
      ...["#EXTM3U", version, `#EXT-X-TARGETDURATION:${targetS}`, `#EXT-X-MEDIA-SEQUENCE:${sequence}`],
      ...(isWhole
        ? [`#EXT-X-PLAYLIST-TYPE:${live === undefined ? "VOD" : "EVENT"}`]
        : [`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuity}`]),
      ...(live === undefined ? [] : this.#parts.serverControl(SKIPPED_TARGETS * targetS, live.reports !== undefined)),
      ...(this.#independent ? ["#EXT-X-INDEPENDENT-SEGMENTS"] : []),
      ...(iframes ? ["#EXT-X-I-FRAMES-ONLY"] : []),
      ...(offsetMs >= 1 && !iframes && live === undefined
        ? [`#EXT-X-START:TIME-OFFSET=${seconds(offsetMs)},PRECISE=YES`]
        : []),
      ...(skipped > 0 ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : []),
    ];
  }

  /** Lines before the media segments of a stretch. @param init URL of its init segment, unless that is known from the one before */
  #beginning(
    { configuration, startMs }: ListedStretch,
    { isJoined, init }: { readonly isJoined: boolean; readonly init: string | undefined },
  ): string[] {
    const { tracks, iframes, captions } = this.#options;
    const isNew = init !== undefined && captions === undefined;
    return [
      ...(isJoined ? [] : ["#EXT-X-DISCONTINUITY"]),
      ...(isNew && !iframes ? [`${CODECS}:${codecsOf(configuration, tracks)}`] : []),
      ...(isNew ? [`#EXT-X-MAP:URI="${init}"`] : []),
      `#EXT-X-PROGRAM-DATE-TIME:${formatTime(Math.round(startMs))}`,
    ];
  }

  /** How many media segments lie further from the end than so many milliseconds. */
  #skippable(boundaryMs: number): number {
    let [number, behindMs] = [this.#listed.length, 0];
    while (number > 0 && behindMs < boundaryMs) behindMs += this.#listed[--number]?.durationMs ?? 0;
    return number;
  }
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
