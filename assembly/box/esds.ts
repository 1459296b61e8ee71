import { Code } from "../abi/codes";
import { Box } from "../memory/reader";
import { make } from "../memory/status";
import { beginFullBox, endBox, put8, putBytes, putZeros, Writer } from "../memory/writer";

/** Object type of MPEG-4 audio. */
export const MPEG4_AUDIO: u8 = 0x40;
/** Bytes of the buffer size and both bit rates, the last of the fixed ones of a decoder configuration (clause 7.2.6.6). */
export const RATES_LENGTH: usize = 11;

/** Samples a second by samplingFrequencyIndex (ISO/IEC 14496-3 clause 1.6.3.4). */
export const AAC_RATES: StaticArray<u32> = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];

// Tags of descriptors, and bytes of a decoder configuration up to what is in it.
const ES: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;
const SL_CONFIG: u8 = 6;
const DECODER_CONFIG_LENGTH: u32 = 13;

/** What of an ES descriptor (ISO/IEC 14496-1 clause 7.2.6.5) is of use here, by address; 0 where it is missing or cut off. */
@unmanaged
export class EsDescriptor {
  objectType: usize;
  rates: usize;
  /** AudioSpecificConfig, where the decoder is one of MPEG-4 audio. */
  decoderSpecificInfo: usize;
}

/** Reads `esds`; not to be used when memory is out. */
export function readEsds(esds: Box): EsDescriptor {
  const found = make<EsDescriptor>();
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
    if (tag == ES) {
      if (pointer + 3 > esds.end) return found;
      const flags = load<u8>(pointer + 2);
      pointer += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
      if (flags & 0x40 && pointer < esds.end) pointer += 1 + <usize>load<u8>(pointer);
    } else if (tag == DECODER_CONFIG) {
      if (pointer + DECODER_CONFIG_LENGTH > esds.end) return found;
      found.objectType = pointer;
      pointer += DECODER_CONFIG_LENGTH;
      found.rates = pointer - RATES_LENGTH;
    } else if (tag == DECODER_SPECIFIC) {
      found.decoderSpecificInfo = pointer;
      return found;
    } else pointer += length;
  }
  return found;
}

/**
 * Writes `esds` of MPEG-4 audio (ISO/IEC 14496-14 clause 5.6).
 * @param config AudioSpecificConfig of `length` bytes, 104 at most: sizes of descriptors are written in one byte each
 */
export function writeEsds(out: Writer, config: usize, length: u32): void {
  const esds = beginFullBox(out, Code.esds, 0, 0);
  put8(out, ES);
  put8(out, 3 + 2 + DECODER_CONFIG_LENGTH + 2 + length + 3);
  putZeros(out, 3);
  put8(out, DECODER_CONFIG);
  put8(out, DECODER_CONFIG_LENGTH + 2 + length);
  put8(out, MPEG4_AUDIO);
  put8(out, (5 << 2) | 1); // an audio stream
  putZeros(out, RATES_LENGTH);
  put8(out, DECODER_SPECIFIC);
  put8(out, length);
  putBytes(out, config, length);
  put8(out, SL_CONFIG);
  put8(out, 1);
  put8(out, 2); // as in files
  endBox(out, esds);
}
