/** What is behind the calls of index.ts, whose schema says what each takes and gives back. */
import { Status, Table } from "./abi/names";
import { Extent, IndexHeader, PieceTrack, Result } from "./abi/records";
import { CTTS_ENTRY } from "./box/ctts";
import { CO64_ENTRY, STCO_ENTRY } from "./box/stco";
import { STSC_ENTRY } from "./box/stsc";
import { STSS_ENTRY } from "./box/stss";
import { STSZ_ENTRY } from "./box/stsz";
import { STTS_ENTRY } from "./box/stts";
import { limitArena } from "./memory/arena";
import { buildIndex } from "./indexing/index-segment";
import { listBoxes } from "./read/list-boxes";
import { newChunks, walkTrackChunks } from "./piece/chunks";
import { measurePiece } from "./piece/measure";
import { readMovieClock } from "./read/movie-clock";
import { newEntries, walkDurations, walkOffsets, walkSyncs, writeSizes } from "./piece/tables";
import { openPiece } from "./piece/open-piece";
import { Piece, pieceTrack } from "./piece/piece";
import { openAccess, writeAccessEntries } from "./write/random-access";
import { scanHeader } from "./read/scan";
import { checkIndex } from "./index/segment-index";
import { listGroups, measureRun } from "./piece/groups";
import { selectSamples } from "./piece/select-samples";
import { begin, fail, failed, listed, locate, output, reserve } from "./memory/status";
import { listSpans, openSpans } from "./piece/spans";
import { openWriter, writeFragments } from "./write/write-fragments";

/**
 * Memory that indexing may use whatever the file is, in bytes; or INDEX_FACTOR times the file's metadata, up to INDEX_MOST.
 * The most comes of a chunk of its own for each sample: an offset of 4 bytes takes 24 as a chunk, 16 as two runs, and as many
 * as 40 in the columns until their length is known.
 */
const INDEX_MEMORY = 64 << 20;
const INDEX_FACTOR = 24;
const INDEX_MOST = 768 << 20;
/**
 * Memory that a call on an index may use whatever its inputs are, in bytes; or PIECE_FACTOR times the index:
 * one byte of the file order may stand for a part of 40 bytes.
 */
const PIECE_MEMORY: u64 = 256 << 20;
const PIECE_FACTOR: u64 = 64;

export function scan(pointer: usize, length: u32, offset: u64, complete: bool): void {
  locate(pointer, offset);
  scanHeader(pointer, length, offset == 0, complete);
}

export function index(extents: usize, count: u32, buffer: usize, size: u64): void {
  let metadata: u64 = 0;
  for (let i: u32 = 0; i < count; i++) metadata += load<u32>(extents + <usize>i * Extent.SIZE, Extent.LENGTH);
  limitArena(max<u64>(INDEX_MEMORY, min<u64>(metadata * INDEX_FACTOR, INDEX_MOST)));
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

export function select(index: usize, trackIndex: u32, selection: usize): void {
  if (trackIndex >= load<u32>(index, IndexHeader.TRACK_COUNT)) return fail(Status.BadIndex);
  selectSamples(index, trackIndex, selection);
}

export function groups(index: usize, trackIndex: u32, least: u64): void {
  if (trackIndex >= load<u32>(index, IndexHeader.TRACK_COUNT)) return fail(Status.BadIndex);
  listGroups(index, trackIndex, least);
}

export function run(index: usize, trackIndex: u32, first: u32, count: u32, selected: usize): void {
  if (trackIndex >= load<u32>(index, IndexHeader.TRACK_COUNT)) return fail(Status.BadIndex);
  measureRun(index, trackIndex, first, count, selected);
}

export function measure(index: usize, tracks: usize): void {
  const piece = openPiece(index, tracks);
  if (!failed()) measurePiece(piece);
}

export function table(
  index: usize,
  tracks: usize,
  trackIndex: u32,
  kind: u32,
  before: u64,
  from: u64,
  most: u32,
): void {
  const piece = openPiece(index, tracks);
  if (trackIndex >= piece.trackCount) fail(Status.BadIndex);
  if (failed()) return;
  const track = pieceTrack(piece, trackIndex);
  const entries = newEntries();
  if (failed()) return;
  let field: usize = PieceTrack.CHUNKS;
  entries.size = kind == Table.Co64 ? CO64_ENTRY : STCO_ENTRY;
  if (kind == Table.Stts) {
    field = PieceTrack.STTS_ENTRIES;
    entries.size = STTS_ENTRY;
  } else if (kind == Table.Ctts) {
    field = PieceTrack.CTTS_ENTRIES;
    entries.size = CTTS_ENTRY;
  } else if (kind == Table.Stsc) {
    field = PieceTrack.STSC_ENTRIES;
    entries.size = STSC_ENTRY;
  } else if (kind == Table.Stss) {
    field = PieceTrack.SYNC_SAMPLES;
    entries.size = STSS_ENTRY;
  } else if (kind == Table.Stsz) {
    field = PieceTrack.COUNT;
    entries.size = STSZ_ENTRY;
  }
  const count = load<u32>(track + field);
  entries.first = <u32>min<u64>(from / entries.size, count);
  entries.room = min(most, count - entries.first);
  const length = <u64>entries.room * entries.size;
  entries.to = reserve(length + 16);
  if (failed()) return;
  if (kind == Table.Stts) walkDurations(piece, trackIndex, entries);
  else if (kind == Table.Ctts) walkOffsets(piece, trackIndex, entries);
  else if (kind == Table.Stss) walkSyncs(piece, trackIndex, entries, <u32>before);
  else if (kind == Table.Stsz) writeSizes(piece, trackIndex, entries);
  else walkTrackChunks(piece, trackIndex, newChunks(piece, trackIndex, entries, kind != Table.Stsc, before));
  // The plan's counts may be those of another index.
  if (entries.count != count) fail(Status.BadIndex);
  output(entries.to, <usize>length);
}

/** The piece that a call goes on with when it is handed a `state`, else a new one. */
function pieceOf(index: usize, tracks: usize, state: usize): Piece {
  return state == 0 ? openPiece(index, tracks) : changetype<Piece>(state);
}

export function spans(index: usize, tracks: usize, most: u32, state: usize): void {
  const piece = pieceOf(index, tracks, state);
  if (state == 0) openSpans(piece);
  if (!failed()) listSpans(piece, most);
}

export function fragments(index: usize, tracks: usize, sequence: u32, most: u32, state: usize): void {
  const piece = pieceOf(index, tracks, state);
  if (state == 0) openWriter(piece, sequence);
  if (!failed()) writeFragments(piece, most);
}

export function accessEntries(
  index: usize,
  tracks: usize,
  kind: u32,
  timescale: u32,
  offset: u64,
  hiddenStart: u64,
  hiddenEnd: u64,
  most: u32,
  state: usize,
): void {
  const piece = pieceOf(index, tracks, state);
  if (state == 0) openAccess(piece, offset, hiddenStart);
  if (!failed()) writeAccessEntries(piece, kind, timescale, hiddenEnd, most);
}

export function boxes(pointer: usize, length: u32, offset: u64): void {
  locate(pointer, offset);
  listBoxes(pointer, length);
}

export { readTimecodeStep as timecodeStep } from "./piece/timecode";
export { writePlainEntries as plainEntries } from "./read/plain-entries";
export { coverEntry as coveringEntry } from "./read/cover-entry";
export { writeSilentMovie as silentMovie, writeSilentSample as silentSample } from "./write/silence";
export { describeSamples as samples } from "./index/inspect";
export { writeCodecs as codecs } from "./read/codec";
export {
  allowInband as inbandEntry,
  collectParameterSets as parameterSets,
  nameEntries as namedEntries,
} from "./read/parameter-sets";
export { moveFragment } from "./write/move-fragment";
export { writeAccessEnd as mfra, writeAccessHead as sidxHead } from "./write/random-access";
export {
  writeCaptionEntry as captionEntry,
  writeCaptionFragment as captionFragment,
  writeCaptions as captions,
  writeCaptionTable as captionTable,
} from "./write/write-captions";
export { writeMovie as movie } from "./write/write-movie";
export { readPrft as readProducerTime, writePrft as producerTime } from "./box/prft";
export { renewMovie as renewedMovie } from "./live/renew-movie";
export { writeAacEntry as aacEntry, writeVideoEntry as videoEntry } from "./live/sample-entry";
export { writeLiveFragment as liveFragment, writeLiveMovie as liveMovie } from "./live/write-live";
