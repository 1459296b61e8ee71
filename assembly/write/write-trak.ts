/** `trak` of an output (clause 8.3.1); table entries are spliced in. */
import { Code } from "../abi/codes";
import { writeDinf } from "../box/dref";
import { writeEdts } from "../box/elst";
import { writeHdlr } from "../box/hdlr";
import { writeMdhd } from "../box/mdhd";
import { writeMediaHeader } from "../box/media-header";
import { writeStsd } from "../box/stsd";
import { beginStsz } from "../box/stsz";
import { writeTkhd } from "../box/tkhd";
import { MovieWriter, splice } from "./movie-writer";
import { Table, TrackFlag } from "../abi/names";
import { MovieTrack } from "../abi/records";
import { writeKept, writeKeptInformation, writeReferences, writeTrackDescription } from "./write-kept";
import { beginBox, beginFullBox, endBox, put32 } from "../memory/writer";

/**
 * Writes the box of one output track.
 * @param tracks `count` MovieTrack records
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
  const track = tracks + <usize>number * MovieTrack.SIZE;
  const before = movie.spliced;
  const trak = beginBox(out, Code.trak);
  writeTkhd(out, track, load<u64>(track, MovieTrack.EDIT_DELAY) + load<u64>(track, MovieTrack.EDIT_DURATION));
  if (load<i64>(track, MovieTrack.EDIT_TIME) >= 0) writeEdts(out, track, fragmented);
  writeReferences(out, track, tracks, count);
  writeKept(out, track, Code.tapt);
  const mdia = beginBox(out, Code.mdia);
  writeMdhd(out, track, fragmented);
  if (!writeKept(out, track, Code.hdlr)) writeHdlr(out, load<u32>(track, MovieTrack.HANDLER));
  writeKept(out, track, Code.elng);
  const minf = beginBox(out, Code.minf);
  if (!writeKeptInformation(out, track)) writeMediaHeader(out, load<u32>(track, MovieTrack.HANDLER));
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

function writeTables(movie: MovieWriter, track: usize, number: u32, fragmented: bool, wide: bool): void {
  const out = movie.out;
  writeStsd(
    out,
    load<u32>(track, MovieTrack.DESCRIPTION_COUNT),
    load<u32>(track, MovieTrack.DESCRIPTION_POINTER),
    load<u32>(track, MovieTrack.DESCRIPTION_LENGTH),
  );
  const flags = load<u32>(track, MovieTrack.FLAGS);
  table(movie, number, Code.stts, 0, Table.Stts, 8, fragmented ? 0 : load<u32>(track, MovieTrack.STTS_ENTRIES));
  if (!fragmented && flags & (TrackFlag.Offsets | TrackFlag.PrerollOffsets)) {
    const version = u32((flags & TrackFlag.NegativeOffsets) != 0);
    table(movie, number, Code.ctts, version, Table.Ctts, 8, load<u32>(track, MovieTrack.CTTS_ENTRIES));
  }
  if (!fragmented && !(flags & TrackFlag.AllSync)) {
    table(movie, number, Code.stss, 0, Table.Stss, 4, load<u32>(track, MovieTrack.SYNC_SAMPLES));
  }
  table(movie, number, Code.stsc, 0, Table.Stsc, 12, fragmented ? 0 : load<u32>(track, MovieTrack.STSC_ENTRIES));
  const samples = fragmented ? 0 : load<u32>(track, MovieTrack.SAMPLES);
  const constant = fragmented ? 0 : load<u32>(track, MovieTrack.CONSTANT_SIZE);
  splice(movie, beginStsz(out, constant, samples), number, Table.Stsz, constant > 0 ? 0 : (<u64>samples) << 2);
  const type = wide ? Code.co64 : Code.stco;
  const chunks = fragmented ? 0 : load<u32>(track, MovieTrack.CHUNKS);
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
