/** Names that somebody may have meant by another one. */

/** Names shorter than this differ from others by chance. */
const LEAST_LETTERS = 4;

/** Whether two names differ in case, in `-_.` or by one slip: a letter more, less or another, or two that changed places. */
export function areAlike(one: string, other: string): boolean {
  const [a, b] = [plainName(one), plainName(other)];
  return a === b || isSlip(a, b);
}

/** `start_time`, `start-time` and `startTime` are one name. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, "");
}

function isSlip(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < LEAST_LETTERS || Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const swapped = a.slice(0, at) + (a[at + 1] ?? "") + (a[at] ?? "") + a.slice(at + 2);
  return swapped === b || [0, 1].some((i) => [0, 1].some((j) => a.slice(at + i) === b.slice(at + j)));
}
