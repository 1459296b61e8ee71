import { lengthOf } from "../../base/bytes.ts";
import type { TrackHeaders } from "./layout.ts";
import type { Composition } from "../planning/composition.ts";

/** About what a plan and both its layouts take in memory, bytes: besides, and for each of what they are made of. */
const PLAN_BYTES = 10_000;
/** Where each piece begins and ends: in each table of a progressive file, in its media, and among fragments. */
const PLACES_OF_TRACK = 14;
const PLACES = 6;
const PLACE_BYTES = 8;
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
  const raw = lengthOf(parts);
  const records = tracks.reduce((sum, track) => sum + track.descriptions.length, 0);
  return (
    PLAN_BYTES +
    pieces.weight +
    pieces.length * (PLACES + tracks.length * PLACES_OF_TRACK) * PLACE_BYTES +
    (intervals + records) * INTERVAL_BYTES +
    raw * DESCRIPTION_COPIES
  );
}
