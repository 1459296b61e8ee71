import { clockText } from "../../base/time.ts";
import type { Composition } from "../planning/composition.ts";
import type { ClockReading } from "../planning/recorded-times.ts";
import type { Chapter } from "../wasm/records/output.ts";

/** How captions and chapters tell the time. */
export interface ClockOptions {
  /** Minutes that the clock shown is ahead of UTC. */
  readonly offsetMinutes: number;
}

/** Something that happened while a range was recorded. */
export interface Mark {
  /** Wall clock, milliseconds since 1970. */
  readonly wallMs: number;
  readonly title: string;
}

/** What chapters a file has: a clock's for each stretch without gaps, or one for each of `marks`, in their order. */
export interface ChapterOptions extends ClockOptions {
  readonly marks?: readonly Mark[];
}

/** Chapters that a file lists, and bytes of the title of one: players know no more of one `chpl`. */
export const MOST_CHAPTERS = 255;
const LONGEST_TITLE = 255;

/** The chapters that are wanted. A mark stands where its moment is presented, or what follows it when nothing was recorded then. */
export function chaptersOf({
  chapters,
  composition,
}: {
  readonly chapters: ChapterOptions | undefined;
  readonly composition: Composition;
}): Chapter[] {
  if (chapters === undefined) return [];
  const { offsetMinutes, marks } = chapters;
  const spans = (): Mark[] =>
    composition.chapterStarts.map(({ wallMs }) => ({ wallMs, title: clockText(Math.trunc(wallMs), offsetMinutes) }));
  const starts = marks === undefined ? composition.chapterStarts.map(({ atMs }) => atMs) : undefined;
  return (marks ?? spans()).slice(0, MOST_CHAPTERS).map(({ wallMs, title }, i) => {
    return { startMs: starts?.[i] ?? presentedAt(composition.clock, wallMs), title: titleBytes(title) };
  });
}

/** Milliseconds from the start of the output at which a moment is presented. */
function presentedAt(clock: readonly ClockReading[], wallMs: number): number {
  const i = clock.findLastIndex((reading) => reading.wallMs <= wallMs);
  const reading = clock[i];
  if (reading === undefined) return 0;
  return Math.min(reading.atMs + wallMs - reading.wallMs, clock[i + 1]?.atMs ?? Number.POSITIVE_INFINITY);
}

/** As many whole characters of a title as there is room for. */
function titleBytes(title: string): Uint8Array {
  const bytes = new Uint8Array(LONGEST_TITLE);
  return bytes.subarray(0, new TextEncoder().encodeInto(title, bytes).written);
}
