/** A `moov` being written whose tables are to be filled with entries from the pieces. */
import { Table } from "../abi/names";
import { Splice } from "../abi/records";
import { endBox, Writer } from "../memory/writer";

/** Headers that are being written, and the places in them where tables go. */
@unmanaged
export class MovieWriter {
  out: Writer;
  splices: usize;
  spliceCount: u32;
  /** Bytes spliced in so far: every box around them grows by as much. */
  spliced: u64;
}

/** Ends a box whose last `length` bytes, entries of the table `kind` of track `number`, come from the pieces. */
export function splice(movie: MovieWriter, box: usize, number: u32, kind: Table, length: u64): void {
  if (length > 0) {
    const at = movie.splices + <usize>movie.spliceCount * Splice.SIZE;
    movie.spliceCount += 1;
    store<u32>(at, <u32>(movie.out.next - movie.out.start), Splice.OFFSET);
    store<u32>(at, number, Splice.TRACK);
    store<u32>(at, kind, Splice.TABLE);
    store<u32>(at, <u32>length, Splice.LENGTH);
    movie.spliced += length;
  }
  endBox(movie.out, box, length);
}
