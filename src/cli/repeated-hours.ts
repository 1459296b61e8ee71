import type { Segment } from "../catalog/types.ts";
import type { IndexedSegment } from "../core/index.ts";
import type { SegmentStart } from "../intake/segments/segment-start.ts";
import { formatTime } from "../base/time.ts";
import type { NamedSegment } from "./file-pattern.ts";

/**
 * How far a file's own clock, or its last write, may lie from what is true; less than half of what clocks are set back
 * by. Milliseconds.
 */
const CLOCK_MS = 600_000;
/** Recordings of one camera that overlap by more than this were not made one after the other. Milliseconds. */
const OVERLAP_MS = 1000;

type Placed = Pick<Segment, "startMs" | "endMs">;

/**
 * The start of recordings whose names are in local time, where clocks that were set back showed an hour twice. Which of
 * both a name means is stated by the file's own clock (MediaMTX's `mtxi`), by the moment of its last write, or by the
 * recordings before it in the order of names, which it cannot overlap.
 */
export class RepeatedHours {
  /** Recordings of repeated hours by stream path. */
  readonly #placed = new Map<string, Placed[]>();

  /** @param writtenMs last write of the file, milliseconds since 1970 */
  startOf(named: NamedSegment, { description, statedStart }: IndexedSegment, writtenMs: number): SegmentStart {
    const { streamPath, startMs, againMs } = named;
    const start = (ms: number, ...warnings: string[]): SegmentStart => ({ ms, source: "name", warnings });
    if (againMs === undefined) return start(startMs);
    const { durationMs } = description;
    const nearest = (ms: number): number | undefined =>
      [startMs, againMs].find((possible) => Math.abs(ms - possible) <= CLOCK_MS);
    const stated = statedStart?.source === "mediamtx" ? nearest(statedStart.ms) : undefined;
    const chosen = stated ?? nearest(writtenMs - durationMs);
    if (chosen !== undefined) return start(chosen);
    const overlaps = (from: number): boolean =>
      (this.#placed.get(streamPath) ?? []).some(
        (span) => Math.min(span.endMs, from + durationMs) - Math.max(span.startMs, from) > OVERLAP_MS,
      );
    if (overlaps(startMs) && !overlaps(againMs)) return start(againMs);
    return start(
      startMs,
      `Its name means ${formatTime(startMs)} or ${formatTime(againMs)}, since clocks were set back; the earlier was taken.`,
    );
  }

  /** Remembers where a recording was placed. */
  note({ streamPath, againMs }: NamedSegment, { startMs, endMs }: Placed): void {
    if (againMs === undefined) return;
    const placed = this.#placed.get(streamPath);
    if (placed === undefined) this.#placed.set(streamPath, [{ startMs, endMs }]);
    else placed.push({ startMs, endMs });
  }
}
