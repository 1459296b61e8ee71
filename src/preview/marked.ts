import type { PlayedRange } from "./events.ts";

/** A range is at least so long once in, or out, is set, milliseconds. */
const LEAST_MS = 1000;

/** A range once its in, or its out, is set to a time. @param before what it was */
export function marked(edge: "in" | "out", timeMs: number, { startMs, endMs }: PlayedRange): PlayedRange {
  return edge === "in"
    ? { startMs: timeMs, endMs: Math.max(endMs, timeMs + LEAST_MS) }
    : { startMs: Math.min(startMs, timeMs - LEAST_MS), endMs: timeMs };
}
