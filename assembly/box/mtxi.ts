import { Box, u64be } from "../memory/reader";

/**
 * The wall clock at the start of a segment of MediaMTX, nanoseconds since 1970; 0 when it is cut off. In front of it are
 * version and flags, 16 bytes of the stream's id, the number of the segment and a decode time.
 */
export function mtxiWallClock(mtxi: Box): u64 {
  return mtxi.end - mtxi.body < 44 ? 0 : u64be(mtxi.body + 36);
}
