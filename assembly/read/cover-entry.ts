/** One sample entry for samples of several: the highest profile, tier and level (ISO/IEC 14496-15 clauses 5.3.3.1.2 and 8.3.3.1.2). */
import { Code } from "../abi/codes";
import { AVC_EXTENSION, avcExtension, avcProfile } from "../box/avcc";
import { HEVC_PROFILE, hevcProfile } from "../box/hvcc";
import { findInEntry } from "../box/stsd";
import { Box, newBox, readBox, u32be } from "../memory/reader";
import { failed, output, reserve } from "../memory/status";
import { setU32be } from "../memory/writer";

const HIGH: u8 = 100;

/** Writes the entry at `entry` so that it also covers the one at `other`. One of another codec leaves it as it is. */
export function coverEntry(entry: usize, length: u32, other: usize, otherLength: u32): void {
  const to = reserve(<u64>length + AVC_EXTENSION);
  const box = newBox();
  const config = newBox();
  const theirs = newBox();
  if (failed()) return;
  memory.copy(to, entry, length);
  output(to, length);
  if (find(box, to, length, Code.avcC, config, 7)) {
    if (find(box, other, otherLength, Code.avcC, theirs, 7)) coverAvc(to, length, config, theirs);
  } else if (find(box, to, length, Code.hvcC, config, 23)) {
    if (find(box, other, otherLength, Code.hvcC, theirs, 23)) coverHevc(hevcProfile(config), hevcProfile(theirs));
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
  const own = avcProfile(config);
  const other = avcProfile(theirs);
  const profile = load<u8>(other);
  const extended = load<u8>(own) >= HIGH;
  raise(own, profile);
  // A constraint holds for all or is not stated.
  store<u8>(own + 1, load<u8>(own + 1) & load<u8>(other + 1));
  raise(own + 2, load<u8>(other + 2));
  const extension = avcExtension(theirs);
  if (extended || profile < HIGH || extension == 0 || avcExtension(config) != 0) return;
  const end = config.end;
  memory.copy(end + AVC_EXTENSION, end, to + length - end);
  memory.copy(end, extension, AVC_EXTENSION - 1);
  store<u8>(end + AVC_EXTENSION - 1, 0);
  grow(config.start);
  grow(to);
  output(to, length + AVC_EXTENSION);
}

function grow(box: usize): void {
  setU32be(box, u32be(box) + AVC_EXTENSION);
}

function coverHevc(own: usize, theirs: usize): void {
  const profile = max(load<u8>(own) & 31, load<u8>(theirs) & 31);
  const tier = max(load<u8>(own) & 32, load<u8>(theirs) & 32);
  store<u8>(own, (load<u8>(own) & 0xc0) | tier | profile);
  // Compatibilities and constraints hold for all or are not stated.
  const level = <usize>HEVC_PROFILE - 1;
  for (let i: usize = 1; i < level; i++) store<u8>(own + i, load<u8>(own + i) & load<u8>(theirs + i));
  raise(own + level, load<u8>(theirs + level));
}

function coverAv1(own: usize, theirs: usize): void {
  const profile = max(load<u8>(own + 1) >> 5, load<u8>(theirs + 1) >> 5);
  const level = max(load<u8>(own + 1) & 31, load<u8>(theirs + 1) & 31);
  store<u8>(own + 1, (profile << 5) | level);
  store<u8>(own + 2, load<u8>(own + 2) | (load<u8>(theirs + 2) & 0x80)); // tier
}
