/** Sequence parameter sets of H.264 (ITU-T H.264 clauses 7.3.2.1 and E.1). */
import { isHighProfile } from "../box/avcc";
import { Bits, bit, golomb, payloadBits, signedGolomb, skip, unsigned } from "../read/bits";
import { UNTOLD, VideoFacts } from "./video-facts";

/** Reads a sequence parameter set. False when it is damaged. */
export function readAvcSps(unit: usize, length: u32, facts: VideoFacts): bool {
  const bits = payloadBits(unit, length, 1);
  if (bits == null) return false;
  const profile = unsigned(bits, 8);
  const constraints = unsigned(bits, 8);
  skip(bits, 8); // level_idc
  golomb(bits); // seq_parameter_set_id
  facts.chroma = 1;
  facts.lumaDepth = 8;
  facts.chromaDepth = 8;
  if (isHighProfile(profile)) {
    facts.chroma = golomb(bits);
    if (facts.chroma == 3) skip(bits, 1); // separate_colour_plane_flag
    facts.lumaDepth = 8 + golomb(bits);
    facts.chromaDepth = 8 + golomb(bits);
    skip(bits, 1); // qpprime_y_zero_transform_bypass_flag
    if (bit(bits)) skipScaling(bits, facts.chroma == 3 ? 12 : 8);
  }
  golomb(bits); // log2_max_frame_num_minus4
  const order = golomb(bits); // pic_order_cnt_type
  if (order == 0)
    golomb(bits); // log2_max_pic_order_cnt_lsb_minus4
  else if (order == 1) {
    skip(bits, 1); // delta_pic_order_always_zero_flag
    signedGolomb(bits); // offset_for_non_ref_pic
    signedGolomb(bits); // offset_for_top_to_bottom_field
    const cycle = golomb(bits);
    for (let i: u32 = 0; i < cycle && !bits.overrun; i++) signedGolomb(bits); // offset_for_ref_frame
  }
  golomb(bits); // max_num_ref_frames
  skip(bits, 1); // gaps_in_frame_num_value_allowed_flag
  const width = (golomb(bits) + 1) << 4;
  const units = golomb(bits) + 1;
  const frames = bit(bits); // frame_mbs_only_flag
  if (!frames) skip(bits, 1); // mb_adaptive_frame_field_flag
  skip(bits, 1); // direct_8x8_inference_flag
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
  // aspect_ratio_info_present_flag
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
  if (bit(bits)) skip(bits, 1); // overscan_appropriate_flag
  // video_signal_type_present_flag
  if (bit(bits)) {
    skip(bits, 4); // video_format, video_full_range_flag
    if (bit(bits)) skip(bits, 24); // colour_primaries, transfer_characteristics, matrix_coefficients
  }
  if (bit(bits)) {
    golomb(bits); // chroma_sample_loc_type_top_field
    golomb(bits); // chroma_sample_loc_type_bottom_field
  }
  if (bit(bits)) skip(bits, 65); // num_units_in_tick, time_scale, fixed_frame_rate_flag
  const nal = bit(bits);
  if (nal) skipHrd(bits);
  const vcl = bit(bits);
  if (vcl) skipHrd(bits);
  if (nal || vcl) skip(bits, 1); // low_delay_hrd_flag
  skip(bits, 1); // pic_struct_present_flag
  if (!bit(bits)) return; // bitstream_restriction_flag
  skip(bits, 1); // motion_vectors_over_pic_boundaries_flag
  for (let i = 0; i < 4; i++) golomb(bits); // up to log2_max_mv_length_vertical
  const reorder = golomb(bits); // max_num_reorder_frames
  if (!bits.overrun && reorder <= 16) facts.reorder = reorder;
}

function skipHrd(bits: Bits): void {
  const count = golomb(bits) + 1;
  skip(bits, 8); // bit_rate_scale, cpb_size_scale
  for (let i: u32 = 0; i < count && !bits.overrun; i++) {
    golomb(bits); // bit_rate_value_minus1
    golomb(bits); // cpb_size_value_minus1
    skip(bits, 1); // cbr_flag
  }
  skip(bits, 20); // lengths of delays and of time_offset
}
