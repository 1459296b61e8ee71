/** Which unknown parameters somebody meant something by, where unknown ones are passed over. */

/** What a time is called elsewhere. `_t`, `ts` and `timestamp` only keep caches from answering. */
const TIME =
  /^(?:from|since|after|begin|start|to|till|until|before|end|stop|at|time|date|day|zone)(?:time|date|zone|at|ts|ms|s|utc)*$/;

/** Names shorter than this differ from others by chance. */
const LEAST_LETTERS = 4;

/**
 * The unknown names among `given` that mean a time, where times are known, or are one slip away from a known name: left out, the answer would be about
 * something else than was asked for.
 */
export function mistyped(given: Iterable<string>, known: ReadonlySet<string>): string[] {
  const plainKnown = [...known].map(plain);
  const isMeant = (name: string): boolean =>
    (known.has("start") && TIME.test(name)) || plainKnown.some((other) => other === name || isSlip(name, other));
  return [...given].filter((name) => !known.has(name) && isMeant(plain(name)));
}

/** `start_time`, `start-time` and `startTime` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, "");
}

/** Whether one text comes of the other by one letter that is more, less or another, or by two neighbours that changed places. */
function isSlip(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < LEAST_LETTERS || Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const swapped = a.slice(0, at) + (a[at + 1] ?? "") + (a[at] ?? "") + a.slice(at + 2);
  return swapped === b || [0, 1].some((i) => [0, 1].some((j) => a.slice(at + i) === b.slice(at + j)));
}
