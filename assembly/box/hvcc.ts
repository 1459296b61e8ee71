import { Code } from "../abi/codes";
import { Box } from "../memory/reader";
import { beginBox, endBox, put16, put8, Writer } from "../memory/writer";
import { newConfigSets } from "./config-sets";
import { countUnits, findUnit, putUnits } from "./nal-units";

const VPS: u32 = 32;
const SPS: u32 = 33;
const PPS: u32 = 34;

/** Bytes of the profile, tier and level of all layers (clause 7.3.3). */
export const HEVC_PROFILE: u32 = 12;

/** Bytes of `hvcC` up to the level, and with the number of arrays. */
export const HEVC_LEVEL_END: usize = 1 + HEVC_PROFILE;
export const HEVC_CONFIG: usize = 23;

/** Where those stand in `hvcC`, ISO/IEC 14496-15 clause 8.3.3.1. */
export function hevcProfile(config: Box): usize {
  return config.body + 1;
}

/** Whether a box has arrays of video, sequence and picture parameter sets. */
export function holdsHevcSets(config: Box): bool {
  const sets = newConfigSets();
  if (changetype<usize>(sets) == 0) return false;
  let kinds: u32 = 0;
  sets.open(config);
  while (sets.read()) if (sets.type >= VPS && sets.type <= PPS) kinds |= 1 << (sets.type - VPS);
  return !sets.cut && kinds == 7;
}

/** Writes the box, of the parameter sets between `sets` and `end`, all of which it says are there. @param layers temporal ones */
export function writeHvcC(
  out: Writer,
  sets: usize,
  end: usize,
  chroma: u32,
  lumaDepth: u32,
  chromaDepth: u32,
  layers: u32,
  nested: u32,
): void {
  const sps = findUnit(sets, end, SPS, true) + 4;
  const box = beginBox(out, Code.hvcC);
  put8(out, 1);
  putProfile(out, sps + 3);
  put16(out, 0xf000);
  put8(out, 0xfc);
  put8(out, 0xfc | chroma);
  put8(out, 0xf8 | (lumaDepth - 8));
  put8(out, 0xf8 | (chromaDepth - 8));
  put16(out, 0);
  put8(out, (layers << 3) | (nested << 2) | 3);
  put8(out, 3);
  for (let type = VPS; type <= PPS; type++) {
    put8(out, 0x80 | type);
    put16(out, countUnits(sets, end, type, true));
    putUnits(out, sets, end, type, true);
  }
  endBox(out, box);
}

// As in the payload, of which constraint flags that are 0 need bytes of emulation prevention.
function putProfile(out: Writer, from: usize): void {
  let zeros = 0;
  for (let written: u32 = 0; written < HEVC_PROFILE; from++) {
    const byte = load<u8>(from);
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    put8(out, byte);
    written++;
  }
}

/** Address of the first sequence parameter set's length; 0 when a set is missing. */
export function hevcSets(sets: usize, end: usize): usize {
  const whole = findUnit(sets, end, VPS, true) != 0 && findUnit(sets, end, PPS, true) != 0;
  return whole ? findUnit(sets, end, SPS, true) : 0;
}
