/** Silent samples of audio codecs that have a known one, and a file of nothing but these. */
import { Code } from "../abi/codes";
import { MovieTrack, Result } from "../abi/records";
import { AUDIO_ENTRY, audioBits, audioChannels, audioRate, audioVersion } from "../box/audio-entry";
import { OPUS_CONFIG, opusChannels } from "../box/dops";
import { AAC_RATES, MPEG4_AUDIO, readEsds } from "../box/esds";
import { writeHdlr } from "../box/hdlr";
import { writeMdhd } from "../box/mdhd";
import { writeMvhd } from "../box/mvhd";
import { beginOffsets, setOffset, STCO_ENTRY } from "../box/stco";
import { beginStsc, setStscEntry, STSC_ENTRY } from "../box/stsc";
import { findInEntry, writeStsd } from "../box/stsd";
import { beginStsz } from "../box/stsz";
import { beginStts, setSttsEntry, STTS_ENTRY } from "../box/stts";
import { writeTkhd } from "../box/tkhd";
import { Box, newBox, readBox, u16be } from "../memory/reader";
import { cleared, failed, output, reserve, RESULT } from "../memory/status";
import { beginBox, endBox, newWriter, put32, put64, room } from "../memory/writer";

/** The longest silent sample, bytes: PCM of 64 channels of 8 bytes. */
const MOST: u32 = 512;

/**
 * Writes one silent sample of the track with the sample entry at `entry`. Result: `count` its duration in ticks of `timescale`, 0
 * when its codec has none that is known, or none of whole ticks.
 */
export function writeSilentSample(entry: usize, length: u32, timescale: u32): void {
  const to = reserve(MOST);
  const box = newBox();
  if (failed()) return;
  memory.fill(to, 0, MOST);
  output(to, 0);
  if (!readBox(box, entry, entry + length) || box.end - box.body < AUDIO_ENTRY) return;
  const channels = audioChannels(box);
  const bits = audioBits(box);
  const rate = audioRate(box);
  if (box.type == Code.mp4a) silentAac(box, to, timescale);
  else if (box.type == Code.Opus) silentOpus(box, to, timescale);
  else if (audioVersion(box) != 0) return;
  else if (box.type == Code.ulaw) silentBytes(to, channels, 1, 0xff, rate, timescale);
  else if (box.type == Code.alaw) silentBytes(to, channels, 1, 0xd5, rate, timescale);
  else if (box.type == Code.sowt || box.type == Code.twos) {
    silentBytes(to, channels, bits >> 3, 0, rate, timescale);
  } else if (box.type == Code.ipcm) silentBytes(to, channels, bits >> 3, 0, rate, timescale);
}

function finish(to: usize, bytes: u32, samples: u32, rate: u32, timescale: u32): void {
  const ticks = <u64>samples * timescale;
  if (bytes == 0 || rate == 0 || ticks % rate != 0) return;
  output(to, bytes);
  store<u32>(RESULT, <u32>(ticks / rate), Result.COUNT);
}

function silentBytes(to: usize, channels: u32, width: u32, value: u8, rate: u32, timescale: u32): void {
  const bytes = channels * width;
  if (bytes > MOST) return;
  memory.fill(to, value, bytes);
  finish(to, bytes, 1, rate, timescale);
}

// A frame of 20 ms of CELT at full band that holds nothing (RFC 6716 section 3.1), as encoders write it.
function silentOpus(entry: Box, to: usize, timescale: u32): void {
  const config = newBox();
  if (failed() || !findInEntry(entry, Code.soun, Code.dOps, config, OPUS_CONFIG)) return;
  const channels = opusChannels(config);
  if (channels == 0) return;
  store<u8>(to, channels == 2 ? 0xfc : 0xf8);
  store<u8>(to, 0xff, 1);
  store<u8>(to, 0xfe, 2);
  finish(to, 3, 960, 48000, timescale);
}

// Elements of a raw_data_block (ISO/IEC 14496-3 clause 4.4.2): id_syn_ele of three bits.
const SCE: u32 = 0;
const CPE: u32 = 1;
const LFE: u32 = 3;
const END: u32 = 7;

// AAC-LC with frames of 1024 samples and a channel configuration (clause 1.6.3.5); no spectral band replication.
function silentAac(entry: Box, to: usize, timescale: u32): void {
  const esds = newBox();
  if (failed() || !findInEntry(entry, Code.soun, Code.esds, esds)) return;
  const found = readEsds(esds);
  if (failed() || (found.objectType != 0 && load<u8>(found.objectType) != MPEG4_AUDIO)) return;
  const config = found.decoderSpecificInfo;
  if (config == 0 || config + 2 > esds.end) return;
  const bits = u16be(config);
  const rate = (bits >> 7) & 15;
  const channels = (bits >> 3) & 15;
  if (bits >> 11 != 2 || rate > 12 || bits & 4 || channels == 0 || channels > 7) return;
  let at: u32 = 0;
  if (channels != 2) at = putElement(to, at, SCE, 0);
  const pairs: u32 = channels == 1 ? 0 : channels < 5 ? 1 : channels < 7 ? 2 : 3;
  for (let i: u32 = 0; i < pairs; i++) at = putElement(to, at, CPE, i);
  if (channels == 4) at = putElement(to, at, SCE, 1);
  if (channels > 5) at = putElement(to, at, LFE, 0);
  at = putBits(to, at, END, 3);
  finish(to, (at + 7) >> 3, 1024, AAC_RATES[rate], timescale);
}

// An element all of whose fields are 0 has a long window and no scale factor band: nothing is heard.
function putElement(to: usize, at: u32, kind: u32, tag: u32): u32 {
  at = putBits(to, at, kind, 3);
  at = putBits(to, at, tag, 4);
  // global_gain, ics_info, pulse_data_present, tns_data_present, gain_control_data_present; of a pair twice, behind common_window
  return at + (kind == CPE ? 1 + 2 * 22 : 22);
}

function putBits(to: usize, at: u32, value: u32, count: u32): u32 {
  for (let i = count; i > 0; i--, at++) {
    const byte = to + (at >> 3);
    store<u8>(byte, load<u8>(byte) | (<u8>(((value >> (i - 1)) & 1) << (7 - (at & 7)))));
  }
  return at;
}

/**
 * Writes the metadata of a file of `count` equal samples of `size` bytes that last `ticks` each: the header of `mdat` (16
 * bytes), behind which the samples lie, then the `moov` that follows them.
 */
export function writeSilentMovie(entry: usize, length: u32, timescale: u32, count: u32, size: u32, ticks: u32): void {
  const out = newWriter(<u64>length + 1024);
  if (out == null) return;
  put32(out, 1);
  put32(out, Code.mdat);
  put64(out, 16 + <u64>count * size);
  const track = cleared(MovieTrack.SIZE);
  if (failed()) return;
  store<u32>(track, 1, MovieTrack.ID);
  store<u32>(track, 3, MovieTrack.TKHD_FLAGS);
  store<u32>(track, timescale, MovieTrack.TIMESCALE);
  store<u64>(track, <u64>count * ticks, MovieTrack.DURATION);
  const moov = beginBox(out, Code.moov);
  writeMvhd(out, timescale, 0, 2);
  const trak = beginBox(out, Code.trak);
  writeTkhd(out, track, 0);
  const mdia = beginBox(out, Code.mdia);
  writeMdhd(out, track, false);
  writeHdlr(out, Code.soun);
  const minf = beginBox(out, Code.minf);
  const stbl = beginBox(out, Code.stbl);
  writeStsd(out, 1, entry, length);
  const stts = beginStts(out, 1);
  setSttsEntry(room(out, STTS_ENTRY), count, ticks);
  endBox(out, stts);
  const stsc = beginStsc(out, 1);
  setStscEntry(room(out, STSC_ENTRY), 1, count, 1);
  endBox(out, stsc);
  endBox(out, beginStsz(out, size, count));
  const stco = beginOffsets(out, false, 1);
  setOffset(room(out, STCO_ENTRY), false, 16);
  endBox(out, stco);
  endBox(out, stbl);
  endBox(out, minf);
  endBox(out, mdia);
  endBox(out, trak);
  endBox(out, moov);
  output(out.start, out.next - out.start);
}
