/** Where an output's media bytes come from. */
import { Part, Piece, pieceTrack } from "./piece";
import { Span } from "./records/output";
import { PieceTrack } from "./records/piece";
import { reserve } from "./status";

/** Room for the spans of all parts of a piece; 0 when memory is out. */
export function reserveSpans(piece: Piece): usize {
  return reserve((<u64>piece.partCount + <u64>piece.inlinedCount * 2 + 1) * Span.SIZE);
}

/** Appends the parts' bytes to Span records, adjacent ones merged. Returns the number of spans. */
export function appendSpans(piece: Piece, part: usize, end: usize, spans: usize, used: u32): u32 {
  const begun = used;
  for (; part < end; part += Part.SIZE) {
    const prefix = load<u32>(pieceTrack(piece, load<u32>(part, Part.SLOT)), PieceTrack.PREFIX);
    let offset = load<u64>(part, Part.OFFSET);
    const until = offset + load<u64>(part, Part.BYTES);
    let inlined = piece.inlined + ((<usize>load<u32>(part, Part.FIRST_INLINED)) << 3);
    for (let left = load<u32>(part, Part.INLINED); left > 0; left--, inlined += 8) {
      const sample = load<u64>(inlined);
      used = append(spans, begun, used, offset, sample - offset);
      used = append(spans, begun, used, u64.MAX_VALUE, prefix);
      offset = sample;
    }
    used = append(spans, begun, used, offset, until - offset);
  }
  return used;
}

function append(spans: usize, begun: u32, used: u32, offset: u64, length: u64): u32 {
  if (length == 0) return used;
  if (used > begun && offset != u64.MAX_VALUE) {
    const last = spans + <usize>(used - 1) * Span.SIZE;
    const from = load<u64>(last, Span.OFFSET);
    if (from != u64.MAX_VALUE && from + load<u64>(last, Span.LENGTH) == offset) {
      store<u64>(last, load<u64>(last, Span.LENGTH) + length, Span.LENGTH);
      return used;
    }
  }
  const span = spans + <usize>used * Span.SIZE;
  store<u64>(span, offset, Span.OFFSET);
  store<u64>(span, length, Span.LENGTH);
  return used + 1;
}
