/** A file's metadata boxes to its segment index. */
import { Code } from "../abi/codes";
import { INDEX_MAGIC, Status, Warning } from "../abi/names";
import { Extent, IndexHeader, TrackRecord } from "../abi/records";
import { majorBrand } from "../box/ftyp";
import { beginSyncs } from "../box/stss";
import { checksum } from "../index/checksum";
import { writeCodec } from "../read/codec";
import { resolveTimes } from "./edit-times";
import { columnsBound, encodeTrack } from "./encode-index";
import { encodeEntries, encodeOrder } from "./encode-order";
import { dropFragment, failAtEnd, FileEnd, readFileEnd } from "../read/file-end";
import { measureWhole } from "./measure-whole";
import { IndexWriter } from "./index-writer";
import { joinAlikeEntries } from "../read/alike-entries";
import { needsEarlier } from "../read/first-picture";
import { collectRegions, isMediaData, MediaRegions } from "../read/media-regions";
import { keepBoxes, keptBound } from "./keep-boxes";
import { combinedMatrix } from "../read/matrix";
import { makeRoom, newFragmentReader, Pass, readMoof } from "../read/moof";
import { dropTracks, Movie, readMoov, trackAt } from "../read/moov";
import { mergeOrder, Order } from "./order";
import { Box, failIn, newBox, readBox } from "../memory/reader";
import { fail, failed, locate, make, output, reserve } from "../memory/status";
import { refineTimescale } from "./timescale";
import { MAX_SAMPLES, TrackTables } from "../box/track-tables";

/**
 * Indexes a file from its kept top-level boxes.
 * @param extents `count` Extent records in file order
 * @param buffer the metadata buffer their offsets point into
 * @param fileSize bytes of the whole file
 */
export function buildIndex(extents: usize, count: u32, buffer: usize, fileSize: u64): void {
  const box = newBox();
  let movie: Movie | null = null;
  let brand: u32 = 0;
  let moov: u32 = 0;
  if (failed()) return;
  const end = readFileEnd(extents, count, buffer, fileSize);
  if (failed()) return;
  for (let i: u32 = 0; i < end.whole && !failed(); i++) {
    if (!openExtent(box, extents, i, buffer)) continue;
    if (box.type == Code.ftyp) brand = majorBrand(box);
    else if (box.type == Code.moov) {
      if (movie != null) return failIn(box, Status.DuplicateBox);
      movie = readMoov(box);
      moov = i;
    }
  }
  if (failed()) return;
  if (movie == null) return end.cut ? failAtEnd(end) : fail(Status.MissingBox, Code.moov);
  let fragments: u32 = 0;
  if (movie.fragmented) fragments = readFragments(movie, box, extents, end, buffer, fileSize);
  if (failed()) return;
  // What fails from here on fails in what `moov` says.
  openExtent(box, extents, moov, buffer);
  const warnings = dropTracks(movie);
  if (movie.trackCount == 0) {
    if (!(end.warnings & Warning.LastFragmentDropped)) return fail(Status.NoSamples, Code.moov);
    return end.cut ? failAtEnd(end) : fail(Status.OutsideFile, Code.moof);
  }
  for (let i: u32 = 0; i < movie.trackCount; i++) {
    const track = trackAt(movie, i);
    joinAlikeEntries(track);
    if (track.syncsImplied && needsEarlier(track, extents, count, buffer)) beginSyncs(track, 0);
  }
  const media = make<MediaRegions>();
  if (failed()) return;
  collectRegions(media, extents, count, buffer, fileSize);
  writeIndex(movie, box, media, end, fileSize, brand, fragments > 0, warnings | end.warnings);
}

function openExtent(box: Box, extents: usize, i: u32, buffer: usize): bool {
  const extent = extents + <usize>i * Extent.SIZE;
  if (isMediaData(extent, buffer)) return false;
  const start = buffer + load<u32>(extent, Extent.BUFFER_OFFSET);
  locate(start, load<u64>(extent, Extent.FILE_OFFSET));
  return readBox(box, start, start + load<u32>(extent, Extent.LENGTH), true);
}

function readFragments(movie: Movie, box: Box, extents: usize, end: FileEnd, buffer: usize, fileSize: u64): u32 {
  const reader = newFragmentReader(movie);
  let count = end.whole;
  // The last fragments, as far as their media was not all written.
  reader.pass = Pass.Reach;
  for (let i = count; i > 0 && !failed(); i--) {
    if (!openExtent(box, extents, i - 1, buffer) || box.type != Code.moof) continue;
    reader.reach = 0;
    readMoof(reader, box);
    if (reader.reach <= fileSize) break;
    count = i - 1;
    dropFragment(end);
  }
  let fragments: u32 = 0;
  for (let pass = Pass.Count; pass <= Pass.Fill && !failed(); pass++) {
    reader.pass = pass;
    if (pass == Pass.Fill) makeRoom(movie);
    for (let i: u32 = 0; i < count && !failed(); i++) {
      if (!openExtent(box, extents, i, buffer) || box.type != Code.moof) continue;
      if (pass == Pass.Count) fragments++;
      readMoof(reader, box);
    }
  }
  return fragments;
}

function writeIndex(
  movie: Movie,
  moov: Box,
  media: MediaRegions,
  end: FileEnd,
  fileSize: u64,
  brand: u32,
  fragmented: bool,
  warnings: u32,
): void {
  const order = make<Order>();
  if (failed()) return;
  const outside = mergeOrder(movie, fileSize, media, order);
  if (outside != 0) return end.mediaCut ? failAtEnd(end) : fail(Status.OutsideFile, Code.stco, outside);
  if (failed()) return;
  let bound: u64 = IndexHeader.SIZE;
  let samples: u64 = 0;
  for (let i: u32 = 0; i < movie.trackCount; i++) {
    const track = trackAt(movie, i);
    refineTimescale(track);
    bound += TrackRecord.SIZE + columnsBound(track);
    samples += track.samples;
    warnings |= track.warnings | (track.encrypted ? Warning.Encrypted : 0);
  }
  // Even samples without a byte are limited by the file's: a few bytes must not stand for hours of them.
  if (samples > MAX_SAMPLES || samples > max<u64>(fileSize, 0x1_0000)) {
    return fail(Status.TooMany, Code.moov);
  }
  // A run of the file order takes no more bytes in its column than as a record.
  bound += order.runsEnd - order.runs + (order.jumpsEnd - order.jumps) + 64 + keptBound(moov);
  const writer = make<IndexWriter>();
  writer.start = reserve(bound);
  if (failed()) return;
  const start = writer.start;
  const summary = IndexHeader.SIZE + <usize>movie.trackCount * TrackRecord.SIZE;
  memory.fill(start, 0, summary);
  writer.next = start + summary;
  writeHeader(start, movie, fileSize, <u32>samples);
  store<u32>(start, u32(fragmented), IndexHeader.FRAGMENTED);
  store<u32>(start, brand, IndexHeader.MAJOR_BRAND);
  for (let i: u32 = 0; i < movie.trackCount; i++) {
    const record = start + IndexHeader.SIZE + <usize>i * TrackRecord.SIZE;
    const track = trackAt(movie, i);
    track.matrix = combinedMatrix(track.matrix, movie.header.matrix);
    writeTrackHeader(record, track);
    warnings |= resolveTimes(record, track, movie.header.timescale);
    encodeTrack(writer, record, track);
    encodeEntries(writer, record, track);
  }
  if (failed()) return;
  encodeOrder(writer, order, movie.trackCount, <u32>samples);
  warnings |= keepBoxes(writer, movie, moov);
  if (failed()) return;
  store<u32>(start, warnings, IndexHeader.WARNINGS);
  const length = writer.next - start;
  store<u32>(start, <u32>length, IndexHeader.LENGTH);
  measureWhole(start, movie);
  store<u64>(start, checksum(start, length), IndexHeader.CHECKSUM);
  output(start, length);
}

function writeHeader(header: usize, movie: Movie, fileSize: u64, samples: u32): void {
  store<u32>(header, INDEX_MAGIC, IndexHeader.MAGIC);
  store<u32>(header, movie.trackCount, IndexHeader.TRACK_COUNT);
  store<u64>(header, fileSize, IndexHeader.FILE_SIZE);
  store<u64>(header, movie.header.creationTime, IndexHeader.CREATION_TIME);
  store<u32>(header, referenceOf(movie), IndexHeader.REFERENCE);
  store<u32>(header, samples, IndexHeader.SAMPLE_COUNT);
}

/** Index of the first video track, else of the first one. */
function referenceOf(movie: Movie): u32 {
  for (let i: u32 = 0; i < movie.trackCount; i++) if (trackAt(movie, i).handler == Code.vide) return i;
  return 0;
}

function writeTrackHeader(record: usize, track: TrackTables): void {
  store<u32>(record, track.id, TrackRecord.ID);
  store<u32>(record, track.handler, TrackRecord.HANDLER);
  store<u32>(record, track.timescale, TrackRecord.TIMESCALE);
  store<u32>(record, track.samples, TrackRecord.SAMPLES);
  store<u32>(record, track.width, TrackRecord.WIDTH);
  store<u32>(record, track.height, TrackRecord.HEIGHT);
  if (track.matrix != 0) memory.copy(record + TrackRecord.MATRIX, track.matrix, 36);
  store<u16>(record, <u16>track.language, TrackRecord.LANGUAGE);
  store<u16>(record, <u16>track.volume, TrackRecord.VOLUME);
  store<u16>(record, <u16>track.alternateGroup, TrackRecord.ALTERNATE_GROUP);
  store<u16>(record, <u16>track.layer, TrackRecord.LAYER);
  store<u32>(record, track.tkhdFlags, TrackRecord.TKHD_FLAGS);
  writeCodec(track.handler, track.entries, track.entries + track.entriesLength, record + TrackRecord.CODEC);
}
