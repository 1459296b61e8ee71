import { BoxcarError } from "../../base/errors.ts";
import { instantOf, type IndexedSegment, type StatedSource } from "../../core/index.ts";
import { formatTime } from "../../base/time.ts";
import { checkedSpan, type SegmentSpan } from "./checked-span.ts";

/** What the start of a segment was taken from: the request, the file's name, or a statement of the file itself. */
export type StartSource = "request" | "name" | StatedSource;

/** When a segment starts, and how that is known. */
export interface SegmentStart {
  /** Milliseconds since 1970. */
  readonly ms: number;
  readonly source: StartSource;
  /** How far it may be off either way, milliseconds, by what the file states. Default 0. */
  readonly precisionMs?: number;
  /** Why it may be wrong, one sentence each. */
  readonly warnings: readonly string[];
}

/** What is known of a segment's start before its file is read. */
export interface AskedStart {
  /** Milliseconds since 1970 at which the reference track starts to be presented; absent: as the file states it. */
  readonly startMs?: number | undefined;
  /** How far the start may be off either way, milliseconds. Default: as the file states, where it states the start; else 0. */
  readonly precisionMs?: number | undefined;
  /** Decides once the file is indexed, instead of `startMs`. */
  readonly chooseStart?: ((indexed: IndexedSegment) => SegmentStart) | undefined;
  /** Zone of local times in the file, as `checkTimeZone` takes it; absent: `defaultZone`, with a warning. */
  readonly zone?: string | undefined;
  /** Default UTC. */
  readonly defaultZone?: string | undefined;
  /** How long the segment may last; default: 31 days. */
  readonly maxDurationMs?: number | undefined;
}

/** When a segment starts and ends, and how its start is known. */
export interface SegmentTimes extends SegmentSpan {
  /** How far the start may be off either way, milliseconds. */
  readonly precisionMs: number;
  readonly source: StartSource;
  readonly warnings: readonly string[];
}

/** A stated start further ahead of the clock than this is doubted. Milliseconds. */
const AHEAD_MS = 60_000;

/**
 * When a segment starts, as was asked, else as the file states, and when it ends.
 * @throws BoxcarError `start_missing` (400), and as `checkedSpan` does
 */
export function timesOf(asked: AskedStart, indexed: IndexedSegment, nowMs: number): SegmentTimes {
  const { ms, source, precisionMs: stated = 0, warnings } = startOf(asked, indexed, nowMs);
  const precisionMs = asked.precisionMs ?? stated;
  return { ...checkedSpan(ms, indexed.description.durationMs, asked.maxDurationMs), precisionMs, source, warnings };
}

function startOf(asked: AskedStart, indexed: IndexedSegment, nowMs: number): SegmentStart {
  if (asked.chooseStart !== undefined) return asked.chooseStart(indexed);
  if (asked.startMs !== undefined) return { ms: asked.startMs, source: "request", warnings: [] };
  const stated = indexed.statedStart;
  if (stated === undefined) {
    const message =
      "The file does not state when it was recorded. Give it as start=…, for example start=2026-01-31T12:00:00Z.";
    throw new BoxcarError("start_missing", message);
  }
  const { zone, defaultZone = "UTC" } = asked;
  const ms = instantOf(stated, zone ?? defaultZone);
  const warnings: string[] = [];
  if (stated.source === "mvhd_local" && zone === undefined) {
    warnings.push(
      `The camera states local time without its zone; it was read in ${defaultZone}. Give tz=… or start=….`,
    );
  }
  if (ms > nowMs + AHEAD_MS) {
    warnings.push(
      `The start that the file states, ${formatTime(ms)}, lies in the future. Give start=… if it is wrong.`,
    );
  }
  return { ms, source: stated.source, precisionMs: stated.precisionMs, warnings };
}
