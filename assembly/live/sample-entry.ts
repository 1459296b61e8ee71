/** Sample entries of live streams, made of what their codecs tell of themselves. */
import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { Result } from "../abi/records";
import { avcSets, writeAvcC } from "../box/avcc";
import { putAudioEntry } from "../box/audio-entry";
import { AAC_RATES, writeEsds } from "../box/esds";
import { hevcSets, writeHvcC } from "../box/hvcc";
import { writePasp } from "../box/pasp";
import { putVisualEntry } from "../box/visual-entry";
import { u32be } from "../memory/reader";
import { fail, failed, make, output, RESULT } from "../memory/status";
import { beginBox, endBox, newWriter } from "../memory/writer";
import { readAvcSps } from "./avc";
import { bit, payloadBits, unsigned } from "../read/bits";
import { readHevcSps } from "./hevc";
import { VideoFacts } from "./video-facts";

/** What the sets may have in all, bytes: lengths of two bytes each. */
const MOST_SETS: u32 = 0xffff;

/** Writes the entry `avc1` or `hvc1`. RESULT: the entry; COUNT: pictures that are reordered. */
export function writeVideoEntry(sets: usize, length: u32, type: u32): void {
  const facts = make<VideoFacts>();
  const out = newWriter(<u64>length + 256);
  if (out == null || failed()) return;
  const hevc = type == Code.hvc1;
  const end = sets + length;
  const sps: usize = hevc ? hevcSets(sets, end) : avcSets(sets, end);
  if (sps == 0 || length > MOST_SETS) return fail(Status.BadDescription, type);
  const read = hevc ? readHevcSps(sps + 4, u32be(sps), facts) : readAvcSps(sps + 4, u32be(sps), facts);
  if (!read) return fail(Status.BadDescription, type);
  const entry = beginBox(out, type);
  putVisualEntry(out, facts.width, facts.height);
  const chroma = facts.chroma;
  const luma = facts.lumaDepth;
  const depth = facts.chromaDepth;
  if (hevc) writeHvcC(out, sets, end, chroma, luma, depth, facts.layers, facts.nested);
  else writeAvcC(out, sets, end, chroma, luma, depth);
  if (facts.aspectWidth > 0 && facts.aspectHeight > 0) writePasp(out, facts.aspectWidth, facts.aspectHeight);
  endBox(out, entry);
  output(out.start, out.next - out.start);
  store<u32>(RESULT, facts.reorder, Result.COUNT);
}

/** Writes the entry `mp4a`. RESULT: the entry; COUNT: samples of a frame; TOTAL: samples a second. */
export function writeAacEntry(config: usize, length: u32): void {
  const out = newWriter(<u64>length + 128);
  const bits = payloadBits(config, length, 0);
  if (out == null || bits == null) return;
  // AudioSpecificConfig, ISO/IEC 14496-3 clause 1.6.2.1
  const object = unsigned(bits, 5);
  const index = unsigned(bits, 4);
  const rate = index == 15 ? unsigned(bits, 24) : index < 13 ? AAC_RATES[index] : 0;
  const channels = unsigned(bits, 4);
  if (length > 64 || object == 0 || object == 31 || rate == 0 || channels > 7)
    return fail(Status.BadDescription, Code.mp4a);
  if (object == 5 || object == 29) unsigned(bits, unsigned(bits, 4) == 15 ? 29 : 5);
  const samples: u32 = bit(bits) ? 960 : 1024;
  if (bits.overrun) return fail(Status.BadDescription, Code.mp4a);
  const entry = beginBox(out, Code.mp4a);
  putAudioEntry(out, channels == 7 ? 8 : channels == 0 ? 2 : channels, rate);
  writeEsds(out, config, length);
  endBox(out, entry);
  output(out.start, out.next - out.start);
  store<u32>(RESULT, samples, Result.COUNT);
  store<u64>(RESULT, rate, Result.TOTAL);
}
