import { BoxcarError } from "./errors.ts";
import { dateIn, localToInstant, offsetMs, offsetText } from "./time-zone.ts";
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

/** The end of a refusal: how times are written. */
export const ACCEPTED_TIMES =
  "Accepted are RFC 3339 (2026-01-31T12:00:00Z, 2026-01-31T12:00:00.250+08:00), 2026-01-31T12:00:00 or 12:00:00 " +
  "(today) in the time zone tz, and digits: seconds since 1970 up to 11 digits, milliseconds above";

const timePattern = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?$/;
// A "+" left unescaped in a query arrives as a space; nothing else can stand there, so it is read as the plus it was.
const dateTimePattern =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:([Zz])|([-+ ])([01]\d|2[0-3]):([0-5]\d))?$/;

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
  const message = `${name} "${text.slice(0, 64)}" is no time of the years 0001 to 9999. ${ACCEPTED_TIMES}.`;
  throw new BoxcarError("bad_time", message, { parameter: name });
}

function instantOf(text: string, context: TimeContext): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * (text.length <= 11 ? 1000 : 1);
  const time = timePattern.exec(text);
  if (time !== null) {
    const day = dateIn(context.zone, context.dayOf);
    return localToInstant(Date.parse(`${day}T00:00:00Z`) + timecodeMs(time.slice(1)), context.zone);
  }
  const match = dateTimePattern.exec(text);
  if (match === null) return undefined;
  const [, year = "", month = "", dayOfMonth = ""] = match;
  const midnight = Date.parse(`${year}-${month}-${dayOfMonth}T00:00:00Z`);
  // Date.parse carries 30 February over into March.
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(dayOfMonth)) return undefined;
  const local = midnight + timecodeMs(match.slice(4));
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

/** Whole milliseconds, rounded down, of the digits of a second's fraction; none: 0. */
export function fractionMs(digits = ""): number {
  return Number(digits.padEnd(3, "0").slice(0, 3));
}

/** Whole milliseconds of a time of day or a timecode, rounded down. @param parts its digits: hours, minutes, seconds, and a fraction if it has one */
export function timecodeMs([hours, minutes, seconds, fraction]: readonly (string | undefined)[]): number {
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return whole * 1000 + fractionMs(fraction);
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
 * RFC 3339 in UTC with milliseconds, to the nearest: `2026-01-31T12:00:00.250Z`. A moment outside of the years 0001 to
 * 9999, which only rows of older versions have, is shown as the nearest one inside.
 */
export function formatTime(ms: number): string {
  return utcText(Math.min(LATEST_MS, Math.max(EARLIEST_MS, Math.round(ms))));
}

/** How a moment is shown, to the second, with how far its local time is ahead of UTC: `2026-01-31 18:00:00+08:00`. */
export function clockText(ms: number, offsetMinutes: number): string {
  const local = formatTime(ms + offsetMinutes * 60_000)
    .slice(0, 19)
    .replace("T", " ");
  return local + (offsetMinutes === 0 ? " UTC" : offsetText(offsetMinutes));
}
