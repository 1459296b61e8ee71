import { Box } from "../memory/reader";

/** Where the AudioSpecificConfig of an ES descriptor starts (ISO/IEC 14496-1 clause 7.2.6.5); 0 when there is none. */
export function audioSpecificConfig(esds: Box): usize {
  let pointer = esds.body + 4;
  while (pointer + 2 <= esds.end) {
    const tag = load<u8>(pointer++);
    let length: u32 = 0;
    for (let i = 0; i < 4 && pointer < esds.end; i++) {
      const byte = load<u8>(pointer++);
      length = (length << 7) | (byte & 127);
      if (byte < 128) break;
    }
    if (tag == 3) {
      if (pointer + 3 > esds.end) return 0;
      const flags = load<u8>(pointer + 2);
      pointer += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
      if (flags & 0x40 && pointer < esds.end) pointer += 1 + <usize>load<u8>(pointer);
    } else if (tag == 4) {
      // Only MPEG-4 audio has one.
      if (pointer + 13 > esds.end || load<u8>(pointer) != 0x40) return 0;
      pointer += 13;
    } else if (tag == 5) return pointer;
    else pointer += length;
  }
  return 0;
}
