/** What lets players seek in fragmented output: `sidx` (clause 8.16.3) in front, `mfra` (clause 8.8.9) at the end. */
import { Code } from "./abi/codes";
import { Table } from "./abi/names";
import { Fragment, PieceTrack, Result } from "./abi/records";
import { newDurationCursor, skipRuns } from "./duration-cursor";
import { Piece, pieceTrack, rescale } from "./piece";
import { failed, output, RESULT } from "./status";
import { layFragments } from "./write-fragments";
import { beginBox, beginFullBox, endBox, newWriter, put16, put32, put64, put8 } from "./writer";

/** Bytes of one `tfra` entry: version 1, numbers of one byte each. */
export const TFRA_ENTRY: usize = 19;
/** Bytes of one `sidx` reference. */
export const SIDX_ENTRY: usize = 12;

/**
 * Writes a piece's entries of either box. RESULT: the entries and their length.
 * @param timescale of the box: times are rescaled from the reference track's
 * @param offset where the piece's first fragment starts in the output
 * @param hiddenStart ticks of `timescale` at the piece's start that are not presented, and so not counted in `sidx`
 * @param hiddenEnd the same at its end
 */
export function writeAccessEntries(
  piece: Piece,
  table: u32,
  timescale: u32,
  offset: u64,
  hiddenStart: u64,
  hiddenEnd: u64,
): void {
  const fragments = layFragments(piece);
  if (failed()) return;
  const out = newWriter(<u64>piece.fragments * (table == Table.Sidx ? SIDX_ENTRY : TFRA_ENTRY));
  if (out == null) return;
  const from = load<u32>(pieceTrack(piece, piece.reference), PieceTrack.TIMESCALE);
  const end = load<i64>(pieceTrack(piece, piece.reference), PieceTrack.DTS) + referenceDuration(piece);
  for (let i: u32 = 0; i < piece.fragments; i++) {
    const fragment = fragments + <usize>i * Fragment.SIZE;
    const size = load<u32>(fragment, Fragment.HEADER_LENGTH) + load<u64>(fragment, Fragment.MEDIA_LENGTH);
    if (table == Table.Sidx) {
      const last = i + 1 == piece.fragments;
      const next = last ? end : load<i64>(fragment + Fragment.SIZE, Fragment.DTS);
      const start = rescale(load<i64>(fragment, Fragment.DTS), from, timescale);
      let duration = <u64>(rescale(next, from, timescale) - start);
      const hidden = min(hiddenStart, duration);
      hiddenStart -= hidden;
      duration -= hidden;
      if (last) duration -= min(hiddenEnd, duration);
      put32(out, <u32>size);
      put32(out, <u32>duration);
      put32(out, load<u32>(fragment, Fragment.FLAGS) ? 0x9000_0000 : 0); // starts with SAP, type 1
    } else {
      put64(out, rescale(load<i64>(fragment, Fragment.PTS), from, timescale));
      put64(out, offset);
      put8(out, 1); // traf, trun and sample number within them
      put8(out, 1);
      put8(out, 1);
    }
    offset += size;
  }
  output(out.start, out.next - out.start);
}

function referenceDuration(piece: Piece): i64 {
  const durations = newDurationCursor();
  if (failed()) return 0;
  durations.open(piece, piece.reference);
  const ticks = skipRuns(durations.runs, durations.left);
  return rescale(<i64>ticks, durations.from, durations.to) + durations.lastDuration;
}

/**
 * Writes the head of a `sidx` box for `count` references that follow it.
 * @param start earliest presentation time, ticks of `timescale`
 * @param distance bytes between the box and the first fragment it refers to
 */
export function writeSidxHead(trackId: u32, timescale: u32, start: u64, distance: u64, count: u32): void {
  const out = newWriter(40);
  if (out == null) return;
  const sidx = beginFullBox(out, Code.sidx, 1, 0);
  put32(out, trackId);
  put32(out, timescale);
  put64(out, start);
  put64(out, distance);
  put16(out, 0);
  put16(out, count);
  endBox(out, sidx, <u64>count * SIDX_ENTRY);
  output(out.start, out.next - out.start);
}

/**
 * Writes `mfra` for one track with `count` entries: its head, and (Result.COUNT) how many of the last bytes go after them. An
 * empty `free` box keeps it apart from the media that `sidx` refers to: ffmpeg, and Chromium with it, else reads fragments
 * in any order by `sidx`, and mixes up the samples of those with several track runs.
 */
export function writeMfra(trackId: u32, count: u32): void {
  const out = newWriter(64);
  if (out == null) return;
  const entries = <u64>count * TFRA_ENTRY;
  endBox(out, beginBox(out, Code.free));
  const mfra = beginBox(out, Code.mfra);
  const tfra = beginFullBox(out, Code.tfra, 1, 0);
  put32(out, trackId);
  put32(out, 0);
  put32(out, count);
  endBox(out, tfra, entries);
  const mfro = beginFullBox(out, Code.mfro, 0, 0);
  put32(out, <u32>(out.next + 4 - mfra + entries)); // of the whole `mfra`, this field included
  endBox(out, mfro);
  endBox(out, mfra, entries);
  output(out.start, out.next - out.start);
  store<u32>(RESULT, <u32>(out.next - mfro), Result.COUNT);
}
