/** A piece as movie fragments (ISO/IEC 14496-12 clause 8.8): each a `moof` with all tracks, and its `mdat`'s header. */
import { Code } from "./abi/codes";
import { Status, TrackFlag } from "./abi/names";
import { Fragment, PieceTrack, Result, TrackRecord } from "./abi/records";
import { newOffsetCursor, newSizeCursor, newSyncCursor, OffsetCursor, SizeCursor, SyncCursor } from "./cursors";
import { DurationCursor, newDurationCursor } from "./duration-cursor";
import { hasDefaults, isLast, MDAT, MOOF, trafSize, trunSize } from "./fragment-sizes";
import { layParts, Part, partBytes, Piece, pieceTrack, rescale } from "./piece";
import { recordOf } from "./segment-index";
import { appendSpans, reserveSpans } from "./spans";
import { splitFragments, TIMES_SIZE } from "./split-fragments";
import { cleared, fail, failed, listed, output, reserve, RESULT } from "./status";
import { NON_SYNC_FLAGS, SYNC_FLAGS } from "./write-movie";
import { beginBox, beginFullBox, endBox, newWriter, put32, put64, Writer } from "./writer";

/** Divides a piece and fills a Fragment record for each fragment but for its spans. */
export function layFragments(piece: Piece): usize {
  splitFragments(piece);
  layParts(piece);
  const fragments = cleared(<usize>piece.fragments * Fragment.SIZE);
  const last = cleared(<usize>piece.slots * 8);
  if (failed()) return 0;
  const end = piece.parts + <usize>piece.partCount * Part.SIZE;
  for (let part = piece.parts; part < end; part += Part.SIZE) {
    const fragment = fragments + <usize>load<u32>(part, Part.FRAGMENT) * Fragment.SIZE;
    const slot = load<u32>(part, Part.SLOT);
    const key = ((<u64>load<u32>(part, Part.FRAGMENT) + 1) << 32) | load<u32>(part, Part.DESCRIPTION);
    let header = trunSize(piece, part);
    if (load<u64>(last + ((<usize>slot) << 3)) != key) {
      store<u64>(last + ((<usize>slot) << 3), key);
      header += trafSize(pieceTrack(piece, slot));
    }
    header += load<u32>(fragment, Fragment.HEADER_LENGTH);
    const media = load<u64>(fragment, Fragment.MEDIA_LENGTH) + partBytes(piece, part);
    if (header > <u64>i32.MAX_VALUE || media > <u64>i32.MAX_VALUE) fail(Status.TooMany, Code.moof);
    store<u32>(fragment, <u32>header, Fragment.HEADER_LENGTH);
    store<u64>(fragment, media, Fragment.MEDIA_LENGTH);
  }
  const syncs = newSyncCursor();
  if (failed()) return 0;
  syncs.open(piece.index, recordOf(piece.index, piece.reference));
  syncs.skip(load<u32>(pieceTrack(piece, piece.reference), PieceTrack.FIRST));
  let offset: u32 = 0;
  for (let i: u32 = 0; i < piece.fragments; i++) {
    const fragment = fragments + <usize>i * Fragment.SIZE;
    const length = <u32>(MOOF + MDAT) + load<u32>(fragment, Fragment.HEADER_LENGTH);
    store<u32>(fragment, offset, Fragment.HEADER_OFFSET);
    store<u32>(fragment, length, Fragment.HEADER_LENGTH);
    store<i64>(fragment, load<i64>(piece.times + <usize>i * TIMES_SIZE), Fragment.DTS);
    store<i64>(fragment, load<i64>(piece.times + <usize>i * TIMES_SIZE, 8), Fragment.PTS);
    // All fragments but the first begin with a sync sample by their making.
    store<u32>(fragment, i > 0 || syncs.next() ? 1 : 0, Fragment.FLAGS);
    offset += length;
  }
  return fragments;
}

/** The heads that one track's samples are read with. */
@unmanaged
class RunSource {
  durations: DurationCursor;
  offsets: OffsetCursor;
  sizes: SizeCursor;
  syncs: SyncCursor;
  dts: i64;
  from: u32;
  to: u32;
  shift: i32;
  flags: u32;
  until: i64;
  prefix: u32;
  /** Of each sample but the last, where all are alike. */
  duration: u32;
}

function openSource(piece: Piece, slot: u32): RunSource {
  const source = changetype<RunSource>(cleared(offsetof<RunSource>()));
  source.durations = newDurationCursor();
  source.offsets = newOffsetCursor();
  source.sizes = newSizeCursor();
  source.syncs = newSyncCursor();
  if (failed()) return source;
  const record = recordOf(piece.index, slot);
  const track = pieceTrack(piece, slot);
  const first = load<u32>(track, PieceTrack.FIRST);
  source.durations.open(piece, slot);
  source.offsets.open(piece.index, record);
  source.offsets.skip(first);
  source.sizes.open(piece.index, record);
  source.sizes.skip(first);
  source.syncs.open(piece.index, record);
  source.syncs.skip(first);
  source.dts = load<i64>(track, PieceTrack.DTS);
  source.from = load<u32>(record, TrackRecord.TIMESCALE);
  source.to = load<u32>(track, PieceTrack.TIMESCALE);
  source.shift = load<i32>(track, PieceTrack.OFFSET_SHIFT);
  source.flags = load<u32>(track, PieceTrack.OUTPUT_FLAGS);
  source.prefix = load<u32>(track, PieceTrack.PREFIX);
  source.until = load<i64>(track, PieceTrack.PRESENTED_UNTIL);
  if (hasDefaults(track)) source.duration = source.durations.next();
  return source;
}

/**
 * Writes all fragments of a piece. RESULT: the headers (`moof` and `mdat` header of each, one after another) and their
 * length; A: address and count of the Fragment records; B: address and count of the Span records.
 * @param sequence `mfhd` number of the first fragment
 */
export function writeFragments(piece: Piece, sequence: u32): void {
  const fragments = layFragments(piece);
  if (failed()) return;
  sortParts(piece);
  if (failed()) return;
  let length: u64 = 0;
  for (let i: u32 = 0; i < piece.fragments; i++) {
    length += load<u32>(fragments + <usize>i * Fragment.SIZE, Fragment.HEADER_LENGTH);
  }
  const sources = reserve(<u64>piece.slots * 4);
  const out = newWriter(length);
  const spans = reserveSpans(piece);
  if (out == null || failed()) return;
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    const used = load<u32>(pieceTrack(piece, slot), PieceTrack.COUNT) > 0;
    store<usize>(sources + ((<usize>slot) << 2), used ? changetype<usize>(openSource(piece, slot)) : 0);
  }
  let part = piece.parts;
  const end = piece.parts + <usize>piece.partCount * Part.SIZE;
  let spanCount: u32 = 0;
  for (let i: u32 = 0; i < piece.fragments && !failed(); i++) {
    const fragment = fragments + <usize>i * Fragment.SIZE;
    let until = part;
    while (until < end && load<u32>(until, Part.FRAGMENT) == i) until += Part.SIZE;
    writeMoof(piece, out, sources, part, until, sequence + i, load<u32>(fragment, Fragment.HEADER_LENGTH));
    put32(out, <u32>(load<u64>(fragment, Fragment.MEDIA_LENGTH) + MDAT));
    put32(out, Code.mdat);
    const spanned = appendSpans(piece, part, until, spans, spanCount);
    store<u32>(fragment, spanCount, Fragment.FIRST_SPAN);
    store<u32>(fragment, spanned - spanCount, Fragment.SPANS);
    spanCount = spanned;
    part = until;
  }
  output(out.start, out.next - out.start);
  listed(fragments, piece.fragments);
  store<u32>(RESULT, <u32>spans, Result.SPANS_POINTER);
  store<u32>(RESULT, spanCount, Result.SPANS_LENGTH);
}

// Parts come in file order; here they go fragment by fragment, in file order within each.
function sortParts(piece: Piece): void {
  const counts = cleared(<usize>(piece.fragments + 1) * 4);
  const sorted = reserve(<u64>piece.partCount * Part.SIZE);
  if (failed()) return;
  for (let i: u32 = 0; i < piece.partCount; i++) {
    const next = counts + ((<usize>(load<u32>(piece.parts + <usize>i * Part.SIZE, Part.FRAGMENT) + 1)) << 2);
    store<u32>(next, load<u32>(next) + 1);
  }
  for (let i: u32 = 1; i <= piece.fragments; i++) {
    const at = counts + ((<usize>i) << 2);
    store<u32>(at, load<u32>(at) + load<u32>(at - 4));
  }
  for (let i: u32 = 0; i < piece.partCount; i++) {
    const part = piece.parts + <usize>i * Part.SIZE;
    const at = counts + ((<usize>load<u32>(part, Part.FRAGMENT)) << 2);
    memory.copy(sorted + <usize>load<u32>(at) * Part.SIZE, part, Part.SIZE);
    store<u32>(at, load<u32>(at) + 1);
  }
  piece.parts = sorted;
}

function writeMoof(
  piece: Piece,
  out: Writer,
  sources: usize,
  part: usize,
  until: usize,
  sequence: u32,
  header: u32,
): void {
  const moof = beginBox(out, Code.moof);
  const mfhd = beginFullBox(out, Code.mfhd, 0, 0);
  put32(out, sequence);
  endBox(out, mfhd);
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    const pointer = load<usize>(sources + ((<usize>slot) << 2));
    if (pointer == 0) continue;
    const source = changetype<RunSource>(pointer);
    let traf: usize = 0;
    let description: u32 = 0;
    let at = header;
    for (let run = part; run < until; run += Part.SIZE) {
      if (load<u32>(run, Part.SLOT) == slot) {
        if (traf != 0 && load<u32>(run, Part.DESCRIPTION) != description) {
          endBox(out, traf);
          traf = 0;
        }
        if (traf == 0) {
          description = load<u32>(run, Part.DESCRIPTION);
          traf = beginTraf(out, pieceTrack(piece, slot), source, description);
        }
        const track = pieceTrack(piece, slot);
        if (hasDefaults(track)) writeUniformTrun(out, source, run, at, isLast(track, run));
        else writeTrun(out, source, run, at);
      }
      at += <u32>partBytes(piece, run);
    }
    if (traf != 0) endBox(out, traf);
  }
  endBox(out, moof);
}

function beginTraf(out: Writer, track: usize, source: RunSource, description: u32): usize {
  const traf = beginBox(out, Code.traf);
  const defaults = hasDefaults(track);
  const bySample = defaults && !(source.flags & TrackFlag.AllSync);
  const fields = 0x2_0002 | (defaults ? 0x18 : 0) | (bySample ? 0x20 : 0);
  const tfhd = beginFullBox(out, Code.tfhd, 0, fields); // base is moof, sample description
  put32(out, load<u32>(track, PieceTrack.TRACK_ID));
  put32(out, load<u32>(track, PieceTrack.DESCRIPTION_BASE) - 1 + description);
  if (defaults) {
    put32(out, source.duration);
    put32(out, source.sizes.base + source.prefix);
    if (bySample) put32(out, SYNC_FLAGS);
  }
  endBox(out, tfhd);
  const tfdt = beginFullBox(out, Code.tfdt, 1, 0);
  put64(out, source.dts);
  endBox(out, tfdt);
  return traf;
}

function writeUniformTrun(out: Writer, source: RunSource, part: usize, dataOffset: u32, last: bool): void {
  const samples = load<u32>(part, Part.SAMPLES);
  const trun = beginFullBox(out, Code.trun, 1, last ? 0x101 : 0x1);
  put32(out, samples);
  put32(out, dataOffset);
  if (last) put32(out, source.durations.lastDuration);
  source.dts += <i64>samples * source.duration;
  endBox(out, trun);
}

function writeTrun(out: Writer, source: RunSource, part: usize, dataOffset: u32): void {
  const flags = source.flags;
  const bySample = !(flags & TrackFlag.AllSync);
  const composed = (flags & TrackFlag.Offsets) != 0;
  const fields = 0x301 | (bySample ? 0x400 : 0) | (composed ? 0x800 : 0);
  const trun = beginFullBox(out, Code.trun, 1, fields);
  const samples = load<u32>(part, Part.SAMPLES);
  put32(out, samples);
  put32(out, dataOffset);
  for (let i: u32 = 0; i < samples; i++) {
    const time = source.durations.time;
    const duration = source.durations.next();
    put32(out, duration);
    const sync = source.syncs.next();
    put32(out, source.sizes.next() + (sync ? source.prefix : 0));
    if (bySample) put32(out, sync ? SYNC_FLAGS : NON_SYNC_FLAGS);
    if (composed) {
      let offset: i64 = source.offsets.next();
      if (source.from != source.to) {
        offset = rescale(time + offset, source.from, source.to) - rescale(time, source.from, source.to);
      }
      offset += source.shift;
      // Many players ignore an edit list's end in fragmented files; what only serves to decode must not stretch it.
      if (source.dts + offset >= source.until) offset = source.until++ - source.dts;
      put32(out, <u32>(<i32>offset));
    }
    source.dts += duration;
  }
  endBox(out, trun);
}
