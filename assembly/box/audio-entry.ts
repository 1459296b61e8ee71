import { Box, u16be, u32be } from "../memory/reader";
import { put16, put32, putZeros, Writer } from "../memory/writer";

/** Bytes of an AudioSampleEntry, ISO/IEC 14496-12 clause 12.2.3, in front of the boxes in it. QuickTime's may have more. */
export const AUDIO_ENTRY: usize = 28;

/** QuickTime's version; 0 in files of ISO/IEC 14496-12. Here and below, of an entry that is known to hold its fields. */
export function audioVersion(entry: Box): u32 {
  return u16be(entry.body + 8);
}

/** Channels. */
export function audioChannels(entry: Box): u32 {
  return u16be(entry.body + 16);
}

/** Bits of a sample. */
export function audioBits(entry: Box): u32 {
  return u16be(entry.body + 18);
}

/** Samples a second. */
export function audioRate(entry: Box): u32 {
  return u32be(entry.body + 24) >> 16;
}

/** Writes the fields of an entry, a rate beyond 16 bits as 0. */
export function putAudioEntry(out: Writer, channels: u32, rate: u32): void {
  putZeros(out, 6);
  put16(out, 1); // data reference
  putZeros(out, 8);
  put16(out, channels);
  put16(out, 16);
  put32(out, 0);
  put32(out, rate < 0x1_0000 ? rate << 16 : 0);
}
