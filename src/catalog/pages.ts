import { batches } from "../base/batches.ts";

/** Rows with long texts that are read in one turn. */
const ROWS = 50;

/** What names rows, so many as are read in one turn at a time. */
export function pagesOf<Name>(names: readonly Name[]): Iterable<readonly Name[]> {
  return batches(names, ROWS);
}
