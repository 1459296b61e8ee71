/** What to do with a top-level box, from its header alone. */
import { Result, Status } from "./abi";
import { fourcc, u32be, u64be } from "./reader";
import { fail, output, RESULT } from "./status";

/** Answers of `scanHeader` in RESULT.LENGTH. */
export const enum Scan {
  /** The header is 16 bytes: ask again with them. */
  More = 0,
  /** The box is not needed. */
  Skip = 1,
  /** The box is part of the metadata. */
  Keep = 2,
  /** Only the header is needed: it says where media data lies. */
  Note = 3,
  /** No box begins here: what follows the last box is not read. */
  End = 4,
}

const BAD: u64 = u64.MAX_VALUE;

/**
 * Classifies the box at `pointer`. RESULT.LENGTH: a Scan value; BOX: its type; A: its size with header, 0 when it
 * extends to the end of the file.
 * @param first the file's first box, whose type tells an ISO base media file from anything else
 * @param complete `moov` has passed: an impossible size is no damage then, but bytes that somebody put behind the boxes
 */
export function scanHeader(pointer: usize, length: u32, first: bool, complete: bool): void {
  if (length < 8) return fail(Status.Truncated);
  const type = u32be(pointer + 4);
  let size: u64 = u32be(pointer);
  if (first && !known(type)) return fail(Status.NotMp4, type, pointer);
  store<u32>(RESULT, type, Result.BOX);
  if (size == 1) {
    if (length < 16) return output(0, Scan.More);
    size = u64be(pointer + 8);
    if (size < 16 || size > 1 << 53) size = BAD;
  } else if (size != 0 && size < 8) size = BAD;
  if (size == BAD) return complete ? output(0, Scan.End) : fail(Status.BadBoxSize, type, pointer);
  store<u64>(RESULT, size, Result.A);
  const media = type == fourcc(0x6d, 0x64, 0x61, 0x74); // mdat
  output(0, kept(type) ? Scan.Keep : media ? Scan.Note : Scan.Skip);
}

function kept(type: u32): bool {
  return (
    type == fourcc(0x66, 0x74, 0x79, 0x70) || // ftyp
    type == fourcc(0x6d, 0x6f, 0x6f, 0x76) || // moov
    type == fourcc(0x6d, 0x6f, 0x6f, 0x66) // moof
  );
}

function known(type: u32): bool {
  return (
    kept(type) ||
    type == fourcc(0x73, 0x74, 0x79, 0x70) || // styp
    type == fourcc(0x6d, 0x64, 0x61, 0x74) || // mdat
    type == fourcc(0x66, 0x72, 0x65, 0x65) || // free
    type == fourcc(0x73, 0x6b, 0x69, 0x70) || // skip
    type == fourcc(0x77, 0x69, 0x64, 0x65) || // wide
    type == fourcc(0x70, 0x6e, 0x6f, 0x74) || // pnot
    type == fourcc(0x75, 0x75, 0x69, 0x64) || // uuid
    type == fourcc(0x73, 0x69, 0x64, 0x78) || // sidx
    type == fourcc(0x65, 0x6d, 0x73, 0x67) || // emsg
    type == fourcc(0x70, 0x72, 0x66, 0x74) // prft
  );
}
