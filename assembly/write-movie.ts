/** `ftyp` and `moov` of an output, progressive or the init segment of a fragmented one; table entries are spliced in. */
import { MOVIE_TIMESCALE, OutputTrack, Result, Splice, Table, TrackFlag, TrackRecord } from "./abi";
import { fourcc } from "./reader";
import { failed, output, reserve, RESULT } from "./status";
import {
  beginBox,
  beginFullBox,
  endBox,
  newWriter,
  put16,
  put32,
  put64,
  put8,
  putBytes,
  putZeros,
  Writer,
} from "./writer";

const VIDE: u32 = 0x76696465;
const SOUN: u32 = 0x736f756e;
/** `sample_depends_on` 2, a sync sample; or 1 and the non-sync flag (clause 8.8.3.1). */
export const SYNC_FLAGS: u32 = 0x0200_0000;
export const NON_SYNC_FLAGS: u32 = 0x0101_0000;

@unmanaged
class MovieWriter {
  out: Writer;
  splices: usize;
  spliceCount: u32;
  /** Bytes spliced in so far: every box around them grows by as much. */
  spliced: u64;
}

/**
 * Writes the headers. RESULT: the bytes and their length; A: address and count of the splices (high and low half);
 * B: the length with all splices.
 * @param fragmented writes `mvex` and empty tables instead of splices
 * @param wide chunk offsets of 64 bits
 * @param duration movie ticks
 */
export function writeMovie(tracks: usize, count: u32, duration: u64, fragmented: bool, wide: bool): void {
  let room: u64 = 512;
  for (let i: u32 = 0; i < count; i++) {
    room += 1024 + load<u32>(tracks + <usize>i * OutputTrack.SIZE, OutputTrack.DESCRIPTION_LENGTH);
  }
  const out = newWriter(room);
  const movie = changetype<MovieWriter>(reserve(offsetof<MovieWriter>()));
  const splices = reserve(<u64>count * 8 * Splice.SIZE);
  if (out == null || failed()) return;
  movie.out = out;
  movie.splices = splices;
  movie.spliceCount = 0;
  movie.spliced = 0;
  writeFtyp(out, fragmented);
  const moov = beginBox(out, fourcc(0x6d, 0x6f, 0x6f, 0x76));
  let highest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    highest = max(highest, load<u32>(tracks + <usize>i * OutputTrack.SIZE, OutputTrack.ID));
  }
  writeMvhd(out, duration, highest + 1);
  for (let i: u32 = 0; i < count; i++) {
    writeTrak(movie, tracks + <usize>i * OutputTrack.SIZE, i, duration, fragmented, wide);
  }
  if (fragmented) writeMvex(out, tracks, count, duration);
  endBox(out, moov, movie.spliced);
  const length = out.next - out.start;
  output(out.start, length);
  store<u64>(RESULT, ((<u64>movie.splices) << 32) | movie.spliceCount, Result.A);
  store<u64>(RESULT, <u64>length + movie.spliced, Result.B);
}

function writeFtyp(out: Writer, fragmented: bool): void {
  const box = beginBox(out, fourcc(0x66, 0x74, 0x79, 0x70));
  const major = fragmented ? fourcc(0x69, 0x73, 0x6f, 0x36) : fourcc(0x69, 0x73, 0x6f, 0x6d); // iso6, isom
  put32(out, major);
  put32(out, 0x200);
  put32(out, major);
  put32(out, fragmented ? fourcc(0x69, 0x73, 0x6f, 0x35) : fourcc(0x69, 0x73, 0x6f, 0x32)); // iso5, iso2
  put32(out, fourcc(0x6d, 0x70, 0x34, 0x31));
  endBox(out, box);
}

function putMatrix(out: Writer): void {
  put32(out, 0x1_0000);
  putZeros(out, 12);
  put32(out, 0x1_0000);
  putZeros(out, 12);
  put32(out, 0x4000_0000);
}

// No clock goes into an output: creation and modification times are 0 everywhere.
function writeMvhd(out: Writer, duration: u64, nextTrack: u32): void {
  const wide = duration >= u32.MAX_VALUE;
  const box = beginFullBox(out, fourcc(0x6d, 0x76, 0x68, 0x64), u32(wide), 0);
  putZeros(out, wide ? 16 : 8);
  put32(out, MOVIE_TIMESCALE);
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  put32(out, 0x1_0000);
  put16(out, 0x100);
  putZeros(out, 10);
  putMatrix(out);
  putZeros(out, 24);
  put32(out, nextTrack);
  endBox(out, box);
}

function writeTrak(movie: MovieWriter, track: usize, number: u32, duration: u64, fragmented: bool, wide: bool): void {
  const out = movie.out;
  const before = movie.spliced;
  const trak = beginBox(out, fourcc(0x74, 0x72, 0x61, 0x6b));
  const shown =
    load<i64>(track, OutputTrack.EDIT_TIME) < 0
      ? duration
      : load<u64>(track, OutputTrack.EDIT_DELAY) + load<u64>(track, OutputTrack.EDIT_DURATION);
  writeTkhd(out, track, shown);
  if (load<i64>(track, OutputTrack.EDIT_TIME) >= 0) writeEdts(out, track);
  const mdia = beginBox(out, fourcc(0x6d, 0x64, 0x69, 0x61));
  writeMdhd(out, track, fragmented);
  writeHdlr(out, load<u32>(track, OutputTrack.HANDLER));
  const minf = beginBox(out, fourcc(0x6d, 0x69, 0x6e, 0x66));
  writeMediaHeader(out, load<u32>(track, OutputTrack.HANDLER));
  writeDinf(out);
  const stbl = beginBox(out, fourcc(0x73, 0x74, 0x62, 0x6c));
  writeTables(movie, track, number, fragmented, wide);
  const spliced = movie.spliced - before;
  endBox(out, stbl, spliced);
  endBox(out, minf, spliced);
  endBox(out, mdia, spliced);
  endBox(out, trak, spliced);
}

// Offsets into PRESENTATION, the part of a track record from WIDTH on.
const WIDTH: usize = OutputTrack.PRESENTATION;
const MATRIX: usize = WIDTH + TrackRecord.MATRIX - TrackRecord.WIDTH;
const LANGUAGE: usize = WIDTH + TrackRecord.LANGUAGE - TrackRecord.WIDTH;
const VOLUME: usize = WIDTH + TrackRecord.VOLUME - TrackRecord.WIDTH;
const GROUP: usize = WIDTH + TrackRecord.ALTERNATE_GROUP - TrackRecord.WIDTH;
const LAYER: usize = WIDTH + TrackRecord.LAYER - TrackRecord.WIDTH;

function writeTkhd(out: Writer, track: usize, duration: u64): void {
  const wide = duration >= u32.MAX_VALUE;
  const box = beginFullBox(out, fourcc(0x74, 0x6b, 0x68, 0x64), u32(wide), 3); // enabled, in the movie
  putZeros(out, wide ? 16 : 8);
  put32(out, load<u32>(track, OutputTrack.ID));
  put32(out, 0);
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  putZeros(out, 8);
  put16(out, load<u16>(track + LAYER));
  put16(out, load<u16>(track + GROUP));
  put16(out, load<u16>(track + VOLUME));
  put16(out, 0);
  putBytes(out, track + MATRIX, 36);
  put32(out, load<u32>(track + WIDTH));
  put32(out, load<u32>(track + WIDTH, 4));
  endBox(out, box);
}

function writeEdts(out: Writer, track: usize): void {
  const delay = load<u64>(track, OutputTrack.EDIT_DELAY);
  const length = load<u64>(track, OutputTrack.EDIT_DURATION);
  const time = load<i64>(track, OutputTrack.EDIT_TIME);
  const wide = delay >= u32.MAX_VALUE || length >= u32.MAX_VALUE || time > i32.MAX_VALUE;
  const edts = beginBox(out, fourcc(0x65, 0x64, 0x74, 0x73));
  const elst = beginFullBox(out, fourcc(0x65, 0x6c, 0x73, 0x74), u32(wide), 0);
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
  const box = beginFullBox(out, fourcc(0x6d, 0x64, 0x68, 0x64), u32(wide), 0);
  putZeros(out, wide ? 16 : 8);
  put32(out, load<u32>(track, OutputTrack.TIMESCALE));
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  put16(out, load<u16>(track + LANGUAGE));
  put16(out, 0);
  endBox(out, box);
}

function writeHdlr(out: Writer, handler: u32): void {
  const box = beginFullBox(out, fourcc(0x68, 0x64, 0x6c, 0x72), 0, 0);
  put32(out, 0);
  put32(out, handler);
  putZeros(out, 13); // reserved, and an empty name
  endBox(out, box);
}

function writeMediaHeader(out: Writer, handler: u32): void {
  if (handler == VIDE) {
    const box = beginFullBox(out, fourcc(0x76, 0x6d, 0x68, 0x64), 0, 1);
    putZeros(out, 8);
    endBox(out, box);
  } else if (handler == SOUN) {
    const box = beginFullBox(out, fourcc(0x73, 0x6d, 0x68, 0x64), 0, 0);
    put32(out, 0);
    endBox(out, box);
  } else endBox(out, beginFullBox(out, fourcc(0x6e, 0x6d, 0x68, 0x64), 0, 0));
}

function writeDinf(out: Writer): void {
  const dinf = beginBox(out, fourcc(0x64, 0x69, 0x6e, 0x66));
  const dref = beginFullBox(out, fourcc(0x64, 0x72, 0x65, 0x66), 0, 0);
  put32(out, 1);
  endBox(out, beginFullBox(out, fourcc(0x75, 0x72, 0x6c, 0x20), 0, 1)); // `url `, self-contained
  endBox(out, dref);
  endBox(out, dinf);
}

function writeTables(movie: MovieWriter, track: usize, number: u32, fragmented: bool, wide: bool): void {
  const out = movie.out;
  const stsd = beginFullBox(out, fourcc(0x73, 0x74, 0x73, 0x64), 0, 0);
  put32(out, load<u32>(track, OutputTrack.DESCRIPTION_COUNT));
  putBytes(out, load<u32>(track, OutputTrack.DESCRIPTION_POINTER), load<u32>(track, OutputTrack.DESCRIPTION_LENGTH));
  endBox(out, stsd);
  const flags = load<u32>(track, OutputTrack.FLAGS);
  table(
    movie,
    number,
    fourcc(0x73, 0x74, 0x74, 0x73),
    0,
    Table.Stts,
    8,
    fragmented ? 0 : load<u32>(track, OutputTrack.STTS_ENTRIES),
  );
  if (!fragmented && flags & TrackFlag.Offsets) {
    const version = u32((flags & TrackFlag.NegativeOffsets) != 0);
    table(
      movie,
      number,
      fourcc(0x63, 0x74, 0x74, 0x73),
      version,
      Table.Ctts,
      8,
      load<u32>(track, OutputTrack.CTTS_ENTRIES),
    );
  }
  if (!fragmented && !(flags & TrackFlag.AllSync)) {
    table(movie, number, fourcc(0x73, 0x74, 0x73, 0x73), 0, Table.Stss, 4, load<u32>(track, OutputTrack.SYNC_SAMPLES));
  }
  table(
    movie,
    number,
    fourcc(0x73, 0x74, 0x73, 0x63),
    0,
    Table.Stsc,
    12,
    fragmented ? 0 : load<u32>(track, OutputTrack.STSC_ENTRIES),
  );
  const samples = fragmented ? 0 : load<u32>(track, OutputTrack.SAMPLES);
  const constant = fragmented ? 0 : load<u32>(track, OutputTrack.CONSTANT_SIZE);
  const stsz = beginFullBox(out, fourcc(0x73, 0x74, 0x73, 0x7a), 0, 0);
  put32(out, constant);
  put32(out, samples);
  splice(movie, stsz, number, Table.Stsz, constant > 0 ? 0 : (<u64>samples) << 2);
  const type = wide ? fourcc(0x63, 0x6f, 0x36, 0x34) : fourcc(0x73, 0x74, 0x63, 0x6f);
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

// Ends a box whose last `length` bytes come from the pieces.
function splice(movie: MovieWriter, box: usize, number: u32, kind: Table, length: u64): void {
  if (length > 0) {
    const at = movie.splices + <usize>movie.spliceCount * Splice.SIZE;
    movie.spliceCount += 1;
    store<u32>(at, <u32>(movie.out.next - movie.out.start), Splice.OFFSET);
    store<u32>(at, number, Splice.TRACK);
    store<u32>(at, kind, Splice.TABLE);
    store<u32>(at, <u32>length, Splice.LENGTH);
    movie.spliced += length;
  }
  endBox(movie.out, box, length);
}

function writeMvex(out: Writer, tracks: usize, count: u32, duration: u64): void {
  const mvex = beginBox(out, fourcc(0x6d, 0x76, 0x65, 0x78));
  const mehd = beginFullBox(out, fourcc(0x6d, 0x65, 0x68, 0x64), 1, 0);
  put64(out, duration);
  endBox(out, mehd);
  for (let i: u32 = 0; i < count; i++) {
    const track = tracks + <usize>i * OutputTrack.SIZE;
    const trex = beginFullBox(out, fourcc(0x74, 0x72, 0x65, 0x78), 0, 0);
    put32(out, load<u32>(track, OutputTrack.ID));
    put32(out, 1);
    put32(out, 0);
    put32(out, 0);
    put32(out, load<u32>(track, OutputTrack.FLAGS) & TrackFlag.AllSync ? SYNC_FLAGS : NON_SYNC_FLAGS);
    endBox(out, trex);
  }
  endBox(out, mvex);
}
