import { BoxcarError } from "./errors.ts";
import { ACCEPTED_TIMES, formatTime, isDate, LATEST_MS, parseDuration, parseTime } from "./time.ts";
import { checkTimeZone } from "./time-zone.ts";

/** A stretch of wall-clock time: `startMs` inclusive, `endMs` exclusive. */
export interface TimeRange {
  /** Undefined: from the oldest recorded sample on. */
  readonly startMs: number | undefined;
  /** Undefined: up to the newest recorded sample. */
  readonly endMs: number | undefined;
}

/** The query parameters that say a time range. */
export interface TimeParameters {
  readonly range?: string | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly duration?: string | undefined;
  readonly tz?: string | undefined;
}

/**
 * The time range a query asks for, or undefined when it holds none of the time parameters: `range=A~B` (of digits also
 * `A-B`), `start` with `end`, `start` with `duration`, `start` alone or `end` alone. In a `range` a time alone at the end
 * takes the start's date. Empty parameters are absent.
 * @throws BoxcarError `bad_time`, `bad_duration`, `bad_time_zone`, `bad_range`, `missing_start` (all 400)
 */
export function parseTimeRange(query: TimeParameters, defaultZone: string, nowMs: number): TimeRange | undefined {
  const given = (text: string | undefined): string | undefined => (text === "" ? undefined : text);
  const tz = given(query.tz);
  const zone = tz === undefined ? defaultZone : checkTimeZone(tz);
  const today = { zone, dayOf: nowMs };
  const [range, start, end, duration] = [query.range, query.start, query.end, query.duration].map(given);
  if (range !== undefined) {
    if (start !== undefined || end !== undefined || duration !== undefined)
      throw badRange("range cannot be combined with start, end or duration. Give either range=A~B or start and end.");
    const [from, to, ...rest] = range.split(/^\d+-\d+$/.test(range) ? "-" : "~");
    if (from === undefined || to === undefined || rest.length > 0)
      throw badRange(`range "${range.slice(0, 128)}" is not of the form A~B with two times. ${ACCEPTED_TIMES}.`);
    const startMs = parseTime(from, today, "range");
    return ordered(startMs, to === "" ? undefined : parseTime(to, { zone, dayOf: startMs }, "range"));
  }
  if (start === undefined) {
    if (duration !== undefined)
      throw new BoxcarError("missing_start", "duration needs a start. Give start, or range=A~B.");
    return end === undefined ? undefined : { startMs: undefined, endMs: parseTime(end, today, "end") };
  }
  if (end !== undefined && duration !== undefined) throw badRange("Give either end or duration, not both.");
  const startMs = parseTime(start, today, "start");
  if (duration !== undefined) return ordered(startMs, startMs + parseDuration(duration));
  return ordered(startMs, end === undefined ? undefined : parseTime(end, today, "end"));
}

function badRange(message: string): BoxcarError {
  return new BoxcarError("bad_range", message);
}

function ordered(startMs: number, endMs: number | undefined): TimeRange {
  if (endMs !== undefined && endMs <= startMs)
    throw badRange(`The end ${formatTime(endMs)} is not after the start ${formatTime(startMs)}. Give a later end.`);
  if (endMs !== undefined && !isDate(endMs))
    throw badRange(`The range ends after ${formatTime(LATEST_MS)}. Give a shorter duration.`);
  return { startMs, endMs };
}
