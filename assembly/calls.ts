/** What is behind the calls of index.ts, whose schema says what each takes and gives back. */
import { Status, Table } from "./abi/names";
import { Extent, IndexHeader, PieceTrack, Result } from "./abi/records";
import { limitArena } from "./arena";
import { buildIndex } from "./index-segment";
import { listBoxes } from "./list-boxes";
import { measurePiece } from "./measure";
import { readMovieClock } from "./movie-clock";
import { walkChunkRuns, walkDurations, walkOffsets, walkSyncs, walkChunks, writeSizes } from "./tables";
import { layParts, openPiece, pieceTrack } from "./piece";
import { writeAccessEntries } from "./random-access";
import { scanHeader } from "./scan";
import { checkIndex } from "./segment-index";
import { selectSamples } from "./select-samples";
import { begin, fail, failed, listed, locate, output, reserve } from "./status";
import { listSpans } from "./spans";
import { writeFragments } from "./write-fragments";

/** Memory that indexing may use whatever the file is, in bytes; or INDEX_FACTOR times the file's metadata. */
const INDEX_MEMORY: u64 = 64 << 20;
const INDEX_FACTOR: u64 = 8;
/** The same for the calls on an index. One file order byte may stand for a part of 40 bytes. */
const PIECE_MEMORY: u64 = 256 << 20;
const PIECE_FACTOR: u64 = 64;

export function scan(pointer: usize, length: u32, offset: u64, complete: bool): void {
  locate(pointer, offset);
  scanHeader(pointer, length, offset == 0, complete);
}

export function index(extents: usize, count: u32, buffer: usize, size: u64): void {
  let metadata: u64 = 0;
  for (let i: u32 = 0; i < count; i++) metadata += load<u32>(extents + <usize>i * Extent.SIZE, Extent.LENGTH);
  limitArena(max(INDEX_MEMORY, metadata * INDEX_FACTOR));
  const clock = readMovieClock(extents, count, buffer);
  if (clock == 0) return;
  begin(); // what was damaged there is not stated
  buildIndex(extents, count, buffer, size);
  listed(clock, 1);
}

export function check(index: usize, length: u32): void {
  limitArena(max(PIECE_MEMORY, <u64>length * PIECE_FACTOR));
  checkIndex(index, length);
}

export function select(index: usize, slot: u32, selection: usize): void {
  if (slot >= load<u32>(index, IndexHeader.TRACK_COUNT)) return fail(Status.BadIndex);
  selectSamples(index, slot, selection);
}

export function measure(index: usize, tracks: usize): void {
  measurePiece(openPiece(index, tracks));
}

export function table(index: usize, tracks: usize, slot: u32, kind: u32, before: u64): void {
  const piece = openPiece(index, tracks);
  if (slot >= piece.slots) fail(Status.BadIndex);
  if (failed()) return;
  const track = pieceTrack(piece, slot);
  if (kind == Table.Stsc || kind == Table.Stco || kind == Table.Co64) layParts(piece, slot);
  if (failed()) return;
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
  if (failed()) return;
  let written = count;
  if (kind == Table.Stts) written = walkDurations(piece, slot, to, count);
  else if (kind == Table.Ctts) written = walkOffsets(piece, slot, to, count);
  else if (kind == Table.Stss) written = walkSyncs(piece, slot, to, count, <u32>before);
  else if (kind == Table.Stsc) written = walkChunkRuns(piece, slot, to, count, <u32>before);
  else if (kind == Table.Stsz) writeSizes(piece, slot, to);
  else written = walkChunks(piece, slot, to, count, before, wide);
  // The plan's counts may be those of another index.
  if (written != count) fail(Status.BadIndex);
  output(to, <usize>length);
}

export function spans(index: usize, tracks: usize): void {
  const piece = openPiece(index, tracks);
  if (!failed()) listSpans(piece);
}

export function fragments(index: usize, tracks: usize, sequence: u32): void {
  writeFragments(openPiece(index, tracks), sequence);
}

export function accessEntries(
  index: usize,
  tracks: usize,
  kind: u32,
  timescale: u32,
  offset: u64,
  hiddenStart: u64,
  hiddenEnd: u64,
): void {
  writeAccessEntries(openPiece(index, tracks), kind, timescale, offset, hiddenStart, hiddenEnd);
}

export function boxes(pointer: usize, length: u32, offset: u64): void {
  locate(pointer, offset);
  listBoxes(pointer, length);
}

export { readTimecodeStep as timecodeStep } from "./timecode";
export { coverEntry as coveringEntry } from "./cover-entry";
export { writeSilentMovie as silentMovie, writeSilentSample as silentSample } from "./silence";
export { describeSamples as samples } from "./inspect";
export { writeCodecs as codecs } from "./codec";
export { allowInband as inbandEntry, collectParameterSets as parameterSets } from "./parameter-sets";
export { writeMfra as mfra, writeSidxHead as sidxHead } from "./random-access";
export {
  writeCaptionEntry as captionEntry,
  writeCaptionFragment as captionFragment,
  writeCaptions as captions,
  writeCaptionTable as captionTable,
} from "./write-captions";
export { writeMovie as movie } from "./write-movie";
