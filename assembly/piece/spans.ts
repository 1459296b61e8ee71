/** Where an output's media bytes come from. */
import { Status } from "../abi/names";
import { IndexHeader, PieceTrack, Span, TrackRecord } from "../abi/records";
import { newVarints, unzigzag } from "../index/columns";
import { allocate, shrinkTo } from "../memory/arena";
import { openParts, PartWalk } from "./part-walk";
import { Part, Piece, pieceTrack } from "./piece";
import { recordOf } from "../index/segment-index";
import { fail, failed, output, reserve, suspended } from "../memory/status";

/** Opens the list of a piece's media bytes. */
export function openSpans(piece: Piece): void {
  piece.work = changetype<usize>(openParts(piece));
  piece.scratch = allocate(0);
}

/**
 * Lists a piece's next media bytes in output order, of `most` runs of samples at most. RESULT: Span records and their
 * number; the state.
 */
export function listSpans(piece: Piece, most: u32): void {
  const bytes = wholeBytes(piece);
  const offset = bytes > 0 ? onlyJump(piece.index) : 0;
  const size = load<u64>(piece.index, IndexHeader.FILE_SIZE);
  if (bytes > size || offset > size - bytes) return fail(Status.BadIndex);
  shrinkTo(piece.scratch);
  const walk = changetype<PartWalk>(piece.work);
  const spans = reserve(((offset > 0 ? 0 : min<u64>(walk.wanted, most) * 2) + 1) * Span.SIZE);
  if (failed()) return;
  if (offset > 0) return output(spans, append(spans, 0, 0, <i64>offset, bytes));
  let used: u32 = 0;
  walk.steps = most;
  while (walk.advance()) {
    if (walk.inlined) used = appendInline(piece, spans, used, walk.trackIndex, walk.description);
    used = append(spans, 0, used, <i64>walk.offset, walk.bytes);
  }
  output(spans, used);
  suspended(changetype<usize>(piece), piece.scratch, walk.wanted == 0);
}

/** Media bytes of a piece that takes all samples of its segment as they are, else 0. */
function wholeBytes(piece: Piece): u64 {
  let bytes: u64 = 0;
  for (let trackIndex: u32 = 0; trackIndex < piece.trackCount; trackIndex++) {
    const record = recordOf(piece.index, trackIndex);
    const track = pieceTrack(piece, trackIndex);
    // Its first sample is number 0 then: `openPiece` has seen to that.
    if (load<u32>(track, PieceTrack.COUNT) != load<u32>(record, TrackRecord.SAMPLES)) return 0;
    if (load<u32>(track, PieceTrack.PREFIX) > 0) return 0;
    bytes += load<u64>(record, TrackRecord.BYTES);
  }
  return bytes;
}

/** Where a segment's media begins when its samples, of all tracks, lie one behind the other; else 0. */
function onlyJump(index: usize): u64 {
  const jumps = newVarints();
  if (failed()) return 0;
  jumps.open(index + load<u32>(index, IndexHeader.JUMPS_OFFSET), load<u32>(index, IndexHeader.JUMPS_LENGTH));
  if (!jumps.more || jumps.next() > 0) return 0;
  const offset = unzigzag(jumps.next());
  return jumps.more ? 0 : offset;
}

/**
 * Appends the parts' bytes to Span records, adjacent ones merged. Returns the number of spans.
 * @param inlinedOffsets as PartWalk has them
 */
export function appendSpans(
  piece: Piece,
  inlinedOffsets: usize,
  part: usize,
  end: usize,
  spans: usize,
  used: u32,
): u32 {
  const begun = used;
  for (; part < end; part += Part.SIZE) {
    const trackIndex = load<u32>(part, Part.TRACK_INDEX);
    const description = load<u32>(part, Part.DESCRIPTION);
    let offset = <i64>load<u64>(part, Part.OFFSET);
    const until = offset + <i64>load<u64>(part, Part.BYTES);
    let inlined = inlinedOffsets + ((<usize>load<u32>(part, Part.FIRST_INLINED)) << 3);
    for (let left = load<u32>(part, Part.INLINED); left > 0; left--, inlined += 8) {
      const sample = load<i64>(inlined);
      used = append(spans, begun, used, offset, sample - offset);
      used = appendInline(piece, spans, used, trackIndex, description);
      offset = sample;
    }
    used = append(spans, begun, used, offset, until - offset);
  }
  return used;
}

function append(spans: usize, begun: u32, used: u32, offset: i64, length: u64): u32 {
  if (length == 0) return used;
  if (used > begun) {
    const last = spans + <usize>(used - 1) * Span.SIZE;
    const from = load<i64>(last, Span.OFFSET);
    if (from >= 0 && from + load<i64>(last, Span.LENGTH) == offset) {
      store<u64>(last, load<u64>(last, Span.LENGTH) + length, Span.LENGTH);
      return used;
    }
  }
  return add(spans, used, offset, length);
}

/** Appends the inline bytes of a sample with a description of the segment, from 1. */
function appendInline(piece: Piece, spans: usize, used: u32, trackIndex: u32, description: u32): u32 {
  const prefix = load<u32>(pieceTrack(piece, trackIndex), PieceTrack.PREFIX);
  return add(spans, used, -1 - <i64>(description - 1) * prefix, prefix);
}

function add(spans: usize, used: u32, offset: i64, length: u64): u32 {
  const span = spans + <usize>used * Span.SIZE;
  store<i64>(span, offset, Span.OFFSET);
  store<u64>(span, length, Span.LENGTH);
  return used + 1;
}
