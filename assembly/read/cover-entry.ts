/** One sample entry for samples of several: the highest profile, tier and level (ISO/IEC 14496-15 clauses 5.3.3.1.2 and 8.3.3.1.2). */
import { Code } from "../abi/codes";
import { findInEntry } from "../box/stsd";
import { Box, newBox, readBox, u16be, u32be } from "../memory/reader";
import { failed, output, reserve } from "../memory/status";
import { setU32be } from "../memory/writer";

/** Chroma format and bit depths, and no SPS extensions: what follows the sets of a profile from High on. */
const EXTENSION: u32 = 4;
const HIGH: u8 = 100;

/** Writes the entry at `entry` so that it also covers the one at `other`. One of another codec leaves it as it is. */
export function coverEntry(entry: usize, length: u32, other: usize, otherLength: u32): void {
  const to = reserve(<u64>length + EXTENSION);
  const box = newBox();
  const config = newBox();
  const theirs = newBox();
  if (failed()) return;
  memory.copy(to, entry, length);
  output(to, length);
  if (find(box, to, length, Code.avcC, config, 7)) {
    if (find(box, other, otherLength, Code.avcC, theirs, 7)) coverAvc(to, length, config, theirs);
  } else if (find(box, to, length, Code.hvcC, config, 23)) {
    if (find(box, other, otherLength, Code.hvcC, theirs, 23)) coverHevc(config.body, theirs.body);
  } else if (find(box, to, length, Code.av1C, config, 4)) {
    if (find(box, other, otherLength, Code.av1C, theirs, 4)) coverAv1(config.body, theirs.body);
  } else if (find(box, to, length, Code.vpcC, config, 8)) {
    if (find(box, other, otherLength, Code.vpcC, theirs, 8)) {
      raise(config.body + 4, load<u8>(theirs.body + 4)); // profile
      raise(config.body + 5, load<u8>(theirs.body + 5)); // level
    }
  }
}

function find(box: Box, entry: usize, length: u32, type: u32, config: Box, least: usize): bool {
  return (
    readBox(box, entry, entry + length) &&
    findInEntry(box, Code.vide, type, config) &&
    config.end - config.body >= least
  );
}

function raise(at: usize, value: u8): void {
  if (load<u8>(at) < value) store<u8>(at, value);
}

function coverAvc(to: usize, length: u32, config: Box, theirs: Box): void {
  const profile = load<u8>(theirs.body + 1);
  const extended = load<u8>(config.body + 1) >= HIGH;
  raise(config.body + 1, profile);
  // A constraint holds for all or is not stated.
  store<u8>(config.body + 2, load<u8>(config.body + 2) & load<u8>(theirs.body + 2));
  raise(config.body + 3, load<u8>(theirs.body + 3));
  const extension = extensionOf(theirs);
  if (extended || profile < HIGH || extension == 0 || extensionOf(config) != 0) return;
  const end = config.end;
  memory.copy(end + EXTENSION, end, to + length - end);
  memory.copy(end, extension, EXTENSION - 1);
  store<u8>(end + EXTENSION - 1, 0);
  grow(config.start);
  grow(to);
  output(to, length + EXTENSION);
}

function grow(box: usize): void {
  setU32be(box, u32be(box) + EXTENSION);
}

/** Where the fields behind the parameter sets are; 0 when there are none. */
function extensionOf(config: Box): usize {
  let from = config.body + 5;
  for (let kind = 0; kind < 2; kind++) {
    if (from >= config.end) return 0;
    const count: u32 = load<u8>(from) & (kind == 0 ? 31 : 255);
    from += 1;
    for (let i: u32 = 0; i < count; i++) {
      if (from + 2 > config.end) return 0;
      from += 2 + u16be(from);
    }
  }
  return from + EXTENSION <= config.end ? from : 0;
}

function coverHevc(own: usize, theirs: usize): void {
  const profile = max(load<u8>(own + 1) & 31, load<u8>(theirs + 1) & 31);
  const tier = max(load<u8>(own + 1) & 32, load<u8>(theirs + 1) & 32);
  store<u8>(own + 1, (load<u8>(own + 1) & 0xc0) | tier | profile);
  // Compatibilities and constraints hold for all or are not stated.
  for (let i: usize = 2; i < 12; i++) store<u8>(own + i, load<u8>(own + i) & load<u8>(theirs + i));
  raise(own + 12, load<u8>(theirs + 12));
}

function coverAv1(own: usize, theirs: usize): void {
  const profile = max(load<u8>(own + 1) >> 5, load<u8>(theirs + 1) >> 5);
  const level = max(load<u8>(own + 1) & 31, load<u8>(theirs + 1) & 31);
  store<u8>(own + 1, (profile << 5) | level);
  store<u8>(own + 2, load<u8>(own + 2) | (load<u8>(theirs + 2) & 0x80)); // tier
}
