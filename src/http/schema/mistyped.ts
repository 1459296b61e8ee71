import { areAlike, plainName } from "../../base/alike.ts";

/** What a time is called elsewhere. `_t`, `ts` and `timestamp` only keep caches from answering. */
const TIME =
  /^(?:from|since|after|begin|start|to|till|until|before|end|stop|at|time|date|day|zone)(?:time|date|zone|at|ts|ms|s|utc)*$/;

/**
 * Those of the given names that are not known, but mean a time, where times are known, or a known name by a slip: passed over, the answer
 * would be about something else than was asked for.
 */
export function mistyped(given: Iterable<string>, known: ReadonlySet<string>): string[] {
  const isMeant = (name: string): boolean =>
    (known.has("start") && TIME.test(plainName(name))) || [...known].some((other) => areAlike(name, other));
  return [...given].filter((name) => !known.has(name) && isMeant(name));
}
