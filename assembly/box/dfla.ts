import { Box } from "../memory/reader";

// Bytes of STREAMINFO, RFC 9639 section 8.2.
const STREAMINFO: usize = 34;
/** Bytes of its smallest and largest block size, with which it begins. */
export const BLOCK_SIZES: usize = 4;
/** Where sample rate, channels and depth stand in it: 28 bits, between frame sizes and the number of samples. */
export const FLAC_FORMAT: usize = 10;

/** Where STREAMINFO is, the first metadata block of `dfLa` (encapsulation of FLAC in ISOBMFF, section 3.3.2); 0 when it is cut off. */
export function streamInfo(dfLa: Box): usize {
  const info = dfLa.body + 8;
  return info + STREAMINFO <= dfLa.end ? info : 0;
}

/** Sets to 0, unknown, what STREAMINFO says of a file's frames: their sizes, the number of samples, the checksum of all of them. */
export function clearStreamInfo(dfLa: Box): void {
  const info = streamInfo(dfLa);
  if (info == 0) return;
  memory.fill(info + BLOCK_SIZES, 0, FLAC_FORMAT - BLOCK_SIZES);
  const shared = info + FLAC_FORMAT + 3;
  store<u8>(shared, load<u8>(shared) & 0xf0);
  memory.fill(shared + 1, 0, STREAMINFO - FLAC_FORMAT - 4);
}
