/** What lets players seek in fragmented output: `sidx` (clause 8.16.3) in front, `mfra` (clause 8.8.9) at the end. */
import { Code } from "../abi/codes";
import { SIDX_ENTRY, Table, TFRA_ENTRY } from "../abi/names";
import { Fragment, PieceTrack, Result } from "../abi/records";
import { putTfraEntry, writeMfra } from "../box/mfra";
import { putSidxEntry, writeSidx } from "../box/sidx";
import { newDurationCursor } from "../piece/duration-cursor";
import { FragmentWalk, openFragments, Start } from "../piece/fragment-walk";
import { Piece, pieceTrack, rescale } from "../piece/piece";
import { failed, make, output, RESULT, suspended } from "../memory/status";
import { layPage } from "../piece/fragment-page";
import { beginBox, endBox, newWriter } from "../memory/writer";

/** Where the writing of a piece's entries stands. */
@unmanaged
class AccessWriter {
  walk: FragmentWalk;
  /** Where the next fragment starts in the output. */
  offset: u64;
  /** Ticks of the box at the piece's start that are not presented and lie ahead. */
  hidden: u64;
  /** Where the piece ends, in ticks of the reference track. */
  end: i64;
}

/**
 * Opens the writing of a piece's entries.
 * @param offset where the piece's first fragment starts in the output
 * @param hiddenStart ticks of the box's timescale at the piece's start that are not presented, and so not counted in `sidx`
 */
export function openAccess(piece: Piece, offset: u64, hiddenStart: u64): void {
  const writer = make<AccessWriter>();
  if (failed()) return;
  piece.work = changetype<usize>(writer);
  writer.offset = offset;
  writer.hidden = hiddenStart;
  writer.end = referenceEnd(piece);
  writer.walk = openFragments(piece);
}

/**
 * Writes the next of a piece's entries of either box, those of `most` samples or a little more. RESULT: the entries and their
 * length; the state.
 * @param timescale of the box: times are rescaled from the reference track's
 * @param hiddenEnd ticks of `timescale` at the piece's end that are not presented
 */
export function writeAccessEntries(piece: Piece, table: u32, timescale: u32, hiddenEnd: u64, most: u32): void {
  const writer = changetype<AccessWriter>(piece.work);
  const walk = writer.walk;
  if (!walk.nextPage(most)) return;
  const fragments = layPage(walk).fragments;
  if (failed()) return;
  const out = newWriter(<u64>piece.fragments * (table == Table.Sidx ? SIDX_ENTRY : TFRA_ENTRY));
  if (out == null) return;
  const from = load<u32>(pieceTrack(piece, piece.reference), PieceTrack.TIMESCALE);
  for (let i: u32 = 0; i < piece.fragments; i++) {
    const fragment = fragments + <usize>i * Fragment.SIZE;
    const size = load<u32>(fragment, Fragment.HEADER_LENGTH) + load<u64>(fragment, Fragment.MEDIA_LENGTH);
    if (table == Table.Sidx) {
      const lastOfPage = i + 1 == piece.fragments;
      const last = lastOfPage && walk.done;
      const start = rescale(load<i64>(fragment, Fragment.DTS), from, timescale);
      let next = writer.end;
      if (!last)
        next = lastOfPage ? load<i64>(walk.next, Start.DTS) : load<i64>(fragment + Fragment.SIZE, Fragment.DTS);
      let duration = <u64>(rescale(next, from, timescale) - start);
      const hidden = min(writer.hidden, duration);
      writer.hidden -= hidden;
      duration -= hidden;
      if (last) duration -= min(hiddenEnd, duration);
      putSidxEntry(out, <u32>size, <u32>duration, load<u32>(fragment, Fragment.FLAGS) != 0);
    } else putTfraEntry(out, rescale(load<i64>(fragment, Fragment.PTS), from, timescale), writer.offset);
    writer.offset += size;
  }
  output(out.start, out.next - out.start);
  suspended(changetype<usize>(piece), piece.scratch, walk.done);
}

function referenceEnd(piece: Piece): i64 {
  const durations = newDurationCursor();
  if (failed()) return 0;
  durations.open(piece, piece.reference);
  durations.moveToLast();
  return durations.dts() + durations.lastDuration;
}

/** Writes the head of a `sidx` box for `count` references that follow it. RESULT: the bytes. */
export function writeAccessHead(trackId: u32, timescale: u32, start: u64, distance: u64, count: u32): void {
  const out = newWriter(40);
  if (out == null) return;
  writeSidx(out, trackId, timescale, start, distance, count);
  output(out.start, out.next - out.start);
}

/**
 * Writes `mfra` for one track with `count` entries: its head, and (Result.COUNT) how many of the last bytes go after them. An
 * empty `free` box keeps it apart from the media that `sidx` refers to: ffmpeg, and Chromium with it, else reads fragments
 * in any order by `sidx`, and mixes up the samples of those with several track runs.
 */
export function writeAccessEnd(trackId: u32, count: u32): void {
  const out = newWriter(64);
  if (out == null) return;
  endBox(out, beginBox(out, Code.free));
  const mfro = writeMfra(out, trackId, count);
  output(out.start, out.next - out.start);
  store<u32>(RESULT, <u32>(out.next - mfro), Result.COUNT);
}
