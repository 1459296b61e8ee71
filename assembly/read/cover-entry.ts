/** One sample entry for samples of several: the highest profile, tier and level (ISO/IEC 14496-15 clauses 5.3.3.1.2 and 8.3.3.1.2). */
import { Code } from "../abi/codes";
import { AVC_CONFIG, AVC_EXTENSION, avcExtension, avcProfile } from "../box/avcc";
import { AV1_CONFIG, av1Level, av1Profile, av1Tier, setAv1Level } from "../box/av1c";
import { HEVC_CONFIG, HEVC_PROFILE, hevcProfile } from "../box/hvcc";
import { findInEntry } from "../box/stsd";
import { VP_CONFIG, vpLevel, vpProfile } from "../box/vpcc";
import { Box, newBox, readBox, u32be } from "../memory/reader";
import { failed, output, reserve } from "../memory/status";
import { setU32be } from "../memory/writer";

const HIGH: u8 = 100;

/** Writes the entry at `entry` so that it also covers the one at `other`. One of another codec leaves it as it is. */
export function coverEntry(entry: usize, length: u32, other: usize, otherLength: u32): void {
  const to = reserve(<u64>length + AVC_EXTENSION);
  const box = newBox();
  const otherBox = newBox();
  const config = newBox();
  const theirs = newBox();
  if (failed()) return;
  memory.copy(to, entry, length);
  output(to, length);
  if (!readBox(box, to, to + length) || !readBox(otherBox, other, other + otherLength)) return;
  if (findBoth(Code.avcC, AVC_CONFIG, box, config, otherBox, theirs)) coverAvc(to, length, config, theirs);
  else if (findBoth(Code.hvcC, HEVC_CONFIG, box, config, otherBox, theirs))
    coverHevc(hevcProfile(config), hevcProfile(theirs));
  else if (findBoth(Code.av1C, AV1_CONFIG, box, config, otherBox, theirs)) coverAv1(config, theirs);
  else if (findBoth(Code.vpcC, VP_CONFIG, box, config, otherBox, theirs)) {
    raise(vpProfile(config), vpProfile(theirs));
    raise(vpLevel(config), vpLevel(theirs));
  }
}

function findBoth(type: u32, least: usize, entry: Box, config: Box, other: Box, theirs: Box): bool {
  return findInEntry(entry, Code.vide, type, config, least) && findInEntry(other, Code.vide, type, theirs, least);
}

function raise(own: usize, theirs: usize): void {
  store<u8>(own, max(load<u8>(own), load<u8>(theirs)));
}

function coverAvc(to: usize, length: u32, config: Box, theirs: Box): void {
  const own = avcProfile(config);
  const other = avcProfile(theirs);
  const profile = load<u8>(other);
  const extended = load<u8>(own) >= HIGH;
  raise(own, other);
  // A constraint holds for all or is not stated.
  store<u8>(own + 1, load<u8>(own + 1) & load<u8>(other + 1));
  raise(own + 2, other + 2);
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
  raise(own + level, theirs + level);
}

function coverAv1(own: Box, theirs: Box): void {
  const profile = max(av1Profile(own), av1Profile(theirs));
  const level = max(av1Level(own), av1Level(theirs));
  setAv1Level(own, profile, level, max(av1Tier(own), av1Tier(theirs)));
}
