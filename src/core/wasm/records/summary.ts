/** The start of a segment index: its header and track records. */
import {
  INDEX_HEADER_SIZE,
  readIndexHeader,
  readTrackRecord,
  TRACK_RECORD_SIZE,
  TrackRecordAt,
  type IndexHeader,
  type TrackRecord,
} from "../abi/records.ts";
import { u32 } from "../view.ts";

export type { TrackRecord };

/** Header and track records of a segment index. */
export interface Summary extends Pick<
  IndexHeader,
  "length" | "fileSize" | "creationTime" | "warnings" | "reference" | "fragments" | "sampleCount"
> {
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
  const header = readIndexHeader(view, 0);
  const tracks: TrackRecord[] = [];
  for (let i = 0; i < header.trackCount; i++) tracks.push(readTrackRecord(view, recordAt(i)));
  const keptOffset = header.jumpsOffset + header.jumpsLength;
  // Field by field: a copy of all takes several times as long, and this is called for every summary that is read.
  const { length, fileSize, creationTime, warnings, reference, fragments, sampleCount } = header;
  const fragmented = header.fragmented !== 0;
  return {
    length,
    fileSize,
    creationTime,
    warnings,
    reference,
    fragments,
    sampleCount,
    bytes,
    fragmented,
    keptOffset,
    tracks,
  };
}

/** What an output's track header takes from a track record as it is: OutputTrack.presentation. */
export function presentationOf(summary: Summary, trackIndex: number): Uint8Array {
  return summary.bytes.slice(recordAt(trackIndex) + TrackRecordAt.width, recordAt(trackIndex) + TrackRecordAt.codec);
}

/** Whether `presentationOf` gives the same of two summaries. */
export function isPresentedAlike({ bytes }: Summary, { bytes: others }: Summary, trackIndex: number): boolean {
  const end = recordAt(trackIndex) + TrackRecordAt.codec;
  for (let i = recordAt(trackIndex) + TrackRecordAt.width; i < end; i++) if (bytes[i] !== others[i]) return false;
  return true;
}

function recordAt(trackIndex: number): number {
  return INDEX_HEADER_SIZE + trackIndex * TRACK_RECORD_SIZE;
}

/** Whether `tkhd` turns the pictures of a track by 90° or 270°, so that they are presented `height` wide. */
export function isQuarterTurn({ bytes, tracks }: Summary, track: TrackRecord): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = recordAt(tracks.indexOf(track)) + TrackRecordAt.matrix;
  // a and b of the matrix (ISO/IEC 14496-12 section 8.3.2)
  return u32(view, at) === 0 && u32(view, at + 4) !== 0;
}
