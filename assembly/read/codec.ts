/** RFC 6381 codec strings from sample entries, in the forms of the codecs' own ISO media bindings. */
import { Code } from "../abi/codes";
import { AV1_CONFIG, av1Depth, av1Level, av1Profile, av1Tier } from "../box/av1c";
import { AVC_LEVEL_END, avcProfile } from "../box/avcc";
import { HEVC_LEVEL_END, hevcProfile } from "../box/hvcc";
import { readEsds } from "../box/esds";
import { findInEntry } from "../box/stsd";
import { VP_CONFIG, vpDepth, vpLevel, vpProfile } from "../box/vpcc";
import { Box, readBox, u16be, u32be } from "../memory/reader";
import { Codec } from "../abi/records";
import { failed, output, reserve } from "../memory/status";

/** Bytes of a codec string. */
const CODEC_SIZE: usize = Codec.SIZE;

/**
 * Writes the codec of the first of the sample entries from `entries` to `end`, padded with zeros, at `to`. Returns where
 * that entry ends, 0 when there is none.
 */
export function writeCodec(handler: u32, entries: usize, end: usize, to: usize): usize {
  memory.fill(to, 0, CODEC_SIZE);
  const entry = changetype<Box>(memory.data(16, 8));
  if (!readBox(entry, entries, end)) return 0;
  writeCodecOf(entry, handler, to);
  return entry.end;
}

/** Writes the codecs of all sample entries from `entries` on, one behind the other. RESULT: how many. */
export function writeCodecs(handler: u32, entries: usize, length: usize): void {
  const end = entries + length;
  // The smallest box has 8 bytes.
  const list = reserve(((<u64>length) >> 3) * CODEC_SIZE + CODEC_SIZE);
  if (failed()) return;
  let count: usize = 0;
  while (entries < end) {
    entries = writeCodec(handler, entries, end, list + count * CODEC_SIZE);
    if (entries == 0) break;
    count++;
  }
  if (!failed()) output(list, count);
}

function writeCodecOf(entry: Box, handler: u32, to: usize): void {
  const config = changetype<Box>(memory.data(16, 8));
  const type = entry.type;
  let at = putFourcc(to, type);
  if (type == Code.avc1 || type == Code.avc3) {
    // Profile, constraints and level (ISO/IEC 14496-15 clause 5.3.3.1).
    if (!findInEntry(entry, handler, Code.avcC, config, AVC_LEVEL_END)) return;
    at = putChar(at, 0x2e);
    for (let i: usize = 0; i < 3; i++) at = putHex2(at, load<u8>(avcProfile(config) + i));
  } else if (type == Code.hvc1 || type == Code.hev1) {
    if (findInEntry(entry, handler, Code.hvcC, config, HEVC_LEVEL_END)) putHevc(at, hevcProfile(config));
  } else if (type == Code.av01) {
    if (findInEntry(entry, handler, Code.av1C, config, AV1_CONFIG)) putAv1(at, config);
  } else if (type == Code.vp09 || type == Code.vp08) {
    // Profile, level and bit depth (VP codec ISO media file format binding).
    if (!findInEntry(entry, handler, Code.vpcC, config, VP_CONFIG)) return;
    at = putDecimal2(putChar(at, 0x2e), load<u8>(vpProfile(config)));
    at = putDecimal2(putChar(at, 0x2e), load<u8>(vpLevel(config)));
    putDecimal2(putChar(at, 0x2e), vpDepth(config));
  } else if (type == Code.mp4a || type == Code.mp4v) {
    if (findInEntry(entry, handler, Code.esds, config, 4)) putElementary(at, config);
  } else if (type == Code.Opus || type == Code.fLaC) {
    // In lower case.
    for (let i: usize = 0; i < 4; i++) store<u8>(to + i, load<u8>(to + i) | 0x20);
  }
}

// ISO/IEC 14496-15 annex E.3
function putHevc(at: usize, profile: usize): void {
  const general = load<u8>(profile);
  at = putChar(at, 0x2e);
  if (general >> 6) at = putChar(at, 0x40 + (general >> 6));
  at = putDecimal(at, general & 31);
  let compatibility = u32be(profile + 1);
  let reversed: u32 = 0;
  for (let i = 0; i < 32; i++, compatibility >>= 1) reversed = (reversed << 1) | (compatibility & 1);
  at = putHex(putChar(at, 0x2e), reversed);
  at = putChar(putChar(at, 0x2e), general & 32 ? 0x48 : 0x4c);
  at = putDecimal(at, load<u8>(profile + 11));
  let last: usize = 11;
  while (last > 5 && load<u8>(profile + last - 1) == 0) last--;
  for (let i: usize = 5; i < last; i++) at = putHex(putChar(at, 0x2e), load<u8>(profile + i));
}

// AV1 codec ISO media file format binding, section 5
function putAv1(at: usize, config: Box): void {
  at = putDecimal(putChar(at, 0x2e), av1Profile(config));
  at = putDecimal2(putChar(at, 0x2e), av1Level(config));
  at = putChar(at, av1Tier(config) ? 0x48 : 0x4d);
  putDecimal2(putChar(at, 0x2e), av1Depth(config));
}

// ISO/IEC 14496-1 clause 7.2.6: the object type, and that of MPEG-4 audio behind it
function putElementary(at: usize, esds: Box): void {
  const found = readEsds(esds);
  if (failed()) return;
  if (found.objectType != 0) at = putHex2(putChar(at, 0x2e), load<u8>(found.objectType));
  const info = found.decoderSpecificInfo;
  if (info == 0 || info + 2 > esds.end) return;
  const bits = u16be(info);
  let object: u32 = bits >> 11;
  if (object == 31) object = 32 + ((bits >> 5) & 63);
  putDecimal(putChar(at, 0x2e), object);
}

function putFourcc(at: usize, type: u32): usize {
  for (let i = 24; i >= 0; i -= 8) {
    const byte = (type >> i) & 255;
    at = putChar(at, byte > 32 && byte < 127 ? byte : 0x5f);
  }
  return at;
}

function putChar(at: usize, char: u32): usize {
  store<u8>(at, <u8>char);
  return at + 1;
}

function putHex(at: usize, value: u32): usize {
  const digits: u32 = value == 0 ? 1 : (35 - clz<u32>(value)) >> 2;
  for (let i: u32 = digits; i > 0; i--) {
    const digit = (value >> ((i - 1) << 2)) & 15;
    at = putChar(at, digit < 10 ? 0x30 + digit : 0x37 + digit);
  }
  return at;
}

function putHex2(at: usize, value: u32): usize {
  return value < 16 ? putHex(putChar(at, 0x30), value) : putHex(at, value);
}

function putDecimal(at: usize, value: u32): usize {
  if (value >= 100) at = putChar(at, 0x30 + value / 100);
  if (value >= 10) at = putChar(at, 0x30 + ((value / 10) % 10));
  return putChar(at, 0x30 + (value % 10));
}

function putDecimal2(at: usize, value: u32): usize {
  return value < 10 ? putDecimal(putChar(at, 0x30), value) : putDecimal(at, value);
}
