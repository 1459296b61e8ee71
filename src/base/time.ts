import { BoxcarError } from "./errors.ts";
import { utcText } from "./utc-text.ts";

/**
 * Wall-clock times as people write them in URLs, read into integer milliseconds, and back.
 *
 * Accepted: RFC 3339 (`2026-01-31T12:00:00.250+08:00`), the same without an offset (in a time zone), a time alone
 * (`12:00:00`, on a given date or today), and all digits: seconds since 1970 up to 11 digits, milliseconds above.
 */

/** What a text without offset or date is completed with. */
export interface TimeContext {
  /** Zone of texts without an offset, as `checkTimeZone` takes it: `Asia/Shanghai`, `+08:00`. */
  readonly zone: string;
  /** Milliseconds since 1970: an instant on the day that a time alone belongs to. */
  readonly dayOf: number;
}

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

const accepted =
  "Accepted are RFC 3339 (2026-01-31T12:00:00Z, 2026-01-31T12:00:00.250+08:00), 2026-01-31T12:00:00 or 12:00:00 " +
  "(today) in the time zone tz, and digits: seconds since 1970 up to 11 digits, milliseconds above";

const timeOfDay = String.raw`([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?`;
// A "+" left unescaped in a query arrives as a space; nothing else can stand there, so it is read as the plus it was.
const dateTimePattern = new RegExp(
  String.raw`^(\d{4})-(\d\d)-(\d\d)[Tt ]${timeOfDay}(?:([Zz])|([-+ ])([01]\d|2[0-3]):([0-5]\d))?$`,
);
const timePattern = new RegExp(`^${timeOfDay}$`);

/** An hour, milliseconds: segments are named, and kept ready, by the hour since 1970 that they start in. */
export const HOUR_MS = 3_600_000;

/** The first moment that is taken: RFC 3339 writes years up to 9999, and the year 0 is left out. Both ends inclusive. */
export const EARLIEST_MS = Date.parse("0001-01-01T00:00:00.000Z");
/** See `EARLIEST_MS`. */
export const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** Whether a moment lies in the years 0001 to 9999. */
export function isDate(ms: number): boolean {
  return ms >= EARLIEST_MS && ms <= LATEST_MS;
}

/**
 * Milliseconds since 1970 of one written time; parts of a millisecond are cut off.
 * @param name the parameter the text came from, for the error
 * @throws BoxcarError `bad_time` (400)
 */
export function parseTime(text: string, context: TimeContext, name = "time"): number {
  const ms = instantOf(text, context);
  if (ms !== undefined && isDate(ms)) return ms;
  const message = `${name} "${text.slice(0, 64)}" is no time of the years 0001 to 9999. ${accepted}.`;
  throw new BoxcarError("bad_time", message, { parameter: name });
}

function instantOf(text: string, context: TimeContext): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * (text.length <= 11 ? 1000 : 1);
  const time = timePattern.exec(text);
  if (time !== null) {
    const day = dateIn(context.zone, context.dayOf);
    return localToInstant(Date.parse(`${day}T00:00:00Z`) + millisecondsOfDay(time.slice(1)), context.zone);
  }
  const match = dateTimePattern.exec(text);
  if (match === null) return undefined;
  const [, year = "", month = "", dayOfMonth = ""] = match;
  const midnight = Date.parse(`${year}-${month}-${dayOfMonth}T00:00:00Z`);
  // Date.parse carries 30 February over into March.
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(dayOfMonth)) return undefined;
  const local = midnight + millisecondsOfDay(match.slice(4));
  if (match[8] !== undefined) return local;
  const [sign, hours, minutes] = match.slice(9);
  if (sign === undefined) return localToInstant(local, context.zone);
  return local - offsetMs(sign, hours, minutes);
}

/** How far a written time may be off when nothing more is said: one in seconds since 1970, whose fraction is cut off, by one. */
export function precisionOf(text: string): number {
  return /^\d{1,11}$/.test(text) ? digitPrecision(0) : 0;
}

/** How far a time whose seconds have so many digits of a fraction may be off, milliseconds; 0 for milliseconds and less. */
export function digitPrecision(digits: number): number {
  return digits >= 3 ? 0 : 10 ** (3 - digits);
}

function millisecondsOfDay([hours, minutes, seconds, fraction]: readonly (string | undefined)[]): number {
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return whole * 1000 + Number((fraction ?? "").padEnd(3, "0").slice(0, 3));
}

/**
 * Milliseconds of a length of time: a number of seconds (`90`, `2.5`) or numbers with units (`500ms`, `30s`, `1m30s`).
 * @throws BoxcarError `bad_duration` (400), also for zero
 */
export function parseDuration(text: string, name = "duration"): number {
  const units = /^(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,12})ms)?$/.exec(text);
  const seconds = /^\d{1,9}(?:\.\d{1,9})?$/.test(text);
  const parts: (string | undefined)[] = units?.slice(1) ?? [];
  const [hours = 0, minutes = 0, secs = 0, ms = 0] = parts.map((part) => Number(part ?? 0));
  const value = Math.round(seconds ? Number(text) * 1000 : ((hours * 60 + minutes) * 60 + secs) * 1000 + ms);
  if ((units === null && !seconds) || value <= 0) {
    const expected = "Expected is one above 0, in seconds (90, 2.5) or with units (500ms, 30s, 1m30s, 2h)";
    const message = `${name} "${text.slice(0, 64)}" is no length of time. ${expected}.`;
    throw new BoxcarError("bad_duration", message, { parameter: name });
  }
  return value;
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
      throw badRange(`range "${range.slice(0, 128)}" is not of the form A~B with two times. ${accepted}.`);
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

/**
 * RFC 3339 in UTC with milliseconds, to the nearest: `2026-01-31T12:00:00.250Z`. A moment outside of the years 0001 to
 * 9999, which only rows of older versions have, is shown as the nearest one inside.
 */
export function formatTime(ms: number): string {
  return utcText(Math.min(LATEST_MS, Math.max(EARLIEST_MS, Math.round(ms))));
}

/** The date of a moment in a time zone: `2026-01-31`. */
export function dateIn(zone: string, ms: number): string {
  return new Date(ms + zoneOffset(zone, ms)).toISOString().slice(0, 10);
}

// A "+" left unescaped in a query arrives as a space here, too.
const fixedOffset = /^([-+ ])(0\d|1[0-4]):?([0-5]\d)$/;
/** The names of the IANA database that are as short as an abbreviation. */
const shortNames = new Set(
  "UTC GMT UCT ZULU CET EET MET WET PRC ROC ROK GB NZ CUBA EGYPT EIRE IRAN JAPAN LIBYA".split(" "),
);

/**
 * Returns the zone when it is an IANA name that the runtime knows, or an offset from UTC such as `+08:00`.
 * Abbreviations are refused: CST is a time in America and in China, and ICU reads many of them its own way.
 * @throws BoxcarError `bad_time_zone` (400)
 */
export function checkTimeZone(zone: string): string {
  if (zone === "UTC") return zone; // the default; loading all zones takes longer than anything else at the start
  if (fixedOffset.test(zone)) return zone;
  const abbreviation = /^[a-z]{1,5}$/i.test(zone) && !shortNames.has(zone.toUpperCase());
  if (!abbreviation) {
    try {
      zoneFormat(zone);
      return zone;
    } catch {
      // The runtime does not know it.
    }
  }
  const message =
    `"${zone.slice(0, 64)}" is no known time zone. Give an IANA name such as UTC or Asia/Shanghai, or an offset such as ` +
    "+08:00; abbreviations such as CST mean several zones.";
  throw new BoxcarError("bad_time_zone", message);
}

/** Whether `checkTimeZone` takes the zone. */
export function isTimeZone(zone: string): boolean {
  try {
    return checkTimeZone(zone) === zone;
  } catch {
    return false;
  }
}

/**
 * The zone of the system's local time, as `checkTimeZone` takes it.
 * @param tz what `TZ` says, if it does: a name, also as `:Asia/Shanghai`
 */
export function systemTimeZone(tz: string | undefined): string {
  const named = tz?.replace(/^:/, "");
  if (named !== undefined && named !== "" && isTimeZone(named)) return named;
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions() as { timeZone?: string };
  if (timeZone !== undefined && isTimeZone(timeZone)) return timeZone;
  // A rule of POSIX such as CST-8 has no name; what it says holds for now.
  const ahead = -new Date().getTimezoneOffset();
  return ahead === 0 ? "UTC" : offsetText(ahead);
}

function zoneFormat(zone: string): Intl.DateTimeFormat {
  const numeric = { year: "numeric", month: "numeric", day: "numeric" } as const;
  const time = { hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat("en-US", { timeZone: zone, calendar: "gregory", era: "short", ...numeric, ...time });
}

/** Milliseconds that an offset from UTC (`-`, or anything else for ahead; hours; minutes) is ahead of it. */
export function offsetMs(sign: string | undefined, hours: string | undefined, minutes: string | undefined): number {
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === "-" ? -ms : ms;
}

/** How a moment is shown, to the second, with how far its local time is ahead of UTC: `2026-01-31 18:00:00+08:00`. */
export function clockText(ms: number, offsetMinutes: number): string {
  const local = formatTime(ms + offsetMinutes * 60_000)
    .slice(0, 19)
    .replace("T", " ");
  return local + (offsetMinutes === 0 ? " UTC" : offsetText(offsetMinutes));
}

/** An offset from UTC as `+08:00`. */
export function offsetText(offsetMinutes: number): string {
  const ahead = Math.abs(offsetMinutes);
  const [hours, minutes] = [Math.floor(ahead / 60), ahead % 60].map((part) => String(part).padStart(2, "0"));
  return `${offsetMinutes < 0 ? "-" : "+"}${hours ?? ""}:${minutes ?? ""}`;
}

/** Milliseconds that local time in `zone` is ahead of UTC at an instant. */
export function zoneOffset(zone: string, ms: number): number {
  if (zone === "UTC") return 0;
  const fixed = fixedOffset.exec(zone);
  if (fixed !== null) return offsetMs(fixed[1], fixed[2], fixed[3]);
  const part: Record<string, string> = {};
  for (const { type, value } of zoneFormat(zone).formatToParts(ms)) part[type] = value;
  const year = part.era === "BC" ? 1 - Number(part.year) : Number(part.year);
  const local = new Date(0);
  local.setUTCFullYear(year, Number(part.month) - 1, Number(part.day));
  local.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second));
  return local.getTime() - Math.floor(ms / 1000) * 1000;
}

/**
 * The instant of a local time (given as if it were UTC) in a zone. A local time that occurs twice means the earlier
 * instant; one that a clock change skips is moved forward by the length of the change. (RFC 5545 section 3.3.5 reads
 * both the same way.)
 */
export function localToInstant(localMs: number, zone: string): number {
  return localInstants(localMs, zone)[0];
}

/** The instant of a local time, and the later one where clocks were set back and showed the time again. */
export function localInstants(localMs: number, zone: string): readonly [first: number, again?: number] {
  const day = 86_400_000;
  const before = zoneOffset(zone, localMs - day);
  const after = zoneOffset(zone, localMs + day);
  const [first, again] = [before, after].filter((offset) => zoneOffset(zone, localMs - offset) === offset);
  if (first === undefined) return [localMs - before];
  return again === undefined || again === first ? [localMs - first] : [localMs - first, localMs - again];
}
