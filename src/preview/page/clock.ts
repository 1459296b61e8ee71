/** Times and sizes as people read them. */
import { clockText, dateText, zoneMs } from "../clock.ts";

export { clockText, dateText, momentText } from "../clock.ts";

/** `1 h 20 min`, `12 min 5 s`, `4.2 s` */
export function lengthText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1.2 GB`, in powers of 1000 */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power < 2 ? 0 : 1)} ${units[power] ?? ""}`;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const STEPS = [
  ...[100, 200, 500, second, 2 * second, 5 * second, 10 * second, 30 * second],
  ...[minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute],
  ...[hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 28 * day],
];

/** Ticks of a ruler over [startMs, endMs), at most `most`, at round local times. */
export function ticks(startMs: number, endMs: number, most: number): { readonly ms: number; readonly text: string }[] {
  const step = STEPS.find((one) => (endMs - startMs) / one <= most) ?? 365 * day;
  const zone = -zoneMs(startMs);
  const found = [];
  for (let ms = Math.ceil((startMs - zone) / step) * step + zone; ms < endMs; ms += step) {
    if (ms < 0) continue;
    const text = step >= day ? dateText(ms).slice(5) : step < second ? clockText(ms, true) : clockText(ms);
    found.push({ ms, text: step >= minute && step < day ? text.slice(0, 5) : text });
  }
  return found;
}
