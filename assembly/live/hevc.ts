/** Sequence parameter sets of H.265 (ITU-T H.265 clause 7.3.2.2), and `hvcC` (ISO/IEC 14496-15 clause 8.3.3.1). */
import { Code } from "../abi/codes";
import { beginBox, endBox, put16, put8, Writer } from "../memory/writer";
import { bit, golomb, payloadBits, skip, unsigned } from "../read/bits";
import { countUnits, findUnit, putUnits } from "../read/units";
import { VideoFacts } from "./video-facts";

const VPS: u32 = 32;
const SPS: u32 = 33;
const PPS: u32 = 34;
/** Bytes of the profile, tier and level of all layers (clause 7.3.3). */
const PROFILE: u32 = 12;

/** Reads a sequence parameter set. False when it is damaged. */
export function readHevcSps(unit: usize, length: u32, facts: VideoFacts): bool {
  const bits = payloadBits(unit, length, 2);
  if (bits == null) return false;
  skip(bits, 4); // sps_video_parameter_set_id
  const layers = unsigned(bits, 3);
  facts.layers = layers + 1;
  facts.nested = bit(bits);
  skip(bits, PROFILE * 8);
  const present = unsigned(bits, layers > 0 ? 16 : 0);
  for (let i: u32 = 0; i < layers; i++) {
    if ((present >> (15 - 2 * i)) & 1) skip(bits, 88); // profile of a sub-layer
    if ((present >> (14 - 2 * i)) & 1) skip(bits, 8); // its level
  }
  golomb(bits); // sps_seq_parameter_set_id
  facts.chroma = golomb(bits);
  if (facts.chroma == 3) skip(bits, 1); // separate_colour_plane_flag
  const width = golomb(bits);
  const height = golomb(bits);
  facts.width = width;
  facts.height = height;
  if (bit(bits)) {
    facts.width -= (golomb(bits) + golomb(bits)) * (facts.chroma == 1 || facts.chroma == 2 ? 2 : 1);
    facts.height -= (golomb(bits) + golomb(bits)) * (facts.chroma == 1 ? 2 : 1);
  }
  facts.lumaDepth = 8 + golomb(bits);
  facts.chromaDepth = 8 + golomb(bits);
  golomb(bits); // log2_max_pic_order_cnt_lsb_minus4
  // sps_sub_layer_ordering_info_present_flag
  for (let i: u32 = bit(bits) ? 0 : layers; i <= layers; i++) {
    golomb(bits); // sps_max_dec_pic_buffering_minus1
    facts.reorder = golomb(bits); // sps_max_num_reorder_pics
    golomb(bits); // sps_max_latency_increase_plus1
  }
  if (facts.width > width || facts.height > height || facts.width > 0xffff || facts.height > 0xffff) return false;
  if (bits.overrun || facts.width == 0 || facts.height == 0 || facts.reorder > 16 || facts.chroma > 3) return false;
  return facts.lumaDepth < 16 && facts.chromaDepth < 16;
}

/** Writes `hvcC` of the parameter sets between `sets` and `end`, all of which it says are there. */
export function writeHvcC(out: Writer, sets: usize, end: usize, facts: VideoFacts): void {
  const sps = findUnit(sets, end, SPS, true) + 4;
  const box = beginBox(out, Code.hvcC);
  put8(out, 1);
  putProfile(out, sps + 3);
  put16(out, 0xf000);
  put8(out, 0xfc);
  put8(out, 0xfc | facts.chroma);
  put8(out, 0xf8 | (facts.lumaDepth - 8));
  put8(out, 0xf8 | (facts.chromaDepth - 8));
  put16(out, 0);
  put8(out, (facts.layers << 3) | (facts.nested << 2) | 3);
  put8(out, 3);
  for (let type = VPS; type <= PPS; type++) {
    put8(out, 0x80 | type);
    put16(out, countUnits(sets, end, type, true));
    putUnits(out, sets, end, type, true);
  }
  endBox(out, box);
}

// As in the payload, of which constraint flags that are 0 need bytes of emulation prevention.
function putProfile(out: Writer, from: usize): void {
  let zeros = 0;
  for (let written: u32 = 0; written < PROFILE; from++) {
    const byte = load<u8>(from);
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    put8(out, byte);
    written++;
  }
}

/** Address of the first sequence parameter set's length; 0 when a set is missing. */
export function hevcSets(sets: usize, end: usize): usize {
  const whole = findUnit(sets, end, VPS, true) != 0 && findUnit(sets, end, PPS, true) != 0;
  return whole ? findUnit(sets, end, SPS, true) : 0;
}
