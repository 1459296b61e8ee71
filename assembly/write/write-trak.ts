/** `trak` of an output (clause 8.3.1); table entries are spliced in. */
import { Code } from "../abi/codes";
import { beginCtts, CTTS_ENTRY } from "../box/ctts";
import { writeDinf } from "../box/dref";
import { writeEdts } from "../box/elst";
import { writeHdlr } from "../box/hdlr";
import { writeMdhd } from "../box/mdhd";
import { writeMediaHeader } from "../box/media-header";
import { beginOffsets, CO64_ENTRY, STCO_ENTRY } from "../box/stco";
import { beginStsc, STSC_ENTRY } from "../box/stsc";
import { writeStsd } from "../box/stsd";
import { beginStss, STSS_ENTRY } from "../box/stss";
import { beginStsz, STSZ_ENTRY } from "../box/stsz";
import { beginStts, STTS_ENTRY } from "../box/stts";
import { writeTkhd } from "../box/tkhd";
import { MovieWriter, splice } from "./movie-writer";
import { Table, TrackFlag } from "../abi/names";
import { MovieTrack } from "../abi/records";
import { writeKept, writeKeptInformation, writeReferences, writeTrackDescription } from "./write-kept";
import { beginBox, endBox } from "../memory/writer";

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
  const durations = fragmented ? 0 : load<u32>(track, MovieTrack.STTS_ENTRIES);
  splice(movie, beginStts(out, durations), number, Table.Stts, <u64>durations * STTS_ENTRY);
  if (!fragmented && flags & (TrackFlag.Offsets | TrackFlag.PrerollOffsets)) {
    const offsets = load<u32>(track, MovieTrack.CTTS_ENTRIES);
    const box = beginCtts(out, (flags & TrackFlag.NegativeOffsets) != 0, offsets);
    splice(movie, box, number, Table.Ctts, <u64>offsets * CTTS_ENTRY);
  }
  if (!fragmented && !(flags & TrackFlag.AllSync)) {
    const syncs = load<u32>(track, MovieTrack.SYNC_SAMPLES);
    splice(movie, beginStss(out, syncs), number, Table.Stss, <u64>syncs * STSS_ENTRY);
  }
  const runs = fragmented ? 0 : load<u32>(track, MovieTrack.STSC_ENTRIES);
  splice(movie, beginStsc(out, runs), number, Table.Stsc, <u64>runs * STSC_ENTRY);
  const samples = fragmented ? 0 : load<u32>(track, MovieTrack.SAMPLES);
  const constant = fragmented ? 0 : load<u32>(track, MovieTrack.CONSTANT_SIZE);
  splice(movie, beginStsz(out, constant, samples), number, Table.Stsz, constant > 0 ? 0 : <u64>samples * STSZ_ENTRY);
  const chunks = fragmented ? 0 : load<u32>(track, MovieTrack.CHUNKS);
  const table = wide ? Table.Co64 : Table.Stco;
  splice(movie, beginOffsets(out, wide, chunks), number, table, <u64>chunks * (wide ? CO64_ENTRY : STCO_ENTRY));
}
