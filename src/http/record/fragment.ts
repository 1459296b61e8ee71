import { BoxcarError } from "../../base/errors.ts";
import { parseDuration } from "../../base/time.ts";

/** Segments last at least and at most so long, milliseconds. */
const LEAST_FRAGMENT_MS = 1000;
const LONGEST_FRAGMENT_MS = 3_600_000;

/** How long a segment should last, milliseconds. @throws BoxcarError `bad_duration` (400) */
export function fragmentOf(text: string): number {
  const ms = parseDuration(text, "fragment");
  if (ms >= LEAST_FRAGMENT_MS && ms <= LONGEST_FRAGMENT_MS) return ms;
  throw new BoxcarError("bad_duration", "fragment is from 1s to 1h.", { parameter: "fragment" });
}
