import { BoxcarError } from "./errors.ts";
import { DAY_MS } from "./units.ts";

/** The date of a moment in a time zone: `2026-01-31`. */
export function dateIn(zone: string, ms: number): string {
  return new Date(ms + zoneOffset(zone, ms)).toISOString().slice(0, 10);
}

// A "+" left unescaped in a query arrives as a space here, too.
const fixedOffset = /^([-+ ])(0\d|1[0-4]):?([0-5]\d)$/;
/** The names of the IANA database that are as short as an abbreviation. */
const shortNames = /^(?:UTC|GMT|UCT|ZULU|CET|EET|MET|WET|PRC|ROC|ROK|GB|NZ|CUBA|EGYPT|EIRE|IRAN|JAPAN|LIBYA)$/i;

/**
 * Returns the zone when it is an IANA name that the runtime knows, or an offset from UTC such as `+08:00`.
 * Abbreviations are refused: CST is a time in America and in China, and ICU reads many of them its own way.
 * @throws BoxcarError `bad_time_zone` (400)
 */
export function checkTimeZone(zone: string): string {
  if (zone === "UTC") return zone; // the default; loading all zones takes longer than anything else at the start
  if (fixedOffset.test(zone)) return zone;
  const abbreviation = /^[a-z]{1,5}$/i.test(zone) && !shortNames.test(zone);
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

/** An offset from UTC as `+08:00`. */
export function offsetText(offsetMinutes: number): string {
  const ahead = Math.abs(offsetMinutes);
  const [hours, minutes] = [Math.floor(ahead / 60), ahead % 60].map((part) => String(part).padStart(2, "0"));
  return `${offsetMinutes < 0 ? "-" : "+"}${hours ?? ""}:${minutes ?? ""}`;
}

/** Minutes that clocks in `zone` are ahead of UTC at an instant: the nearest whole one, since some of the past have seconds. */
export function zoneOffsetMinutes(zone: string, ms: number): number {
  return Math.round(zoneOffset(zone, ms) / 60_000);
}

/** Milliseconds that local time in `zone` is ahead of UTC at an instant. */
function zoneOffset(zone: string, ms: number): number {
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
  const before = zoneOffset(zone, localMs - DAY_MS);
  const after = zoneOffset(zone, localMs + DAY_MS);
  const [first, again] = [before, after].filter((offset) => zoneOffset(zone, localMs - offset) === offset);
  if (first === undefined) return [localMs - before];
  return again === undefined || again === first ? [localMs - first] : [localMs - first, localMs - again];
}
