/** What listings show. */
import { Scan } from "../abi/names.ts";
import { readBoxRecord, readSampleRecord } from "../abi/records.ts";
import { fourccText } from "../view.ts";

/** One sample, for listings and tests. Times in ticks on the segment's presentation timeline. */
export interface Sample {
  readonly trackIndex: number;
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
  const { bytes, flags, ...record } = readSampleRecord(view, at);
  return { ...record, size: bytes, sync: (flags & 1) === 1 };
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
  const { type, length, offset, depth } = readBoxRecord(view, at);
  return { type: fourccText(type), offset, size: length, depth };
}

/** What to do with a top-level box, told from its first 8 (or, on "more", 16) bytes. */
export interface ScannedHeader {
  readonly action: "more" | "skip" | "keep" | "note" | "end";
  readonly type: string;
  /** Bytes of the box with its header, 0 when it extends to the end of the file. */
  readonly size: number;
}

/** By value of Scan. */
export const ACTIONS: Readonly<Record<number, ScannedHeader["action"]>> = {
  [Scan.More]: "more",
  [Scan.Skip]: "skip",
  [Scan.Keep]: "keep",
  [Scan.Note]: "note",
  [Scan.End]: "end",
};
