import { Box } from "../memory/reader";

/** Bytes of `vpcC` up to the bit depth, VP codec ISO media file format binding. */
export const VP_CONFIG: usize = 7;

/** Where the profile stands, a byte. */
export function vpProfile(config: Box): usize {
  return config.body + 4;
}

/** Where the level stands, a byte: ten times its number. */
export function vpLevel(config: Box): usize {
  return config.body + 5;
}

/** Bits of a component, of a box that is known to hold its fields. */
export function vpDepth(config: Box): u32 {
  return load<u8>(config.body + 6) >> 4;
}
