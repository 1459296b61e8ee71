/** Rows of a page. */
export const PAGE = 256;

/** Pages of rows, each of those that come after the last one of the page before, until one is empty or `signal` is given. */
export async function* pages<Row, Id>(
  first: Id,
  idOf: (row: Row) => Id,
  read: (after: Id) => Promise<readonly Row[]>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Row[], void, undefined> {
  for (let after = first; signal?.aborted !== true;) {
    const page = await read(after);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = idOf(last);
  }
}
