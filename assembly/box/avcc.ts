import { Code } from "../abi/codes";
import { Box } from "../memory/reader";
import { beginBox, endBox, put8, Writer } from "../memory/writer";
import { newConfigSets } from "./config-sets";
import { countUnits, findUnit, putUnits } from "./nal-units";

const SPS: u32 = 7;
const PPS: u32 = 8;

/** Bytes behind the parameter sets of a profile from High on: chroma format, bit depths, and how many SPS extensions follow. */
export const AVC_EXTENSION: u32 = 4;

/** Bytes of `avcC` up to the level, and with the numbers of both kinds of parameter sets. */
export const AVC_LEVEL_END: usize = 4;
export const AVC_CONFIG: usize = 7;

/** Whether a profile's parameter sets tell of chroma and depth. */
export function isHighProfile(profile: u32): bool {
  if (profile == 100 || profile == 110 || profile == 122 || profile == 244 || profile == 44 || profile == 83)
    return true;
  return profile == 86 || profile == 118 || profile == 128 || profile == 138 || profile == 139 || profile == 134;
}

/** Where profile, constraints and level stand in `avcC`, ISO/IEC 14496-15 clause 5.3.3.1: a byte each. */
export function avcProfile(config: Box): usize {
  return config.body + 1;
}

/** Where the fields behind the parameter sets are; 0 when there are none. */
export function avcExtension(config: Box): usize {
  const sets = newConfigSets();
  if (changetype<usize>(sets) == 0) return 0;
  sets.open(config);
  while (sets.read()) {}
  return !sets.cut && sets.next + AVC_EXTENSION <= config.end ? sets.next : 0;
}

/** Address of the first sequence parameter set's length; 0 when a set is missing, or there are more than `avcC` can hold. */
export function avcSets(sets: usize, end: usize): usize {
  const pictures = countUnits(sets, end, PPS, false);
  if (countUnits(sets, end, SPS, false) > 31 || pictures == 0 || pictures > 255) return 0;
  return findUnit(sets, end, SPS, false);
}

/** Writes the box, of the parameter sets between `sets` and `end`, for samples with lengths of four bytes. @param chroma chroma_format_idc */
export function writeAvcC(out: Writer, sets: usize, end: usize, chroma: u32, lumaDepth: u32, chromaDepth: u32): void {
  const sps = findUnit(sets, end, SPS, false) + 4;
  const box = beginBox(out, Code.avcC);
  put8(out, 1);
  for (let i: usize = 1; i < 4; i++) put8(out, load<u8>(sps + i));
  put8(out, 0xfc | 3);
  put8(out, 0xe0 | countUnits(sets, end, SPS, false));
  putUnits(out, sets, end, SPS, false);
  put8(out, countUnits(sets, end, PPS, false));
  putUnits(out, sets, end, PPS, false);
  if (isHighProfile(load<u8>(sps + 1))) {
    put8(out, 0xfc | chroma);
    put8(out, 0xf8 | (lumaDepth - 8));
    put8(out, 0xf8 | (chromaDepth - 8));
    put8(out, 0);
  }
  endBox(out, box);
}
