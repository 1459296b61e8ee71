import { BoxcarError } from "../../base/errors.ts";
import { parseDuration } from "../../base/time.ts";
import { LEAST_FRAGMENT_MS, LONGEST_FRAGMENT_MS } from "../../config/record-config.ts";

/** How long a segment should last, milliseconds. @throws BoxcarError `bad_duration` (400) */
export function fragmentOf(text: string): number {
  const ms = parseDuration(text, "fragment");
  if (ms >= LEAST_FRAGMENT_MS && ms <= LONGEST_FRAGMENT_MS) return ms;
  throw new BoxcarError("bad_duration", "fragment is from 1s to 1h.", { parameter: "fragment" });
}
