import type { Generated } from "kysely";

/** Life cycle of a row: `pending` (object being written), `ready` (served), `tombstone` (deleted, object may exist). */
export type SegmentState = "pending" | "ready" | "tombstone";

/** One row a segment. All columns a `ready` row needs are set when it becomes ready; until then they are 0 or empty. */
export interface SegmentTable {
  id: Generated<number>;
  stream_path: string;
  state: SegmentState;
  /** When the row entered its state, milliseconds since 1970; of a pending one, when its upload was last heard of. */
  state_ms: number;
  start_ms: Generated<number>;
  end_ms: Generated<number>;
  format: Generated<"mp4" | "fmp4">;
  codecs: Generated<string>;
  key: string;
  size: Generated<number>;
  etag: Generated<string>;
  event_level: Generated<"high" | "low" | null>;
  summary: Generated<Uint8Array>;
  /** Bytes of the row in `segment_indexes`, so that pages of indexes can be cut to size without reading them. */
  index_size: Generated<number>;
  idempotency_key: string | null;
  /** Who uploads, or has uploaded; empty: nobody who can be told apart. */
  owner: Generated<string>;
  created_ms: number;
  /** The start as it was stated, where that is known to a precision only; null: `start_ms` is exact. */
  stated_ms: Generated<number | null>;
  precision_ms: Generated<number>;
  /** Start and duration of such a segment in microseconds. */
  start_us: Generated<number>;
  duration_us: Generated<number>;
  /** Where its media segments of usual length begin, as `notedGroups` says it; null: the index does. */
  groups: Generated<string | null>;
  /** Whether `warningsOf` its summary has something to say; null, of rows of older versions: it is to be asked. */
  warned: Generated<0 | 1 | null>;
}

/** The first part of a segment's index, apart from its row so that listing never reads it. */
export interface SegmentIndexTable {
  segment_id: number;
  data: Uint8Array;
}

/** What the index of a long segment has beyond its first part. */
export interface SegmentIndexPartTable {
  segment_id: number;
  /** From 1. */
  part: number;
  data: Uint8Array;
}

/** Totals of a stream's ready segments, kept in the transaction that changes them. */
export interface StreamTable {
  stream_path: string;
  count: number;
  bytes: number;
  start_ms: number;
  end_ms: number;
  /** The longest segment the stream has held, milliseconds: bounds in how many buckets an overlap is looked for. */
  longest_ms: number;
  /** Bytes of those that were recorded here: of `RECORDER`. */
  recorded_bytes: Generated<number>;
}

/** Number of ready segments of a stream that start in one bucket of time; see `BUCKET_MS`. */
export interface StreamCountTable {
  stream_path: string;
  bucket: number;
  /** `high`, `low` or empty. */
  event_level: "high" | "low" | "";
  count: number;
  /** The latest end of those segments. */
  reach_ms: Generated<number>;
  /** Another number after every change of a ready segment that is counted here; told apart by chance. */
  version: Generated<number>;
}

/** Folders whose files are segments where they lie. */
export interface MountTable {
  id: Generated<number>;
  path: string;
}

/** A folder that belongs to the catalog, and what it is known again by. */
export interface FolderTable {
  name: string;
  identity: string;
}

/** One uploaded file; see `UploadRows`. */
export interface UploadTable {
  id: Generated<number>;
  area: "store" | "public";
  key: string;
  state: "pending" | "stored" | "tombstone";
  /** When a pending upload may be given up, milliseconds since 1970. */
  until_ms: number;
  content_type: Generated<string>;
  size: Generated<number>;
  etag: Generated<string>;
  image_class_id: number;
  /** JSON of what a video is made of. */
  media: Generated<string | null>;
  created_ms: number;
}

/** The segment index of an uploaded MP4. */
export interface UploadIndexTable {
  upload_id: number;
  data: Uint8Array;
}

/** An upload that arrives in pieces; see `TusRows`. */
export interface TusUploadTable {
  id: string;
  owner: string;
  /** Bytes of the whole file. Not `length`: rows are arrays, too. */
  total: number;
  received: Generated<number>;
  /** How many rows of `resumable_pieces` there were, and the last one, which has none. */
  pieces: Generated<number>;
  file_name: string;
  image_class_id: number;
  /** When it is over. */
  until_ms: number;
  file_key: Generated<string | null>;
  /** JSON of an `AnnouncedSegment`; null: it becomes a file. */
  segment: string | null;
  segment_id: Generated<number | null>;
}

/** A stored piece of a resumable upload. */
export interface TusPieceTable {
  upload_id: string;
  offset: number;
  size: number;
  key: string;
  etag: string;
}

/** Where a stream comes from; see `Source`. */
export interface SourceTable {
  stream_path: string;
  url: string;
  mode: "auto" | "demand" | "event";
  fragment_ms: number | null;
  retention_ms: number | null;
  retention_bytes: number | null;
  /** JSON. */
  labels: string;
  /** Who has set it; empty: an administrator. */
  owner: Generated<string>;
  stopped: Generated<0 | 1>;
  protected_ms: number | null;
}

/** Something that happened on a stream; see `StreamEvent`. */
export interface EventTable {
  id: Generated<number>;
  stream_path: string;
  event_id: string;
  name: string;
  description: string;
  level: "high" | "low";
  start_ms: number;
  end_ms: number;
  created_ms: number;
}

/** Work that one node at a time holds; see `Leases`. */
export interface LeaseTable {
  name: string;
  holder: string;
  token: number;
  until_ms: number;
}

/** The catalog's tables, for kysely. */
export interface Schema {
  segments: SegmentTable;
  segment_indexes: SegmentIndexTable;
  segment_index_parts: SegmentIndexPartTable;
  streams: StreamTable;
  stream_counts: StreamCountTable;
  places: MountTable;
  folders: FolderTable;
  sources: SourceTable;
  leases: LeaseTable;
  events: EventTable;
  uploads: UploadTable;
  upload_indexes: UploadIndexTable;
  resumable_uploads: TusUploadTable;
  resumable_pieces: TusPieceTable;
}
