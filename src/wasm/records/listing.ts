/** What listings show: the records of assembly/records/listing.ts. */
import { fourccText, i64, u32, u64 } from "./view.ts";

/** Bytes of a sample's record. */
export const SAMPLE_SIZE = 40;
/** Bytes of a box's record. */
export const BOX_SIZE = 24;

/** One sample, for listings and tests. Times in ticks on the segment's presentation timeline. */
export interface Sample {
  readonly slot: number;
  readonly size: number;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly dts: number;
  readonly compositionOffset: number;
  readonly sync: boolean;
  readonly duration: number;
  /** Sample description index, from 1. */
  readonly description: number;
}

/** Reads a sample's record. */
export function readSample(view: DataView, at: number): Sample {
  return {
    slot: u32(view, at),
    size: u32(view, at + 4),
    offset: u64(view, at + 8),
    dts: i64(view, at + 16),
    compositionOffset: view.getInt32(at + 24, true),
    sync: (u32(view, at + 28) & 1) === 1,
    duration: u32(view, at + 32),
    description: u32(view, at + 36),
  };
}

/** One box, for listings. */
export interface ListedBox {
  /** Four-character code. */
  readonly type: string;
  /** Where it starts in the file. */
  readonly offset: number;
  /** Bytes, header included. */
  readonly size: number;
  /** 0 for a top-level box. */
  readonly depth: number;
}

/** Reads a box's record. */
export function readBox(view: DataView, at: number): ListedBox {
  return {
    type: fourccText(u32(view, at + 16)),
    offset: u64(view, at),
    size: u64(view, at + 8),
    depth: u32(view, at + 20),
  };
}
