/** Sequence parameter sets of H.265 (ITU-T H.265 clause 7.3.2.2). */
import { HEVC_PROFILE } from "../box/hvcc";
import { bit, golomb, payloadBits, skip, unsigned } from "../read/bits";
import { VideoFacts } from "./video-facts";

/** Reads a sequence parameter set. False when it is damaged. */
export function readHevcSps(unit: usize, length: u32, facts: VideoFacts): bool {
  const bits = payloadBits(unit, length, 2);
  if (bits == null) return false;
  skip(bits, 4); // sps_video_parameter_set_id
  const layers = unsigned(bits, 3);
  facts.layers = layers + 1;
  facts.nested = bit(bits);
  skip(bits, HEVC_PROFILE * 8);
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
