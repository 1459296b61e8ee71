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
 * both a name means is stated by the file's own clock (MediaMTX's `mtxi`), by the moment of its last write, by the
 * recordings before it in the order of names, which it cannot overlap, or by what it goes on from (`goingOn`).
 */
export class RepeatedHours {
  /** Recordings of repeated hours by stream path. */
  readonly #placed = new Map<string, Placed[]>();
  readonly #again: ReadonlySet<NamedSegment>;

  /** @param files all that are imported together */
  constructor(files: readonly NamedSegment[]) {
    this.#again = goingOn(files);
  }

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
    const [earlier, again] = [overlaps(startMs), overlaps(againMs)];
    if (earlier && !again) return start(againMs);
    if (this.#again.has(named)) return start(again && !earlier ? startMs : againMs);
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

/** Names go on from one another up to this many times their usual distance. */
const GOES_ON = 2;

/**
 * Those that mean the repeated hour because the recording goes on from the hour before it, or into what follows it: nothing was recorded right
 * before what they mean otherwise.
 */
function goingOn(files: readonly NamedSegment[]): ReadonlySet<NamedSegment> {
  const doubtful = files.filter(({ againMs }) => againMs !== undefined);
  const paths = new Set(doubtful.map(({ streamPath }) => streamPath));
  return new Set([...paths].flatMap((path) => goingOnIn(files.filter(({ streamPath }) => streamPath === path))));
}

function goingOnIn(files: readonly NamedSegment[]): NamedSegment[] {
  const named = files.toSorted((a, b) => a.startMs - b.startMs);
  const apart = named.slice(1).map(({ startMs }, i) => startMs - (named[i]?.startMs ?? startMs));
  const mostMs = GOES_ON * (apart.toSorted((a, b) => a - b)[apart.length >> 1] ?? 0);
  const goesOn = (fromMs = Number.NaN, toMs = Number.NaN): boolean => toMs > fromMs && toMs - fromMs <= mostMs;
  // Runs of names that go on from one another, and those among them whose names mean both hours.
  const runs: NamedSegment[][] = [];
  for (const file of named) {
    const run = runs.at(-1);
    if (run !== undefined && file.startMs - (run.at(-1)?.startMs ?? 0) <= mostMs) run.push(file);
    else runs.push([file]);
  }
  const doubtful = runs.filter(([first]) => first?.againMs !== undefined);
  const before = doubtful.filter((run) => !runs.some(([first]) => goesOn(run.at(-1)?.againMs, first?.startMs)));
  return doubtful
    .filter((run) => {
      const isAfter = (one: NamedSegment[]): boolean => one !== run && goesOn(one.at(-1)?.startMs, run[0]?.againMs);
      return !before.includes(run) || before.some(isAfter);
    })
    .flat();
}
