/**
 * Everything the host may call. A use is: `reset`, `allocate` room for the inputs, one or more calls, read the output.
 * Calls return a Status and report through the record at `result()`.
 */
import { ABI_VERSION, Extent, Result, Status } from "./abi";
import { allocate as allocateIn, limitArena, resetArena } from "./arena";
import { buildIndex } from "./index-segment";
import { coverEntry } from "./cover-entry";
import { describeSamples } from "./inspect";
import { listBoxes } from "./list-boxes";
import { measurePiece } from "./measure";
import { readMovieClock } from "./movie-clock";
import { walkChunkRuns, walkDurations, walkOffsets, walkSyncs, walkChunks, writeSizes } from "./tables";
import { writeCodecs } from "./codec";
import { allowInband, collectParameterSets } from "./parameter-sets";
import { layParts, openPiece, pieceTrack } from "./piece";
import { writeAccessEntries, writeMfra, writeSidxHead } from "./random-access";
import { Table } from "./records/output";
import { PieceTrack } from "./records/piece";
import { IndexHeader } from "./records/summary";
import { scanHeader } from "./scan";
import { checkIndex } from "./segment-index";
import { selectSamples } from "./select-samples";
import { begin, fail, failed, locate, outcome, output, reserve, RESULT } from "./status";
import { writeSilentMovie, writeSilentSample } from "./silence";
import { listSpans } from "./spans";
import { readTimecodeStep } from "./timecode";
import { writeCaptionEntry, writeCaptionFragment, writeCaptions, writeCaptionTable } from "./write-captions";
import { writeFragments } from "./write-fragments";
import { writeMovie } from "./write-movie";

/** Memory that indexing may use whatever the file is, in bytes; or INDEX_FACTOR times the file's metadata. */
const INDEX_MEMORY: u64 = 64 << 20;
const INDEX_FACTOR: u64 = 8;
/** The same for the calls on an index. One file order byte may stand for a part of 40 bytes. */
const PIECE_MEMORY: u64 = 256 << 20;
const PIECE_FACTOR: u64 = 64;

/** ABI_VERSION, for the host to compare. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Address of the Result record. */
export function result(): usize {
  return RESULT;
}

/** Forgets all inputs and outputs. */
export function reset(): void {
  resetArena();
}

/** Room for `size` bytes, aligned to 16; 0 when memory is out. */
export function allocate(size: u32): usize {
  // Column readers look up to 8 bytes past their end.
  return allocateIn(<u64>size + 16);
}

/**
 * Classifies the top-level box whose first `length` bytes (at least 8) are at `pointer` and whose u64 offset in the file
 * is at `offset`; `complete` is 1 once `moov` has passed. See scan.ts.
 */
export function scan(pointer: usize, length: u32, offset: usize, complete: u32): Status {
  begin();
  locate(pointer, load<u64>(offset));
  scanHeader(pointer, length, load<u64>(offset) == 0, complete != 0);
  return outcome();
}

/**
 * Builds a segment index from `count` extents; the file's size is a u64 at `size`. RESULT.A: address of a MovieClock
 * record.
 */
export function index(extents: usize, count: u32, buffer: usize, size: usize): Status {
  begin();
  let metadata: u64 = 0;
  for (let i: u32 = 0; i < count; i++) metadata += load<u32>(extents + <usize>i * Extent.SIZE, Extent.LENGTH);
  limitArena(max(INDEX_MEMORY, metadata * INDEX_FACTOR));
  const clock = readMovieClock(extents, count, buffer);
  if (clock == 0) return outcome();
  begin(); // what was damaged there is not stated
  buildIndex(extents, count, buffer, load<u64>(size));
  store<u64>(RESULT, clock, Result.A);
  return outcome();
}

/** Checks that an index can be walked safely. */
export function check(index: usize, length: u32): Status {
  begin();
  limitArena(max(PIECE_MEMORY, <u64>length * PIECE_FACTOR));
  checkIndex(index, length);
  return outcome();
}

/** Fills a Selection record. */
export function select(index: usize, slot: u32, selection: usize): Status {
  begin();
  if (slot >= load<u32>(index, IndexHeader.TRACK_COUNT)) fail(Status.BadIndex);
  if (failed()) return outcome();
  selectSamples(index, slot, selection);
  return outcome();
}

/** Fills the measured part of PieceTrack records. RESULT.A: bytes of media; B: fragments. */
export function measure(index: usize, tracks: usize): Status {
  begin();
  measurePiece(openPiece(index, tracks));
  return outcome();
}

/**
 * Writes a piece's entries of one table of the track in `slot`. `before` is a u64: preceding samples (stss), chunks
 * (stsc) or the output offset of the piece's media (stco, co64).
 */
export function table(index: usize, tracks: usize, slot: u32, kind: u32, before: usize): Status {
  begin();
  const piece = openPiece(index, tracks);
  if (slot >= piece.slots) fail(Status.BadIndex);
  if (failed()) return outcome();
  const track = pieceTrack(piece, slot);
  const start = load<u64>(before);
  if (kind == Table.Stsc || kind == Table.Stco || kind == Table.Co64) layParts(piece, slot);
  if (failed()) return outcome();
  const wide = kind == Table.Co64;
  let field: usize = PieceTrack.COUNT;
  let size: u32 = 4;
  if (kind == Table.Stts || kind == Table.Ctts) {
    field = kind == Table.Stts ? PieceTrack.STTS_ENTRIES : PieceTrack.CTTS_ENTRIES;
    size = 8;
  } else if (kind == Table.Stsc) {
    field = PieceTrack.STSC_ENTRIES;
    size = 12;
  } else if (kind == Table.Stss) field = PieceTrack.SYNC_SAMPLES;
  else if (kind != Table.Stsz) {
    field = PieceTrack.CHUNKS;
    if (wide) size = 8;
  }
  const count = load<u32>(track + field);
  const length = <u64>count * size;
  const to = reserve(length + 16);
  if (failed()) return outcome();
  let written = count;
  if (kind == Table.Stts) written = walkDurations(piece, slot, to, count);
  else if (kind == Table.Ctts) written = walkOffsets(piece, slot, to, count);
  else if (kind == Table.Stss) written = walkSyncs(piece, slot, to, count, <u32>start);
  else if (kind == Table.Stsc) written = walkChunkRuns(piece, slot, to, count, <u32>start);
  else if (kind == Table.Stsz) writeSizes(piece, slot, to);
  else written = walkChunks(piece, slot, to, count, start, wide);
  // The plan's counts may be those of another index.
  if (written != count) fail(Status.BadIndex);
  output(to, <usize>length);
  return outcome();
}

/** Lists a piece's media bytes in output order. RESULT: Span records and their number. */
export function spans(index: usize, tracks: usize): Status {
  begin();
  const piece = openPiece(index, tracks);
  if (!failed()) listSpans(piece);
  return outcome();
}

/** See writeMovie; `duration` is a u64. */
export function movie(
  tracks: usize,
  count: u32,
  duration: usize,
  fragmented: u32,
  wide: u32,
  chapters: usize,
  chapterCount: u32,
): Status {
  begin();
  writeMovie(tracks, count, load<u64>(duration), fragmented != 0, wide != 0, chapters, chapterCount);
  return outcome();
}

/** See writeFragments. */
export function fragments(index: usize, tracks: usize, sequence: u32): Status {
  begin();
  writeFragments(openPiece(index, tracks), sequence);
  return outcome();
}

/** See writeAccessEntries; at `numbers` three u64: offset, hiddenStart, hiddenEnd. */
export function accessEntries(index: usize, tracks: usize, kind: u32, timescale: u32, numbers: usize): Status {
  begin();
  const piece = openPiece(index, tracks);
  const hiddenStart = load<u64>(numbers, 8);
  const hiddenEnd = load<u64>(numbers, 16);
  writeAccessEntries(piece, kind, timescale, load<u64>(numbers), hiddenStart, hiddenEnd);
  return outcome();
}

/** See writeSidxHead; at `numbers` two u64: start, distance. */
export function sidxHead(trackId: u32, timescale: u32, numbers: usize, count: u32): Status {
  begin();
  writeSidxHead(trackId, timescale, load<u64>(numbers), load<u64>(numbers, 8), count);
  return outcome();
}

/** See writeMfra. */
export function mfra(trackId: u32, count: u32): Status {
  begin();
  writeMfra(trackId, count);
  return outcome();
}

/** See writeCaptionEntry. */
export function captionEntry(): Status {
  begin();
  writeCaptionEntry();
  return outcome();
}

/** See writeCaptionTable; `start` is a u64. */
export function captionTable(blocks: usize, count: u32, kind: u32, start: usize): Status {
  begin();
  writeCaptionTable(blocks, count, kind, load<u64>(start));
  return outcome();
}

/** See writeCaptions. */
export function captions(block: usize, offset: i32): Status {
  begin();
  writeCaptions(block, offset);
  return outcome();
}

/** See writeCaptionFragment. */
export function captionFragment(block: usize, trackId: u32, sequence: u32): Status {
  begin();
  writeCaptionFragment(block, trackId, sequence);
  return outcome();
}

/** Lists every sample of an index, in file order. RESULT: SampleRecord records and their number. */
export function samples(index: usize): Status {
  begin();
  describeSamples(index);
  return outcome();
}

/**
 * Lists the boxes of one kept top-level box of a file, whose u64 offset in the file is at `offset`. RESULT: BoxRecord
 * records and their number.
 */
export function boxes(pointer: usize, length: u32, offset: usize): Status {
  begin();
  locate(pointer, load<u64>(offset));
  listBoxes(pointer, length);
  return outcome();
}

/** See collectParameterSets. */
export function parameterSets(entry: usize, length: u32): Status {
  begin();
  collectParameterSets(entry, length);
  return outcome();
}

/** Rewrites the name of the sample entry at `entry`; RESULT: the entry. */
export function inbandEntry(entry: usize, length: u32): Status {
  begin();
  allowInband(entry, length);
  return outcome();
}

/** See writeCodecs. */
export function codecs(handler: u32, entries: usize, length: u32): Status {
  begin();
  writeCodecs(handler, entries, length);
  return outcome();
}

/** The sample entry at `entry`, raised so that it states what the one at `other` needs, too. See cover-entry.ts. */
export function coveringEntry(entry: usize, length: u32, other: usize, otherLength: u32): Status {
  begin();
  coverEntry(entry, length, other, otherLength);
  return outcome();
}

/** See writeSilentSample. */
export function silentSample(entry: usize, length: u32, timescale: u32): Status {
  begin();
  writeSilentSample(entry, length, timescale);
  return outcome();
}

/** See writeSilentMovie. */
export function silentMovie(entry: usize, length: u32, timescale: u32, count: u32, size: u32, duration: u32): Status {
  begin();
  writeSilentMovie(entry, length, timescale, count, size, duration);
  return outcome();
}

/** See readTimecodeStep; `ticks` is a u64. */
export function timecodeStep(entry: usize, length: u32, ticks: usize, timescale: u32): Status {
  begin();
  readTimecodeStep(entry, length, load<u64>(ticks), timescale);
  return outcome();
}
