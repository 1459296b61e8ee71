import {
  PART_MS,
  type PartedSegment,
  type PartialSegment,
  type StreamedSegment,
  type StreamTracks,
  type UnfinishedSegment,
} from "../core/index.ts";
import type { PlaylistEnd } from "./blocking-reload.ts";
import { partName } from "./media-names.ts";
import { seconds } from "./playlist-values.ts";

/** Partial Segments are listed as far back as so many target durations (RFC 8216bis section 6.2.2). */
const PARTED_TARGETS = 3;
/** How far players keep behind the end, in Partial Segments (RFC 8216bis section 4.4.3.8). */
const HOLD_BACK_PARTS = 3;

/** Finds how far the media segment has come that begins with a sample of a recording. */
export type FindParts = (segment: Pick<StreamedSegment, "recording" | "first">) => Promise<PartedSegment | undefined>;

/** The part of a media segment's description by which its Partial Segments are found. */
type NamedSegment = Pick<StreamedSegment, "recording" | "first" | "end" | "durationMs">;

/** The media segments of a playlist that grows, and the Partial Segments that it lists of them (RFC 8216bis section 4.4.4.9). */
export class ListedParts {
  /** The media segment that is not whole, behind the others. */
  unfinished: UnfinishedSegment | undefined;
  /** The recording was closed while this playlist was made: no more of it comes. */
  #isOver = false;
  readonly #names: { readonly tracks: StreamTracks; readonly lengthMs: number };
  /** In order; a portion of a gap is none. */
  readonly #segments: (NamedSegment | undefined)[] = [];
  /** By the numbers of their media segments in the list. */
  readonly #parts = new Map<number, readonly PartialSegment[]>();

  constructor({ tracks, lengthMs }: { readonly tracks: StreamTracks; readonly lengthMs: number }) {
    this.#names = { tracks, lengthMs };
  }

  /** Adds a media segment; undefined: a portion of a gap. */
  push(segment: NamedSegment | undefined): void {
    this.#segments.push(segment);
  }

  /**
   * Finds the Partial Segments of the unfinished media segment, and of those before it as far back as they are listed.
   * @returns where the unfinished one ends by now, wall clock, milliseconds; undefined: there is none
   */
  async find(find: FindParts, targetMs: number): Promise<number | undefined> {
    let leftMs = PARTED_TARGETS * targetMs;
    let endMs: number | undefined;
    const { length } = this.#segments;
    if (this.unfinished !== undefined) {
      const { parts = [], whole = false } = (await find(this.unfinished)) ?? {};
      this.#isOver = whole;
      this.#parts.set(length, parts);
      const lastedMs = parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
      leftMs -= lastedMs;
      endMs = this.unfinished.startMs + lastedMs;
    }
    for (const [i, segment] of [...this.#segments.entries()].reverse()) {
      if (leftMs <= 0 || segment === undefined) break;
      const { end, durationMs } = segment;
      leftMs -= durationMs;
      const found = await find(segment);
      // Where another recorder takes over, the media segment ends earlier than its parts do.
      if (found?.whole === true && found.end === end) this.#parts.set(i, found.parts);
    }
    return endMs;
  }

  /** How far the playlist has come. @param sequence media sequence number of its first media segment */
  endOf(sequence: number): PlaylistEnd {
    const parts = new Map([...this.#parts].map(([number, { length }]) => [sequence + number, length]));
    return { next: sequence + this.#segments.length, parts };
  }

  /** What clients may ask for. @param skipUntil seconds @param isParted Partial Segments are listed */
  serverControl(skipUntil: number, isParted: boolean): string[] {
    const skip = `CAN-SKIP-UNTIL=${skipUntil}`;
    if (!isParted) return [`#EXT-X-SERVER-CONTROL:${skip}`];
    const longestMs = Math.max(PART_MS, ...[...this.#parts.values()].flat().map(({ durationMs }) => durationMs));
    return [
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,${skip},PART-HOLD-BACK=${seconds(HOLD_BACK_PARTS * longestMs)}`,
      `#EXT-X-PART-INF:PART-TARGET=${seconds(longestMs)}`,
    ];
  }

  /** The Partial Segments of a media segment; behind those of the unfinished one the next one that will come. */
  lines(number: number, query: string): string[] {
    const { recording, first } = this.#segments[number] ?? this.unfinished ?? {};
    const parts = this.#parts.get(number);
    if (recording === undefined || first === undefined || parts === undefined) return [];
    const { id, startMs } = recording;
    const { tracks, lengthMs } = this.#names;
    const uri = (part: number): string => `URI="${partName({ id, startMs, tracks, first, part, lengthMs })}${query}"`;
    const lines = parts.map(({ durationMs, sync }, part) => {
      const independent = sync || tracks === "a" ? ",INDEPENDENT=YES" : "";
      return `#EXT-X-PART:DURATION=${seconds(durationMs)},${uri(part)}${independent}`;
    });
    if (number === this.#segments.length && !this.#isOver)
      lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,${uri(parts.length)}`);
    return lines;
  }

  /** How far another playlist of the range has come (RFC 8216bis section 4.4.5.4). */
  report(url: string, sequence: number): string {
    const parts = this.#parts.get(this.#segments.length)?.length ?? 0;
    const last = sequence + this.#segments.length;
    const place = parts > 0 ? `LAST-MSN=${last},LAST-PART=${parts - 1}` : `LAST-MSN=${last - 1}`;
    return `#EXT-X-RENDITION-REPORT:URI="${url}",${place}`;
  }
}
