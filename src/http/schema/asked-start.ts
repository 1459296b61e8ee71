import { BoxcarError } from "../../base/errors.ts";
import type { AskedStart } from "../../intake/segments/segment-start.ts";
import { parseDuration, parseTime, precisionOf } from "../../base/time.ts";
import { checkTimeZone } from "../../base/time-zone.ts";
import type { AppPlatform } from "../context.ts";
import { text, timeParameters } from "./parameters.ts";

/** The query parameters that say when an uploaded segment starts. */
export const startParameters = {
  start: timeParameters.start.openapi({
    description: "When the recording starts. Default: as the file states it; `startSource` of the reply says by what.",
  }),
  precision: text(
    "How far the start may be off either way, at most a minute: seconds, or with units (`40ms`, `1s`), `0` for exact. " +
      "Segments that follow one another within it are joined exactly. Default: a second for seconds since 1970 and for " +
      "what files state in whole seconds, else 0.",
    "1s",
  ),
  tz: timeParameters.tz,
};

/** What a query says of those parameters. */
interface StartQuery {
  readonly start?: string | undefined;
  readonly precision?: string | undefined;
  readonly tz?: string | undefined;
}

/**
 * What a request and the configuration say of a segment's times.
 * @throws BoxcarError `bad_time`, `bad_time_zone`, `bad_duration` (400)
 */
export function askedStart(
  { start, precision, tz }: StartQuery,
  { config, clock }: Pick<AppPlatform, "config" | "clock">,
): AskedStart {
  const zone = tz === undefined ? undefined : checkTimeZone(tz);
  const context = { zone: zone ?? config.timeZone, dayOf: clock() };
  return {
    startMs: start === undefined ? undefined : parseTime(start, context, "start"),
    precisionMs: parsePrecision(precision, start),
    zone,
    defaultZone: config.timeZone,
    maxDurationMs: config.maxDurationMs,
  };
}

/** Beyond it, what follows what is a guess. Milliseconds. */
const MOST_PRECISION_MS = 60_000;

/** Milliseconds of `precision`, or what `start` says of itself; undefined: as the file states. */
function parsePrecision(precision: string | undefined, start: string | undefined): number | undefined {
  if (precision === undefined) return start === undefined ? undefined : precisionOf(start);
  const ms = precision === "0" ? 0 : parseDuration(precision, "precision");
  if (ms <= MOST_PRECISION_MS) return ms;
  const message = `precision "${precision.slice(0, 64)}" is more than a minute. State the start more exactly.`;
  throw new BoxcarError("bad_duration", message, { parameter: "precision" });
}
