import { Box } from "../memory/reader";
import { cleared } from "../memory/status";

/** What of an ES descriptor (ISO/IEC 14496-1 clause 7.2.6.5) is of use here, by address; 0 where it is missing or cut off. */
@unmanaged
export class EsDescriptor {
  /** 13 bytes, the first of which is the object type. */
  decoderConfig: usize;
  /** AudioSpecificConfig, where the decoder is one of MPEG-4 audio. */
  decoderSpecificInfo: usize;
}

/** Reads `esds`; not to be used when memory is out. */
export function readEsds(esds: Box): EsDescriptor {
  const found = changetype<EsDescriptor>(cleared(offsetof<EsDescriptor>()));
  if (changetype<usize>(found) == 0) return found;
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
      if (pointer + 3 > esds.end) return found;
      const flags = load<u8>(pointer + 2);
      pointer += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
      if (flags & 0x40 && pointer < esds.end) pointer += 1 + <usize>load<u8>(pointer);
    } else if (tag == 4) {
      if (pointer + 13 > esds.end) return found;
      found.decoderConfig = pointer;
      pointer += 13;
    } else if (tag == 5) {
      found.decoderSpecificInfo = pointer;
      return found;
    } else pointer += length;
  }
  return found;
}
