import { Box } from "../memory/reader";

/** Bytes of `av1C` in front of its OBUs, AV1 codec ISO media file format binding section 2.3.3. */
export const AV1_CONFIG: usize = 4;

/** seq_profile. Here and below, of a box that is known to hold its fields. */
export function av1Profile(config: Box): u32 {
  return load<u8>(config.body + 1) >> 5;
}

/** seq_level_idx of the first operating point. */
export function av1Level(config: Box): u32 {
  return load<u8>(config.body + 1) & 31;
}

/** seq_tier of the same: 1 is High. */
export function av1Tier(config: Box): u32 {
  return load<u8>(config.body + 2) >> 7;
}

/** Bits of a component. */
export function av1Depth(config: Box): u32 {
  const depth = load<u8>(config.body + 2);
  return depth & 0x40 ? (depth & 0x20 ? 12 : 10) : 8;
}

/** Sets profile, level and tier. */
export function setAv1Level(config: Box, profile: u32, level: u32, tier: u32): void {
  store<u8>(config.body + 1, (profile << 5) | level);
  store<u8>(config.body + 2, (load<u8>(config.body + 2) & 0x7f) | (tier << 7));
}
