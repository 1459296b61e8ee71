import type { TrackHeaders } from "./layout.ts";
import type { Composition } from "../planning/composition.ts";

/** About what a plan and both its layouts take in memory, bytes: besides, and for each of what they are made of. */
const PLAN_BYTES = 10_000;
const PIECE_BYTES = 500;
const PIECE_TRACK_BYTES = 250;
const INTERVAL_BYTES = 100;
/** Headers of an output hold its sample entries and kept boxes once more in each format, and while they are made. */
const DESCRIPTION_COPIES = 4;

/** About what is kept with a plan, bytes. */
export function weightOf(
  { pieces, tracks, gaps, coverage, chapterStarts: spans, clock }: Composition,
  headers: readonly TrackHeaders[],
): number {
  const intervals = gaps.length + coverage.length + spans.length + clock.length;
  const kept = new Set(headers.map((header) => header.kept));
  const parts = [...headers.map(({ descriptions }) => descriptions), ...kept];
  const raw = parts.reduce((sum, { length }) => sum + length, 0);
  const inline = new Set(pieces.map((piece) => piece.inline));
  const sets = [...inline].reduce((sum, { length }) => sum + length, 0);
  const made = pieces.reduce((sum, piece) => sum + (piece.made?.index?.length ?? 0), 0);
  const records = tracks.reduce((sum, track) => sum + track.descriptions.length, 0);
  return (
    PLAN_BYTES +
    pieces.length * (PIECE_BYTES + tracks.length * PIECE_TRACK_BYTES) +
    (intervals + records) * INTERVAL_BYTES +
    raw * DESCRIPTION_COPIES +
    sets +
    made
  );
}
