import { remembered } from "./remembered.ts";
import { DAY_MS } from "./units.ts";

/** How moments are written: lists write thousands of them, and `Date` takes longer for each than all else does. */

const padded = (length: number, digits: number, end: string): string[] =>
  Array.from({ length }, (_, number) => String(number).padStart(digits, "0") + end);
/** Of a day. */
const MINUTES = padded(24, 2, ":").flatMap((hour) => padded(60, 2, ":").map((minute) => hour + minute));
const SECONDS = padded(60, 2, ".");
const MILLISECONDS = padded(1000, 3, "Z");

/** The date of a day since 1970, with the `T` behind it. */
const dateOf = remembered((day: number) => {
  const text = new Date(day * DAY_MS).toISOString();
  return text.slice(0, text.indexOf("T") + 1);
});

/** `Date.toISOString` of whole milliseconds since 1970. */
export function utcText(ms: number): string {
  const day = Math.floor(ms / DAY_MS);
  const ofDay = ms - day * DAY_MS;
  const second = (ofDay / 1000) | 0;
  const minute = (second / 60) | 0;
  return `${dateOf(day)}${MINUTES[minute] ?? ""}${SECONDS[second % 60] ?? ""}${MILLISECONDS[ofDay % 1000] ?? ""}`;
}
