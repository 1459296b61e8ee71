/** A movie fragment at another place of its file. */
import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { moveTfhd } from "../box/tfhd";
import { Box, enter, newBox, nextBox, readBox } from "../memory/reader";
import { fail, failed, locate, output } from "../memory/status";

/**
 * Moves the `moof` at `pointer` from one offset of a file to another, together with the media behind it: what counts from the
 * start of the file (`base_data_offset`, ISO/IEC 14496-12 clause 8.8.7) is counted anew, in place. Result: the box.
 */
export function moveFragment(pointer: usize, length: u32, from: u64, to: u64): void {
  locate(pointer, from);
  const moof = newBox();
  if (failed()) return;
  if (!readBox(moof, pointer, pointer + length) || moof.type != Code.moof) {
    return fail(Status.MissingBox, Code.moof, pointer);
  }
  const traf = enter(moof);
  while (nextBox(traf, moof)) {
    if (traf.type == Code.traf) moveTrack(traf, from, to);
  }
  output(pointer, length);
}

function moveTrack(traf: Box, from: u64, to: u64): void {
  const box = enter(traf);
  while (nextBox(box, traf)) {
    if (box.type == Code.tfhd) moveTfhd(box, from, to);
  }
}
