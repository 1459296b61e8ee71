import type { ByteSpan } from "../base/ports.ts";
import type { Fence } from "../catalog/leases.ts";

/** What a file of the spool is to become. */
export interface SpoolEntry {
  readonly streamPath: string;
  /** Key of the segment's object. */
  readonly key: string;
  /** Id of its pending row; undefined while the catalog does not answer. */
  readonly id: number | undefined;
  /** The lease that its stream is recorded under. */
  readonly fence?: Fence | undefined;
}

/**
 * A segment that is being recorded, on this machine's disk: it grows part by part, and what `append` has answered for
 * survives a loss of power.
 */
export interface SpoolFile {
  readonly entry: SpoolEntry;
  /** Bytes that are safe. */
  readonly size: number;
  /** When the segment starts, milliseconds since 1970, not rounded, as was last said. */
  readonly startMs: number;
  /**
   * Writes bytes behind those that are there, all or nothing, and waits until they are safe.
   * @param startMs when the segment starts, as far as that is known by now
   * @throws BoxcarError `store_full` (507), `store_failed` (503)
   */
  append(chunks: readonly Uint8Array[], startMs: number): Promise<void>;
  /** Yields exactly `span.length` bytes, or throws. A chunk is only valid until the next one is asked for. */
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
  /** Ends writing. What is there stays to be read. */
  close(): Promise<void>;
  /** Removes the file. */
  remove(): Promise<void>;
  /** Puts the file where it is kept for a week, for a person to look at. @param why what stands beside it */
  setAside(why: string): Promise<void>;
}

/** Bytes that are needed for a while at most, and not after a crash. */
export interface Scratch {
  read(): Promise<Uint8Array>;
  /** Removes them; never fails. */
  remove(): Promise<void>;
}

/** Where segments are kept while they are recorded, and until the store has them. */
export interface Spool {
  /** Begins a file. @throws BoxcarError as `SpoolFile.append` does */
  create(entry: SpoolEntry): Promise<SpoolFile>;
  /** Keeps bytes outside of memory. @throws BoxcarError as `SpoolFile.append` does */
  scratch(chunks: readonly Uint8Array[]): Promise<Scratch>;
  /** Files that processes which are gone have left, cut to what is safe in them. Each is handed out once. */
  leftovers(): AsyncIterable<SpoolFile>;
  /** Bytes that it has room for; undefined where that is not known. */
  room(): Promise<number | undefined>;
  /** Removes files that were set aside a week before a moment, or earlier. */
  sweep(nowMs: number): Promise<void>;
}
