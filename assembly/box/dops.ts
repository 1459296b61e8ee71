import { Box } from "../memory/reader";

/** Bytes of `dOps` in front of a channel mapping table, encapsulation of Opus in ISOBMFF section 4.3.2. */
export const OPUS_CONFIG: usize = 11;

/** Channels, one or two, of a box that is known to hold its fields and has no such table; 0 of any other. */
export function opusChannels(dOps: Box): u32 {
  const channels = load<u8>(dOps.body + 1);
  return channels <= 2 && load<u8>(dOps.body + 10) == 0 ? channels : 0;
}
