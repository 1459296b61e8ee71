import type { MovieClock } from "./records/movie-clock.ts";

/** One kept top-level box of a file. */
export interface MetadataBox {
  /** Where it starts in the file. */
  readonly offset: number;
  /** The box, header included. */
  readonly bytes: Uint8Array;
}

/** What indexing a file gives. */
export interface BuiltIndex {
  /** The segment index. */
  readonly index: Uint8Array;
  /** What the file says of the time it was recorded; the index does not keep it. */
  readonly clock: MovieClock;
}
