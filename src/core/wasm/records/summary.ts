/** The start of a segment index: its header and track records. */
import {
  INDEX_HEADER_SIZE,
  readIndexHeader,
  readTrackRecord,
  TRACK_RECORD_SIZE,
  TrackRecordAt,
  type IndexHeader,
  type TrackRecord as Stored,
} from "../abi/records.ts";
import { u32 } from "../view.ts";

/** One track of a segment index. */
export interface TrackRecord extends Stored {
  /** Whether `tkhd` turns pictures by 90° or 270°, so that they are presented `height` wide. */
  readonly quarterTurn: boolean;
}

/** Header and track records of a segment index. */
export interface Summary extends Omit<IndexHeader, "fragmented" | "trackCount" | "jumpsOffset" | "jumpsLength"> {
  readonly bytes: Uint8Array;
  readonly fragmented: boolean;
  /** Where the kept boxes of the file start in its index, which they are the end of. */
  readonly keptOffset: number;
  readonly tracks: readonly TrackRecord[];
}

/** The start of an index without its columns: most of planning needs no more. A view of the same memory. */
export function summaryOf(index: Uint8Array): Uint8Array {
  return index.subarray(0, summaryLength(index));
}

/** 0 when it is too short to tell. */
function summaryLength(index: Uint8Array): number {
  if (index.byteLength < INDEX_HEADER_SIZE) return 0;
  const { trackCount } = readIndexHeader(new DataView(index.buffer, index.byteOffset), 0);
  return INDEX_HEADER_SIZE + trackCount * TRACK_RECORD_SIZE;
}

/** Whether bytes are as long as the summary they begin with. */
export function isSummary(bytes: Uint8Array): boolean {
  return bytes.length > 0 && summaryLength(bytes) === bytes.length;
}

/** Reads header and track records of an index, or of a summary cut from one. */
export function readSummary(bytes: Uint8Array): Summary {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { fragmented, trackCount, jumpsOffset, jumpsLength, ...header } = readIndexHeader(view, 0);
  const tracks = Array.from({ length: trackCount }, (_, trackIndex) => readTrack(view, recordAt(trackIndex)));
  return { ...header, bytes, fragmented: fragmented !== 0, keptOffset: jumpsOffset + jumpsLength, tracks };
}

/** What an output's track header takes from a track record as it is: OutputTrack.presentation. */
export function presentationOf(summary: Summary, trackIndex: number): Uint8Array {
  return summary.bytes.slice(recordAt(trackIndex) + TrackRecordAt.width, recordAt(trackIndex) + TrackRecordAt.codec);
}

function recordAt(trackIndex: number): number {
  return INDEX_HEADER_SIZE + trackIndex * TRACK_RECORD_SIZE;
}

function readTrack(view: DataView, at: number): TrackRecord {
  // a and b of the matrix (ISO/IEC 14496-12 section 8.3.2)
  const [a, b] = [u32(view, at + TrackRecordAt.matrix), u32(view, at + TrackRecordAt.matrix + 4)];
  return Object.assign(readTrackRecord(view, at), { quarterTurn: a === 0 && b !== 0 });
}
