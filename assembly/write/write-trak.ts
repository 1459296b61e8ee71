/** `trak` of an output (clause 8.3.1); table entries are spliced in. */
import { Code } from "../abi/codes";
import { MovieWriter, putUnityMatrix, splice } from "./movie-writer";
import { Table, TrackFlag } from "../abi/names";
import { OutputTrack, TrackRecord } from "../abi/records";
import { writeKept, writeKeptInformation, writeReferences, writeTrackDescription } from "./write-kept";
import { beginBox, beginFullBox, endBox, put16, put32, put64, putBytes, putZeros, Writer } from "../memory/writer";

// Offsets into PRESENTATION, the part of a track record from WIDTH on.
const WIDTH: usize = OutputTrack.PRESENTATION;
const MATRIX: usize = WIDTH + TrackRecord.MATRIX - TrackRecord.WIDTH;
const LANGUAGE: usize = WIDTH + TrackRecord.LANGUAGE - TrackRecord.WIDTH;
const VOLUME: usize = WIDTH + TrackRecord.VOLUME - TrackRecord.WIDTH;
const GROUP: usize = WIDTH + TrackRecord.ALTERNATE_GROUP - TrackRecord.WIDTH;
const LAYER: usize = WIDTH + TrackRecord.LAYER - TrackRecord.WIDTH;

/**
 * Writes the box of one output track.
 * @param tracks `count` OutputTrack records
 * @param number of the one, from 0
 */
export function writeTrak(
  movie: MovieWriter,
  tracks: usize,
  count: u32,
  number: u32,
  fragmented: bool,
  wide: bool,
): void {
  const out = movie.out;
  const track = tracks + <usize>number * OutputTrack.SIZE;
  const before = movie.spliced;
  const trak = beginBox(out, Code.trak);
  writeTkhd(out, track, load<u64>(track, OutputTrack.EDIT_DELAY) + load<u64>(track, OutputTrack.EDIT_DURATION));
  if (load<i64>(track, OutputTrack.EDIT_TIME) >= 0) writeEdts(out, track, fragmented);
  writeReferences(out, track, tracks, count);
  writeKept(out, track, Code.tapt);
  const mdia = beginBox(out, Code.mdia);
  writeMdhd(out, track, fragmented);
  if (!writeKept(out, track, Code.hdlr)) writeHdlr(out, load<u32>(track, OutputTrack.HANDLER));
  writeKept(out, track, Code.elng);
  const minf = beginBox(out, Code.minf);
  if (!writeKeptInformation(out, track)) writeMediaHeader(out, load<u32>(track, OutputTrack.HANDLER));
  writeDinf(out);
  const stbl = beginBox(out, Code.stbl);
  writeTables(movie, track, number, fragmented, wide);
  const spliced = movie.spliced - before;
  endBox(out, stbl, spliced);
  endBox(out, minf, spliced);
  endBox(out, mdia, spliced);
  writeTrackDescription(out, track);
  endBox(out, trak, spliced);
}

function writeTkhd(out: Writer, track: usize, duration: u64): void {
  const wide = duration >= u32.MAX_VALUE;
  const box = beginFullBox(out, Code.tkhd, u32(wide), load<u32>(track, OutputTrack.TKHD_FLAGS) & 15);
  putZeros(out, wide ? 16 : 8);
  put32(out, load<u32>(track, OutputTrack.ID));
  put32(out, 0);
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  putZeros(out, 8);
  put16(out, load<u16>(track + LAYER));
  put16(out, load<u16>(track + GROUP));
  // Text has the place of the picture it comes with, but is never turned.
  const text = load<u32>(track, OutputTrack.HANDLER) == Code.sbtl;
  put16(out, text ? 0 : load<u16>(track + VOLUME));
  put16(out, 0);
  if (text) putUnityMatrix(out);
  else putBytes(out, track + MATRIX, 36);
  put32(out, load<u32>(track + WIDTH));
  put32(out, load<u32>(track + WIDTH, 4));
  endBox(out, box);
}

function writeEdts(out: Writer, track: usize, fragmented: bool): void {
  const delay = load<u64>(track, OutputTrack.EDIT_DELAY);
  // 0 is all of the media that the fragments hold (clause 8.6.6.1).
  const length = fragmented ? 0 : load<u64>(track, OutputTrack.EDIT_DURATION);
  const time = load<i64>(track, OutputTrack.EDIT_TIME);
  const wide = delay >= u32.MAX_VALUE || length >= u32.MAX_VALUE || time > i32.MAX_VALUE;
  const edts = beginBox(out, Code.edts);
  const elst = beginFullBox(out, Code.elst, u32(wide), 0);
  put32(out, delay > 0 ? 2 : 1);
  if (delay > 0) putEdit(out, delay, -1, wide);
  putEdit(out, length, time, wide);
  endBox(out, elst);
  endBox(out, edts);
}

function putEdit(out: Writer, duration: u64, time: i64, wide: bool): void {
  if (wide) {
    put64(out, duration);
    put64(out, time);
  } else {
    put32(out, <u32>duration);
    put32(out, <u32>time);
  }
  put32(out, 0x1_0000);
}

function writeMdhd(out: Writer, track: usize, fragmented: bool): void {
  const duration = fragmented ? 0 : load<u64>(track, OutputTrack.DURATION);
  const wide = duration >= u32.MAX_VALUE;
  const box = beginFullBox(out, Code.mdhd, u32(wide), 0);
  putZeros(out, wide ? 16 : 8);
  put32(out, load<u32>(track, OutputTrack.TIMESCALE));
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  put16(out, load<u16>(track + LANGUAGE));
  put16(out, 0);
  endBox(out, box);
}

function writeHdlr(out: Writer, handler: u32): void {
  const box = beginFullBox(out, Code.hdlr, 0, 0);
  put32(out, 0);
  put32(out, handler);
  putZeros(out, 13); // reserved, and an empty name
  endBox(out, box);
}

function writeMediaHeader(out: Writer, handler: u32): void {
  if (handler == Code.vide) {
    const box = beginFullBox(out, Code.vmhd, 0, 1);
    putZeros(out, 8);
    endBox(out, box);
  } else if (handler == Code.soun) {
    const box = beginFullBox(out, Code.smhd, 0, 0);
    put32(out, 0);
    endBox(out, box);
  } else endBox(out, beginFullBox(out, Code.nmhd, 0, 0));
}

function writeDinf(out: Writer): void {
  const dinf = beginBox(out, Code.dinf);
  const dref = beginFullBox(out, Code.dref, 0, 0);
  put32(out, 1);
  endBox(out, beginFullBox(out, Code.url_, 0, 1)); // `url `, self-contained
  endBox(out, dref);
  endBox(out, dinf);
}

function writeTables(movie: MovieWriter, track: usize, number: u32, fragmented: bool, wide: bool): void {
  const out = movie.out;
  const stsd = beginFullBox(out, Code.stsd, 0, 0);
  put32(out, load<u32>(track, OutputTrack.DESCRIPTION_COUNT));
  putBytes(out, load<u32>(track, OutputTrack.DESCRIPTION_POINTER), load<u32>(track, OutputTrack.DESCRIPTION_LENGTH));
  endBox(out, stsd);
  const flags = load<u32>(track, OutputTrack.FLAGS);
  table(movie, number, Code.stts, 0, Table.Stts, 8, fragmented ? 0 : load<u32>(track, OutputTrack.STTS_ENTRIES));
  if (!fragmented && flags & TrackFlag.Offsets) {
    const version = u32((flags & TrackFlag.NegativeOffsets) != 0);
    table(movie, number, Code.ctts, version, Table.Ctts, 8, load<u32>(track, OutputTrack.CTTS_ENTRIES));
  }
  if (!fragmented && !(flags & TrackFlag.AllSync)) {
    table(movie, number, Code.stss, 0, Table.Stss, 4, load<u32>(track, OutputTrack.SYNC_SAMPLES));
  }
  table(movie, number, Code.stsc, 0, Table.Stsc, 12, fragmented ? 0 : load<u32>(track, OutputTrack.STSC_ENTRIES));
  const samples = fragmented ? 0 : load<u32>(track, OutputTrack.SAMPLES);
  const constant = fragmented ? 0 : load<u32>(track, OutputTrack.CONSTANT_SIZE);
  const stsz = beginFullBox(out, Code.stsz, 0, 0);
  put32(out, constant);
  put32(out, samples);
  splice(movie, stsz, number, Table.Stsz, constant > 0 ? 0 : (<u64>samples) << 2);
  const type = wide ? Code.co64 : Code.stco;
  const chunks = fragmented ? 0 : load<u32>(track, OutputTrack.CHUNKS);
  table(movie, number, type, 0, wide ? Table.Co64 : Table.Stco, wide ? 8 : 4, chunks);
}

function table(
  movie: MovieWriter,
  number: u32,
  type: u32,
  version: u32,
  kind: Table,
  entrySize: u32,
  entries: u32,
): void {
  const box = beginFullBox(movie.out, type, version, 0);
  put32(movie.out, entries);
  splice(movie, box, number, kind, <u64>entries * entrySize);
}
