/**
 * Boxes of `moov` that an index keeps as they are, for the headers of outputs: a column of entries, each the index of the
 * track that the box is of (u32, little-endian; `MOVIE_SCOPE`: of the movie) and the box.
 */
import { Box, peekBox } from "../memory/reader";

/** Instead of a track index: a box of `moov` itself. */
export const MOVIE_SCOPE: u32 = u32.MAX_VALUE;
/** Bytes of kept boxes that one file may have. */
export const MAX_KEPT: u32 = 64 << 10;

/** Kept boxes of one scope, one after another. */
@unmanaged
export class KeptCursor {
  box: Box;
  scope: u32;
  next: usize;
  end: usize;
}

/** Goes on to the next box of the cursor's scope. */
export function nextKept(cursor: KeptCursor): bool {
  const box = cursor.box;
  while (cursor.end - cursor.next >= 12 && cursor.next < cursor.end) {
    const scope = load<u32>(cursor.next);
    if (!peekBox(box, cursor.next + 4, cursor.end)) return false;
    cursor.next = box.end;
    if (scope == cursor.scope) return true;
  }
  return false;
}
