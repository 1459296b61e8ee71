/** The box structure of a file's metadata, for listings. */
import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { BoxRecord } from "../abi/records";
import { drefEntries } from "../box/dref";
import { metaChildren } from "../box/meta";
import { stsdEntries } from "../box/stsd";
import { Box, failIn, newBox, readBox } from "../memory/reader";
import { failed, fileOffsetOf, output, reserve } from "../memory/status";

/** Boxes may nest this deep; real files reach about ten. */
const MAX_DEPTH: u32 = 32;
/** Boxes that one listing holds. */
const MAX_BOXES: u32 = 100_000;

let list: usize = 0;
let count: u32 = 0;

/**
 * Lists the box at `pointer` and all boxes inside it, parents first. RESULT: BoxRecord records and their number. Fails
 * with `TooDeep` and `TooMany` beyond the limits.
 */
export function listBoxes(pointer: usize, length: u32): void {
  // Every box has a header of 8 bytes at least.
  list = reserve(<u64>min(length / 8 + 1, MAX_BOXES) * BoxRecord.SIZE);
  count = 0;
  if (failed()) return;
  walk(pointer, pointer + length, 0);
  output(list, count);
}

function walk(pointer: usize, end: usize, depth: u32): void {
  const box = newBox();
  if (failed()) return;
  while (!failed() && readBox(box, pointer, end, depth == 0)) {
    if (depth > MAX_DEPTH) return failIn(box, Status.TooDeep);
    if (count == MAX_BOXES) return failIn(box, Status.TooMany);
    const record = list + <usize>count * BoxRecord.SIZE;
    count += 1;
    store<u64>(record, fileOffsetOf(box.start), BoxRecord.OFFSET);
    store<u64>(record, box.end - box.start, BoxRecord.LENGTH);
    store<u32>(record, box.type, BoxRecord.TYPE);
    store<u32>(record, depth, BoxRecord.DEPTH);
    const children = childrenOf(box);
    if (children < box.end) walk(children, box.end, depth + 1);
    pointer = box.end;
  }
}

/** Where the boxes in a box begin; its end or beyond when it holds none. */
function childrenOf(box: Box): usize {
  const type = box.type;
  if (
    type == Code.moov ||
    type == Code.trak ||
    type == Code.edts ||
    type == Code.mdia ||
    type == Code.minf ||
    type == Code.dinf ||
    type == Code.stbl ||
    type == Code.mvex ||
    type == Code.moof ||
    type == Code.traf ||
    type == Code.udta
  ) {
    return box.body;
  }
  if (type == Code.meta) return metaChildren(box);
  if (type == Code.stsd) return stsdEntries(box);
  return type == Code.dref ? drefEntries(box) : box.end;
}
