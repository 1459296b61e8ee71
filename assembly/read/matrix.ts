/** Transformation matrices (ISO/IEC 14496-12 clause 6.2.2): nine big-endian numbers, 16.16 but for each third one, 2.30. */
import { u32be } from "../memory/reader";
import { cleared } from "../memory/status";
import { setU32be } from "../memory/writer";

/** Bytes of a matrix. */
export const MATRIX_SIZE: usize = 36;

/**
 * What a track's matrix and the movie's do one after the other (clause 8.2.2.3): outputs have it all in the track's, which
 * is the one that every player knows. The track's own where the movie's does nothing.
 */
export function combinedMatrix(track: usize, movie: usize): usize {
  if (changesNothing(movie)) return track;
  const out = cleared(MATRIX_SIZE);
  if (out == 0) return track;
  for (let row: usize = 0; row < 3; row++) {
    for (let column: usize = 0; column < 3; column++) {
      const sum =
        ((at(track, row, 0) * at(movie, 0, column)) >> 16) +
        ((at(track, row, 1) * at(movie, 1, column)) >> 16) +
        ((at(track, row, 2) * at(movie, 2, column)) >> 30);
      setU32be(out + (row * 3 + column) * 4, <u32>sum);
    }
  }
  return out;
}

function at(matrix: usize, row: usize, column: usize): i64 {
  return <i64>(<i32>u32be(matrix + (row * 3 + column) * 4));
}

/** Whether a matrix is the unity one, or none at all. */
function changesNothing(matrix: usize): bool {
  const a = at(matrix, 0, 0);
  const d = at(matrix, 1, 1);
  for (let i: usize = 1; i < 8; i++) if (i != 4 && u32be(matrix + i * 4) != 0) return false;
  return (a == 0x1_0000 && d == 0x1_0000) || (a == 0 && d == 0);
}
