/** What to do with a top-level box, from its header alone. */
import { Code } from "../abi/codes";
import { Scan, Status } from "../abi/names";
import { Result } from "../abi/records";
import { u32be, u64be } from "../memory/reader";
import { fail, output, RESULT } from "../memory/status";

const BAD: u64 = u64.MAX_VALUE;

/**
 * Classifies the box at `pointer`. Result: `length` a Scan, `box` its type, `total` its size with header, 0 when it
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
  store<u64>(RESULT, size, Result.TOTAL);
  const media = type == Code.mdat;
  output(0, kept(type) ? Scan.Keep : media ? Scan.Note : Scan.Skip);
}

function kept(type: u32): bool {
  return type == Code.ftyp || type == Code.moov || type == Code.moof;
}

function known(type: u32): bool {
  return (
    kept(type) ||
    type == Code.styp ||
    type == Code.mdat ||
    type == Code.free ||
    type == Code.skip ||
    type == Code.wide ||
    type == Code.pnot ||
    type == Code.uuid ||
    type == Code.sidx ||
    type == Code.emsg ||
    type == Code.prft
  );
}
