/** Sequence parameter sets of H.264 (ITU-T H.264 clauses 7.3.2.1 and E.1), and `avcC` (ISO/IEC 14496-15 clause 5.3.3.1). */
import { Code } from "../abi/codes";
import { beginBox, endBox, put8, Writer } from "../memory/writer";
import { Bits, bit, golomb, payloadBits, signedGolomb, skip, unsigned } from "./bits";
import { countUnits, findUnit, putUnits } from "./units";
import { UNTOLD, VideoFacts } from "./video-facts";

const SPS: u32 = 7;
const PPS: u32 = 8;

/** Whether a profile's parameter sets tell of chroma and depth. */
function isHigh(profile: u32): bool {
  if (profile == 100 || profile == 110 || profile == 122 || profile == 244 || profile == 44 || profile == 83)
    return true;
  return profile == 86 || profile == 118 || profile == 128 || profile == 138 || profile == 139 || profile == 134;
}

/** Reads a sequence parameter set. False when it is damaged. */
export function readAvcSps(unit: usize, length: u32, facts: VideoFacts): bool {
  const bits = payloadBits(unit, length, 1);
  if (bits == null) return false;
  const profile = unsigned(bits, 8);
  const constraints = unsigned(bits, 8);
  skip(bits, 8);
  golomb(bits);
  facts.chroma = 1;
  facts.lumaDepth = 8;
  facts.chromaDepth = 8;
  if (isHigh(profile)) {
    facts.chroma = golomb(bits);
    if (facts.chroma == 3) skip(bits, 1);
    facts.lumaDepth = 8 + golomb(bits);
    facts.chromaDepth = 8 + golomb(bits);
    skip(bits, 1);
    if (bit(bits)) skipScaling(bits, facts.chroma == 3 ? 12 : 8);
  }
  golomb(bits);
  const order = golomb(bits);
  if (order == 0) golomb(bits);
  else if (order == 1) {
    skip(bits, 1);
    signedGolomb(bits);
    signedGolomb(bits);
    const cycle = golomb(bits);
    for (let i: u32 = 0; i < cycle && !bits.overrun; i++) signedGolomb(bits);
  }
  golomb(bits);
  skip(bits, 1);
  const width = (golomb(bits) + 1) << 4;
  const units = golomb(bits) + 1;
  const frames = bit(bits);
  if (!frames) skip(bits, 1);
  skip(bits, 1);
  const height = units << (frames ? 4 : 5);
  const across: u32 = facts.chroma == 1 || facts.chroma == 2 ? 2 : 1;
  const down: u32 = (facts.chroma == 1 ? 2 : 1) * (2 - frames);
  facts.width = width;
  facts.height = height;
  if (bit(bits)) {
    facts.width -= (golomb(bits) + golomb(bits)) * across;
    facts.height -= (golomb(bits) + golomb(bits)) * down;
  }
  // Clause E.2.1: profiles of intra pictures alone reorder nothing; nor do Baseline, and the order of type 2 (clause 8.2.1).
  const intra = constraints & 0x10 && (profile == 44 || profile == 86 || profile >= 100);
  facts.reorder = intra || order == 2 || profile == 66 ? 0 : UNTOLD;
  if (bit(bits)) readVui(bits, facts);
  if (facts.width > width || facts.height > height || facts.width > 0xffff || facts.height > 0xffff) return false;
  return !bits.overrun && facts.width > 0 && facts.height > 0 && facts.lumaDepth < 16 && facts.chromaDepth < 16;
}

function skipScaling(bits: Bits, lists: u32): void {
  for (let list: u32 = 0; list < lists; list++) {
    if (!bit(bits)) continue;
    let last = 8;
    let next = 8;
    for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
      if (next != 0) next = (last + signedGolomb(bits)) & 255;
      if (next != 0) last = next;
    }
  }
}

// Table E-1: widths and heights of samples, by aspect_ratio_idc from 1 on.
const ASPECTS: StaticArray<u8> = [
  1, 1, 12, 11, 10, 11, 16, 11, 40, 33, 24, 11, 20, 11, 32, 11, 80, 33, 18, 11, 15, 11, 64, 33, 160, 99, 4, 3, 3, 2, 2,
  1,
];

function readVui(bits: Bits, facts: VideoFacts): void {
  if (bit(bits)) {
    const aspect = unsigned(bits, 8);
    if (aspect == 255) {
      facts.aspectWidth = unsigned(bits, 16);
      facts.aspectHeight = unsigned(bits, 16);
    } else if (aspect > 0 && aspect <= 16) {
      facts.aspectWidth = ASPECTS[(aspect - 1) * 2];
      facts.aspectHeight = ASPECTS[(aspect - 1) * 2 + 1];
    }
  }
  if (bit(bits)) skip(bits, 1);
  if (bit(bits)) {
    skip(bits, 4);
    if (bit(bits)) skip(bits, 24);
  }
  if (bit(bits)) {
    golomb(bits);
    golomb(bits);
  }
  if (bit(bits)) skip(bits, 65);
  const nal = bit(bits);
  if (nal) skipHrd(bits);
  const vcl = bit(bits);
  if (vcl) skipHrd(bits);
  if (nal || vcl) skip(bits, 1);
  skip(bits, 1);
  if (!bit(bits)) return;
  skip(bits, 1);
  for (let i = 0; i < 4; i++) golomb(bits);
  const reorder = golomb(bits);
  if (!bits.overrun && reorder <= 16) facts.reorder = reorder;
}

function skipHrd(bits: Bits): void {
  const count = golomb(bits) + 1;
  skip(bits, 8);
  for (let i: u32 = 0; i < count && !bits.overrun; i++) {
    golomb(bits);
    golomb(bits);
    skip(bits, 1);
  }
  skip(bits, 20);
}

/** Writes `avcC` of the parameter sets between `sets` and `end`. */
export function writeAvcC(out: Writer, sets: usize, end: usize, facts: VideoFacts): void {
  const sps = findUnit(sets, end, SPS, false) + 4;
  const profile = load<u8>(sps + 1);
  const box = beginBox(out, Code.avcC);
  put8(out, 1);
  for (let i: usize = 1; i < 4; i++) put8(out, load<u8>(sps + i));
  put8(out, 0xfc | 3);
  put8(out, 0xe0 | countUnits(sets, end, SPS, false));
  putUnits(out, sets, end, SPS, false);
  put8(out, countUnits(sets, end, PPS, false));
  putUnits(out, sets, end, PPS, false);
  if (isHigh(profile)) {
    put8(out, 0xfc | facts.chroma);
    put8(out, 0xf8 | (facts.lumaDepth - 8));
    put8(out, 0xf8 | (facts.chromaDepth - 8));
    put8(out, 0);
  }
  endBox(out, box);
}

/** Address of the first sequence parameter set's length; 0 when a set is missing, or there are more than `avcC` can hold. */
export function avcSets(sets: usize, end: usize): usize {
  const pictures = countUnits(sets, end, PPS, false);
  if (countUnits(sets, end, SPS, false) > 31 || pictures == 0 || pictures > 255) return 0;
  return findUnit(sets, end, SPS, false);
}
