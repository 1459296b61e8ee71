/** `moov` to track tables (ISO/IEC 14496-12 clause 8.2): one pass over its boxes, each read by its own file in box/. */
import { Status, Warning } from "./abi";
import { readCtts } from "./box/ctts";
import { readDref } from "./box/dref";
import { readElst } from "./box/elst";
import { readHdlr } from "./box/hdlr";
import { readMdhd } from "./box/mdhd";
import { MovieHeader, readMvhd } from "./box/mvhd";
import { readChunks } from "./box/stsc";
import { readStsd } from "./box/stsd";
import { allSync, readStss } from "./box/stss";
import { readStsz, readStz2 } from "./box/stsz";
import { readStts } from "./box/stts";
import { readTkhd } from "./box/tkhd";
import { readTrex, trexTrackId } from "./box/trex";
import { Box, fourcc, readBox } from "./reader";
import { cleared, fail, failed, reserve } from "./status";
import { MAX_SAMPLES, TrackTables } from "./track-tables";

/** Tracks a file may have; a recording has two or three. */
export const MAX_TRACKS: u32 = 64;

@unmanaged
export class Movie {
  header: MovieHeader;
  hasHeader: bool;
  fragmented: bool;
  trackCount: u32;
  /** Addresses of TrackTables. */
  tracks: usize;
}

export function trackAt(movie: Movie, i: u32): TrackTables {
  return changetype<TrackTables>(load<usize>(movie.tracks + ((<usize>i) << 2)));
}

export function trackById(movie: Movie, id: u32): TrackTables | null {
  for (let i: u32 = 0; i < movie.trackCount; i++) if (trackAt(movie, i).id == id) return trackAt(movie, i);
  return null;
}

function newBox(): Box {
  return changetype<Box>(cleared(offsetof<Box>()));
}

/** Reads a whole `moov`. Sample tables of a track with fragments may be empty. */
export function readMoov(moov: Box): Movie {
  const movie = changetype<Movie>(cleared(offsetof<Movie>()));
  movie.header = changetype<MovieHeader>(cleared(offsetof<MovieHeader>()));
  movie.tracks = reserve(MAX_TRACKS * 4);
  const box = newBox();
  if (failed()) return movie;
  let pointer = moov.body;
  while (!failed() && readBox(box, pointer, moov.end)) {
    pointer = box.end;
    if (box.type == fourcc(0x6d, 0x76, 0x68, 0x64)) {
      if (movie.hasHeader) fail(Status.DuplicateBox, box.type, box.start);
      movie.hasHeader = true;
      readMvhd(box, movie.header);
    } else if (box.type == fourcc(0x74, 0x72, 0x61, 0x6b)) {
      if (movie.trackCount == MAX_TRACKS) fail(Status.TooMany, box.type, box.start);
      else readTrak(box, movie);
    } else if (box.type == fourcc(0x6d, 0x76, 0x65, 0x78)) movie.fragmented = true;
  }
  if (!failed() && !movie.hasHeader) fail(Status.MissingBox, fourcc(0x6d, 0x76, 0x68, 0x64), moov.start);
  // `mvex` may stand before the tracks, so its defaults come last.
  pointer = moov.body;
  while (!failed() && movie.fragmented && readBox(box, pointer, moov.end)) {
    pointer = box.end;
    if (box.type == fourcc(0x6d, 0x76, 0x65, 0x78)) readMvex(box, movie);
  }
  return movie;
}

function readMvex(mvex: Box, movie: Movie): void {
  const box = newBox();
  let pointer = mvex.body;
  while (!failed() && readBox(box, pointer, mvex.end)) {
    pointer = box.end;
    if (box.type != fourcc(0x74, 0x72, 0x65, 0x78)) continue;
    const track = trackById(movie, trexTrackId(box));
    if (track != null) readTrex(box, track);
  }
}

function readTrak(trak: Box, movie: Movie): void {
  const track = changetype<TrackTables>(cleared(offsetof<TrackTables>()));
  const box = newBox();
  if (failed()) return;
  let pointer = trak.body;
  let hasMedia = false;
  while (!failed() && readBox(box, pointer, trak.end)) {
    pointer = box.end;
    if (box.type == fourcc(0x74, 0x6b, 0x68, 0x64)) {
      if (track.id != 0) return fail(Status.DuplicateBox, box.type, box.start);
      readTkhd(box, track);
      if (!failed() && trackById(movie, track.id) != null) fail(Status.DuplicateBox, box.type, box.start);
    } else if (box.type == fourcc(0x65, 0x64, 0x74, 0x73)) readEdts(box, track);
    else if (box.type == fourcc(0x6d, 0x64, 0x69, 0x61)) {
      if (hasMedia) return fail(Status.DuplicateBox, box.type, box.start);
      hasMedia = true;
      readMdia(box, track);
    }
  }
  if (failed()) return;
  if (track.id == 0) return fail(Status.MissingBox, fourcc(0x74, 0x6b, 0x68, 0x64), trak.start);
  if (track.timescale == 0) return fail(Status.MissingBox, fourcc(0x6d, 0x64, 0x68, 0x64), trak.start);
  store<usize>(movie.tracks + ((<usize>movie.trackCount) << 2), changetype<usize>(track));
  movie.trackCount += 1;
}

function readEdts(edts: Box, track: TrackTables): void {
  const box = newBox();
  let pointer = edts.body;
  while (!failed() && readBox(box, pointer, edts.end)) {
    pointer = box.end;
    if (box.type != fourcc(0x65, 0x6c, 0x73, 0x74)) continue;
    if (track.editCount != 0) fail(Status.DuplicateBox, box.type, box.start);
    else readElst(box, track);
  }
}

function readMdia(mdia: Box, track: TrackTables): void {
  const box = newBox();
  const minf = newBox();
  let pointer = mdia.body;
  while (!failed() && readBox(box, pointer, mdia.end)) {
    pointer = box.end;
    if (box.type == fourcc(0x6d, 0x64, 0x68, 0x64)) {
      if (track.timescale != 0) return fail(Status.DuplicateBox, box.type, box.start);
      readMdhd(box, track);
    } else if (box.type == fourcc(0x68, 0x64, 0x6c, 0x72)) {
      if (track.handler != 0) return fail(Status.DuplicateBox, box.type, box.start);
      readHdlr(box, track);
    } else if (box.type == fourcc(0x6d, 0x69, 0x6e, 0x66)) {
      if (minf.start != 0) fail(Status.DuplicateBox, box.type, box.start);
      memory.copy(changetype<usize>(minf), changetype<usize>(box), offsetof<Box>());
    }
  }
  if (failed()) return;
  if (track.handler == 0) return fail(Status.MissingBox, fourcc(0x68, 0x64, 0x6c, 0x72), mdia.start);
  if (minf.start == 0) return fail(Status.MissingBox, fourcc(0x6d, 0x69, 0x6e, 0x66), mdia.start);
  pointer = minf.body;
  const inner = newBox();
  while (!failed() && readBox(box, pointer, minf.end)) {
    pointer = box.end;
    if (box.type == fourcc(0x64, 0x69, 0x6e, 0x66)) {
      let at = box.body;
      while (!failed() && readBox(inner, at, box.end)) {
        at = inner.end;
        if (inner.type == fourcc(0x64, 0x72, 0x65, 0x66)) readDref(inner, newBox());
      }
    } else if (box.type == fourcc(0x73, 0x74, 0x62, 0x6c)) {
      if (track.stbl != 0) return fail(Status.DuplicateBox, box.type, box.start);
      track.stbl = box.start;
      readStbl(box, track);
    }
  }
  if (!failed() && track.stbl == 0) fail(Status.MissingBox, fourcc(0x73, 0x74, 0x62, 0x6c), minf.start);
}

/** Boxes of `stbl` by their slot in the scratch list of `readStbl`. */
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
  if (type == fourcc(0x73, 0x74, 0x73, 0x64)) return Table.stsd;
  if (type == fourcc(0x73, 0x74, 0x74, 0x73)) return Table.stts;
  if (type == fourcc(0x63, 0x74, 0x74, 0x73)) return Table.ctts;
  if (type == fourcc(0x73, 0x74, 0x73, 0x73)) return Table.stss;
  if (type == fourcc(0x73, 0x74, 0x73, 0x63)) return Table.stsc;
  if (type == fourcc(0x73, 0x74, 0x73, 0x7a) || type == fourcc(0x73, 0x74, 0x7a, 0x32)) return Table.size;
  if (type == fourcc(0x73, 0x74, 0x63, 0x6f) || type == fourcc(0x63, 0x6f, 0x36, 0x34)) return Table.offset;
  return -1;
}

// The tables may come in any order, but the sample count has to be known before the others can be checked.
function readStbl(stbl: Box, track: TrackTables): void {
  const found = cleared(Table.COUNT * 4);
  const box = newBox();
  let pointer = stbl.body;
  while (!failed() && readBox(box, pointer, stbl.end)) {
    pointer = box.end;
    const table = tableOf(box.type);
    if (table < 0) continue;
    if (load<usize>(found + ((<usize>table) << 2)) != 0) return fail(Status.DuplicateBox, box.type, box.start);
    const copy = newBox();
    if (failed()) return;
    memory.copy(changetype<usize>(copy), changetype<usize>(box), offsetof<Box>());
    store<usize>(found + ((<usize>table) << 2), changetype<usize>(copy));
  }
  if (failed()) return;
  const size = tableBox(found, Table.size);
  if (size != null) {
    if (size.type == fourcc(0x73, 0x74, 0x73, 0x7a)) readStsz(size, track);
    else readStz2(size, track);
  }
  if (size != null && track.samples > MAX_SAMPLES) return fail(Status.TooMany, size.type, size.start);
  const stsd = tableBox(found, Table.stsd);
  if (stsd != null) readStsd(stsd, track, newBox());
  if (failed() || track.samples == 0) return;
  if (track.entryCount == 0) return fail(Status.BadDescription, fourcc(0x73, 0x74, 0x73, 0x64), stbl.start);
  const stts = tableBox(found, Table.stts);
  if (stts == null) return fail(Status.MissingBox, fourcc(0x73, 0x74, 0x74, 0x73), stbl.start);
  const stsc = tableBox(found, Table.stsc);
  if (stsc == null) return fail(Status.MissingBox, fourcc(0x73, 0x74, 0x73, 0x63), stbl.start);
  const offset = tableBox(found, Table.offset);
  if (offset == null) return fail(Status.MissingBox, fourcc(0x73, 0x74, 0x63, 0x6f), stbl.start);
  readStts(stts, track);
  if (!failed()) readChunks(stsc, offset, track);
  const ctts = tableBox(found, Table.ctts);
  if (ctts != null && !failed()) readCtts(ctts, track);
  const stss = tableBox(found, Table.stss);
  if (failed()) return;
  if (stss != null) readStss(stss, track);
  else allSync(track);
}

function tableBox(found: usize, table: Table): Box | null {
  const pointer = load<usize>(found + ((<usize>table) << 2));
  return pointer == 0 ? null : changetype<Box>(pointer);
}

/** Drops tracks that hold no sample, noting it in the warnings returned. */
export function dropEmptyTracks(movie: Movie): u32 {
  let kept: u32 = 0;
  let warnings: u32 = 0;
  for (let i: u32 = 0; i < movie.trackCount; i++) {
    const track = trackAt(movie, i);
    if (track.samples == 0) {
      warnings |= Warning.EmptyTrack;
      continue;
    }
    store<usize>(movie.tracks + ((<usize>kept) << 2), changetype<usize>(track));
    kept += 1;
  }
  movie.trackCount = kept;
  return warnings;
}
