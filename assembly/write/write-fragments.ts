/** A piece as movie fragments (ISO/IEC 14496-12 clause 8.8): each a `moof` with all tracks, and its `mdat`'s header. */
import { Code } from "../abi/codes";
import { Fragment, PieceTrack, Result, Span } from "../abi/records";
import { writeMfhd } from "../box/mfhd";
import { NON_SYNC_FLAGS, SYNC_FLAGS } from "../box/sample-flags";
import { writeTfdt } from "../box/tfdt";
import { writeTfhd } from "../box/tfhd";
import { beginTrun, COMPOSITION, DURATION, putTrunEntry } from "../box/trun";
import { newSizeCursor, newSyncCursor, SizeCursor, SyncCursor } from "../index/cursors";
import { hasDefaults, isLast, runFlags, tfhdFields, trunFields } from "../piece/fragment-sizes";
import { layPage } from "../piece/fragment-page";
import { FragmentWalk, openFragments } from "../piece/fragment-walk";
import { LateSamples, newLateSamples } from "../piece/late-samples";
import { outputDescription, Part, partBytes, Piece, pieceTrack } from "../piece/piece";
import { newSampleTimes, SampleTimes } from "../piece/sample-times";
import { recordOf } from "../index/segment-index";
import { appendSpans } from "../piece/spans";
import { failed, listed, make, output, reserve, RESULT, suspended } from "../memory/status";
import { beginBox, endBox, newWriter, Writer } from "../memory/writer";
import { objectAt, setObject } from "../memory/words";

/** The heads that one track's samples are read with. */
@unmanaged
class RunSource {
  times: SampleTimes;
  sizes: SizeCursor;
  syncs: SyncCursor;
  late: LateSamples;
  flags: u32;
  prefix: u32;
  /** Decode time of the next sample, where all are alike. */
  dts: i64;
  /** Of each sample but the last then. */
  duration: u32;
}

function openSource(piece: Piece, trackIndex: u32): RunSource {
  const source = make<RunSource>();
  source.times = newSampleTimes();
  source.late = newLateSamples();
  source.sizes = newSizeCursor();
  source.syncs = newSyncCursor();
  if (failed()) return source;
  const record = recordOf(piece.index, trackIndex);
  const track = pieceTrack(piece, trackIndex);
  const first = load<u32>(track, PieceTrack.FIRST);
  source.times.open(piece, trackIndex);
  source.sizes.open(piece.index, record);
  source.sizes.skip(first);
  source.syncs.open(piece.index, record);
  source.syncs.skip(first);
  source.flags = runFlags(track);
  source.prefix = load<u32>(track, PieceTrack.PREFIX);
  source.late.open(piece, trackIndex);
  source.dts = source.times.durations.dts();
  if (hasDefaults(track)) source.duration = source.times.durations.next();
  return source;
}

/** Where the writing of a piece's fragments stands. */
@unmanaged
class FragmentWriter {
  walk: FragmentWalk;
  /** RunSource of each track, 0 of what is left out. */
  sources: usize;
  /** Number of the next fragment. */
  sequence: u32;
}

/** Opens the writing of a piece's fragments. @param sequence `mfhd` number of the first */
export function openWriter(piece: Piece, sequence: u32): void {
  const writer = make<FragmentWriter>();
  const sources = reserve(<u64>piece.trackCount * 4);
  if (failed()) return;
  piece.work = changetype<usize>(writer);
  writer.sources = sources;
  writer.sequence = sequence;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const used = load<u32>(pieceTrack(piece, trackIndex), PieceTrack.COUNT) > 0;
    setObject(sources, trackIndex, used ? openSource(piece, trackIndex) : null);
  }
  writer.walk = openFragments(piece);
}

/**
 * Writes the next fragments of a piece, of `most` samples or a little more. RESULT: the headers (`moof` and `mdat` header of
 * each, one after another) and their length; A: address and count of the Fragment records; B: address and count of the
 * Span records; the state.
 */
export function writeFragments(piece: Piece, most: u32): void {
  const writer = changetype<FragmentWriter>(piece.work);
  const walk = writer.walk;
  if (!walk.nextPage(most)) return;
  const page = layPage(walk);
  if (failed()) return;
  const fragments = page.fragments;
  let length: u64 = 0;
  for (let i: u32 = 0; i < piece.fragments; i++) {
    length += load<u32>(fragments + <usize>i * Fragment.SIZE, Fragment.HEADER_LENGTH);
  }
  const out = newWriter(length);
  const inlined = walk.parts.inlinedCount;
  const spans = reserve((<u64>(page.end - page.parts) / Part.SIZE + <u64>inlined * 2 + 1) * Span.SIZE);
  if (out == null || failed()) return;
  let part = page.parts;
  let spanCount: u32 = 0;
  for (let i: u32 = 0; i < piece.fragments && !failed(); i++) {
    const fragment = fragments + <usize>i * Fragment.SIZE;
    let until = part;
    while (until < page.end && load<u32>(until, Part.FRAGMENT) == i) until += Part.SIZE;
    const header = load<u32>(fragment, Fragment.HEADER_LENGTH);
    writeMoof(piece, out, writer.sources, part, until, writer.sequence + i, header);
    endBox(out, beginBox(out, Code.mdat), load<u64>(fragment, Fragment.MEDIA_LENGTH));
    const spanned = appendSpans(piece, walk.parts.inlinedOffsets, part, until, spans, spanCount);
    store<u32>(fragment, spanCount, Fragment.FIRST_SPAN);
    store<u32>(fragment, spanned - spanCount, Fragment.SPANS);
    spanCount = spanned;
    part = until;
  }
  writer.sequence += piece.fragments;
  output(out.start, out.next - out.start);
  listed(fragments, piece.fragments);
  store<u32>(RESULT, <u32>spans, Result.SPANS_POINTER);
  store<u32>(RESULT, spanCount, Result.SPANS_LENGTH);
  suspended(changetype<usize>(piece), piece.scratch, walk.done);
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
  writeMfhd(out, sequence);
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const source = objectAt<RunSource | null>(sources, trackIndex);
    if (source == null) continue;
    let traf: usize = 0;
    let description: u32 = 0;
    let at = header;
    for (let run = part; run < until; run += Part.SIZE) {
      if (load<u32>(run, Part.TRACK_INDEX) == trackIndex) {
        if (traf != 0 && load<u32>(run, Part.DESCRIPTION) != description) {
          endBox(out, traf);
          traf = 0;
        }
        if (traf == 0) {
          description = load<u32>(run, Part.DESCRIPTION);
          traf = beginTraf(out, pieceTrack(piece, trackIndex), source, description);
        }
        const track = pieceTrack(piece, trackIndex);
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
  const fields = tfhdFields(track);
  const size = source.sizes.base + source.prefix;
  const number = outputDescription(track, description);
  writeTfhd(out, fields, load<u32>(track, PieceTrack.TRACK_ID), number, source.duration, size, SYNC_FLAGS);
  writeTfdt(out, hasDefaults(track) ? source.dts : source.times.durations.dts());
  return traf;
}

function writeUniformTrun(out: Writer, source: RunSource, part: usize, dataOffset: u32, last: bool): void {
  const samples = load<u32>(part, Part.SAMPLES);
  const fields = last ? DURATION : 0;
  const trun = beginTrun(out, fields, samples, dataOffset);
  if (last) putTrunEntry(out, fields, source.times.durations.lastDuration, 0, 0, 0);
  source.dts += <i64>samples * source.duration;
  endBox(out, trun);
}

function writeTrun(out: Writer, source: RunSource, part: usize, dataOffset: u32): void {
  const times = source.times;
  const fields = trunFields(source.flags);
  const samples = load<u32>(part, Part.SAMPLES);
  const trun = beginTrun(out, fields, samples, dataOffset);
  for (let i: u32 = 0; i < samples; i++) {
    times.next();
    const sync = source.syncs.next();
    const size = source.sizes.next() + (sync ? source.prefix : 0);
    const offset = fields & COMPOSITION ? <i32>(source.late.pts(times.dts + times.offset) - times.dts) : 0;
    putTrunEntry(out, fields, times.duration, size, sync ? SYNC_FLAGS : NON_SYNC_FLAGS, offset);
  }
  endBox(out, trun);
}
