/** Rows with long texts that are read in one turn. */
const ROWS = 100;

/** What names rows, so many as are read in one turn at a time. */
export function* pagesOf<Name>(names: readonly Name[]): Generator<readonly Name[]> {
  for (let at = 0; at < names.length; at += ROWS) yield names.slice(at, at + ROWS);
}
