/** Compares a result with an earlier one. */
import type { Row } from "./rows.ts";

/** A row that got worse by more than what is tolerated. */
export interface Regression {
  readonly title: string;
  /** How many times worse. */
  readonly factor: number;
  readonly before: number;
  readonly now: number;
}

/** Sizes do not vary between runs as times do. */
const EXACT_UNITS = new Set(["kB", "bytes"]);
const EXACT_TOLERANCE = 1.02;

/**
 * Rows that got worse. Where there is a peer, ratios are compared, so that the machine's speed cancels out.
 * @param tolerance how many times worse a row may be
 */
export function regressions(before: readonly Row[], now: readonly Row[], tolerance: number): Regression[] {
  const earlier = new Map(before.map((row) => [row.id, row]));
  return now.flatMap((row) => {
    const old = earlier.get(row.id);
    if (old === undefined) return [];
    const byRatio = row.ratio !== undefined && old.ratio !== undefined;
    const [was, is] = byRatio ? [old.ratio, row.ratio] : [old.measured, row.measured];
    if (was === undefined || is === undefined || was <= 0 || is <= 0) return [];
    const factor = row.bound === "most" ? is / was : was / is;
    const allowed = EXACT_UNITS.has(row.unit) ? EXACT_TOLERANCE : tolerance;
    return factor > allowed ? [{ title: `${row.title} (${row.id})`, factor, before: was, now: is }] : [];
  });
}
