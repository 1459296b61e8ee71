/** `moov` to track tables (ISO/IEC 14496-12 clause 8.2): one pass over its boxes, each read by its own file in box/. */
import { Code } from "../abi/codes";
import { Status, Warning } from "../abi/names";
import { readCtts } from "../box/ctts";
import { readDref } from "../box/dref";
import { readElst } from "../box/elst";
import { readHdlr } from "../box/hdlr";
import { readMdhd } from "../box/mdhd";
import { MovieHeader, readMvhd } from "../box/mvhd";
import { readChunks } from "../box/stsc";
import { readStsd } from "../box/stsd";
import { impliedSyncs, readStss } from "../box/stss";
import { readStsz, readStz2, statedSizes } from "../box/stsz";
import { readStts } from "../box/stts";
import { readTkhd } from "../box/tkhd";
import { readTrex, trexTrackId } from "../box/trex";
import { Box, copyOfBox, enter, failIn, newBox, nextBox, statedCount } from "../memory/reader";
import { cleared, fail, failed, make, reserve } from "../memory/status";
import { MAX_SAMPLES, TrackTables } from "../box/track-tables";
import { objectAt, setObject } from "../memory/words";

/** Tracks a file may have; a recording has two or three. */
export const MAX_TRACKS: u32 = 64;

/** What `moov` says. */
@unmanaged
export class Movie {
  header: MovieHeader;
  hasHeader: bool;
  fragmented: bool;
  trackCount: u32;
  /** Addresses of TrackTables. */
  tracks: usize;
  /** Entries of each kind of table so far: u64 a Table. */
  entries: usize;
}

/** The i-th track, in the order of `trak` boxes. */
export function trackAt(movie: Movie, i: u32): TrackTables {
  return objectAt<TrackTables>(movie.tracks, i);
}

/** The track with an id; null when there is none. */
export function trackById(movie: Movie, id: u32): TrackTables | null {
  for (let i: u32 = 0; i < movie.trackCount; i++) if (trackAt(movie, i).id == id) return trackAt(movie, i);
  return null;
}

/** Reads a whole `moov`. Sample tables of a track with fragments may be empty. */
export function readMoov(moov: Box): Movie {
  const movie = make<Movie>();
  movie.header = make<MovieHeader>();
  movie.tracks = reserve(MAX_TRACKS * 4);
  movie.entries = cleared(Table.COUNT * 8);
  const box = enter(moov);
  while (nextBox(box, moov)) {
    if (box.type == Code.mvhd) {
      if (movie.hasHeader) failIn(box, Status.DuplicateBox);
      movie.hasHeader = true;
      readMvhd(box, movie.header);
    } else if (box.type == Code.trak) {
      if (movie.trackCount == MAX_TRACKS) failIn(box, Status.TooMany);
      else readTrak(box, movie);
    } else if (box.type == Code.mvex) movie.fragmented = true;
  }
  if (!failed() && !movie.hasHeader) fail(Status.MissingBox, Code.mvhd, moov.start);
  // `mvex` may stand before the tracks, so its defaults come last.
  box.end = moov.body;
  while (movie.fragmented && nextBox(box, moov)) {
    if (box.type == Code.mvex) readMvex(box, movie);
  }
  return movie;
}

function readMvex(mvex: Box, movie: Movie): void {
  const box = enter(mvex);
  while (nextBox(box, mvex)) {
    if (box.type != Code.trex) continue;
    const track = trackById(movie, trexTrackId(box));
    if (track != null) readTrex(box, track);
  }
}

function readTrak(trak: Box, movie: Movie): void {
  const track = make<TrackTables>();
  const box = enter(trak);
  let hasMedia = false;
  while (nextBox(box, trak)) {
    if (box.type == Code.tkhd) {
      if (track.id != 0) return failIn(box, Status.DuplicateBox);
      readTkhd(box, track);
      if (!failed() && trackById(movie, track.id) != null) failIn(box, Status.DuplicateBox);
    } else if (box.type == Code.edts) readEdts(box, track);
    else if (box.type == Code.mdia) {
      if (hasMedia) return failIn(box, Status.DuplicateBox);
      hasMedia = true;
      readMdia(box, track, movie);
    }
  }
  if (failed()) return;
  if (track.id == 0) return fail(Status.MissingBox, Code.tkhd, trak.start);
  if (track.timescale == 0) return fail(Status.MissingBox, Code.mdhd, trak.start);
  setObject(movie.tracks, movie.trackCount, track);
  movie.trackCount += 1;
}

function readEdts(edts: Box, track: TrackTables): void {
  const box = enter(edts);
  while (nextBox(box, edts)) {
    if (box.type != Code.elst) continue;
    if (track.editCount != 0) failIn(box, Status.DuplicateBox);
    else readElst(box, track);
  }
}

function readMdia(mdia: Box, track: TrackTables, movie: Movie): void {
  const box = enter(mdia);
  let minf = newBox();
  while (nextBox(box, mdia)) {
    if (box.type == Code.mdhd) {
      if (track.timescale != 0) return failIn(box, Status.DuplicateBox);
      readMdhd(box, track);
    } else if (box.type == Code.hdlr) {
      if (track.handler != 0) return failIn(box, Status.DuplicateBox);
      readHdlr(box, track);
    } else if (box.type == Code.minf) {
      if (minf.start != 0) failIn(box, Status.DuplicateBox);
      minf = copyOfBox(box);
    }
  }
  if (failed()) return;
  if (track.handler == 0) return fail(Status.MissingBox, Code.hdlr, mdia.start);
  if (minf.start == 0) return fail(Status.MissingBox, Code.minf, mdia.start);
  box.end = minf.body;
  while (nextBox(box, minf)) {
    if (box.type == Code.dinf) {
      const inner = enter(box);
      while (nextBox(inner, box)) {
        if (inner.type == Code.dref) readDref(inner, newBox());
      }
    } else if (box.type == Code.stbl) {
      if (track.stbl != 0) return failIn(box, Status.DuplicateBox);
      track.stbl = box.start;
      readStbl(box, track, movie);
    }
  }
  if (!failed() && track.stbl == 0) fail(Status.MissingBox, Code.stbl, minf.start);
}

/** Boxes of `stbl` by their place in the scratch list of `readStbl`. */
const enum Table {
  stsd,
  stts,
  ctts,
  stss,
  stsc,
  size,
  offset,
  COUNT,
}

function tableOf(type: u32): i32 {
  if (type == Code.stsd) return Table.stsd;
  if (type == Code.stts) return Table.stts;
  if (type == Code.ctts) return Table.ctts;
  if (type == Code.stss) return Table.stss;
  if (type == Code.stsc) return Table.stsc;
  if (type == Code.stsz || type == Code.stz2) return Table.size;
  if (type == Code.stco || type == Code.co64) return Table.offset;
  return -1;
}

/**
 * Entries of one kind of table that the tracks of a file may have together. 31 days in chunks of a second, in two tracks,
 * have 5.4 million chunks; a day of 30 pictures and 47 sounds a second has as many when they alternate, 2.6 million
 * durations and offsets when each is another, and 6.6 million sizes.
 */
export const MAX_ENTRIES = 1 << 23;
export const MAX_SIZES = 1 << 24;

/** Whether what the tables of a track promise is too much, told from their counts before any is read. */
function isTooMuch(found: usize, movie: Movie): bool {
  for (let table: i32 = 0; table < Table.COUNT; table++) {
    const box = tableBox(found, table);
    if (box == null || table == Table.stsd || table == Table.stsc || table == Table.stss) continue;
    const sizes = table == Table.size;
    const stated = sizes ? statedSizes(box) : statedCount(box, 4);
    const at = movie.entries + ((<usize>table) << 3);
    // What the box has no room for is refused where it is read.
    const entries = load<u64>(at) + min<u64>(stated, (<u64>(box.end - box.body)) >> 2);
    store<u64>(at, entries);
    if (entries <= <u64>(sizes ? MAX_SIZES : MAX_ENTRIES)) continue;
    failIn(box, Status.TooMany);
    return true;
  }
  return false;
}

// The tables may come in any order, but the sample count has to be known before the others can be checked.
function readStbl(stbl: Box, track: TrackTables, movie: Movie): void {
  const found = cleared(Table.COUNT * 4);
  const box = enter(stbl);
  while (nextBox(box, stbl)) {
    const table = tableOf(box.type);
    if (table < 0) continue;
    if (tableBox(found, table) != null) return failIn(box, Status.DuplicateBox);
    setObject(found, table, copyOfBox(box));
  }
  if (failed() || isTooMuch(found, movie)) return;
  const size = tableBox(found, Table.size);
  if (size != null) {
    if (size.type == Code.stsz) readStsz(size, track);
    else readStz2(size, track);
  }
  if (size != null && track.samples > MAX_SAMPLES) return failIn(size, Status.TooMany);
  const stsd = tableBox(found, Table.stsd);
  if (stsd != null) readStsd(stsd, track, newBox());
  if (failed() || track.samples == 0) return;
  if (track.entryCount == 0) return fail(Status.BadDescription, Code.stsd, stbl.start);
  const stts = tableBox(found, Table.stts);
  if (stts == null) return fail(Status.MissingBox, Code.stts, stbl.start);
  const stsc = tableBox(found, Table.stsc);
  if (stsc == null) return fail(Status.MissingBox, Code.stsc, stbl.start);
  const offset = tableBox(found, Table.offset);
  if (offset == null) return fail(Status.MissingBox, Code.stco, stbl.start);
  readStts(stts, track);
  if (!failed()) readChunks(stsc, offset, track);
  const ctts = tableBox(found, Table.ctts);
  if (ctts != null && !failed()) readCtts(ctts, track);
  const stss = tableBox(found, Table.stss);
  if (failed()) return;
  if (stss != null) readStss(stss, track);
  else impliedSyncs(track);
}

function tableBox(found: usize, table: Table): Box | null {
  return objectAt<Box | null>(found, table);
}

/** Drops hint tracks, which tell how a server is to send the file's bytes (clause 12.4), and tracks without samples. Returns warnings. */
export function dropTracks(movie: Movie): u32 {
  let kept: u32 = 0;
  let warnings: u32 = 0;
  for (let i: u32 = 0; i < movie.trackCount; i++) {
    const track = trackAt(movie, i);
    if (track.handler == Code.hint || track.samples == 0) {
      warnings |= track.handler == Code.hint ? Warning.HintTracks : Warning.EmptyTrack;
      continue;
    }
    setObject(movie.tracks, kept, track);
    kept += 1;
  }
  movie.trackCount = kept;
  return warnings;
}
