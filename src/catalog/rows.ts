import { sql, type RawBuilder, type Selectable } from "kysely";
import type { SegmentTable } from "./schema.ts";
import type { EventLevel, ListedSegment, Segment } from "./types.ts";

/** The owner of what is recorded: no caller has this name. */
export const RECORDER = "recorder";

export const segmentColumns = [
  "id",
  "stream_path",
  "start_ms",
  "end_ms",
  "format",
  "codecs",
  "key",
  "size",
  "etag",
  "event_level",
  "summary",
  "groups",
  "created_ms",
] as const;

export type SegmentRow = Pick<Selectable<SegmentTable>, Exclude<(typeof segmentColumns)[number], "id"> | "id">;

const alike = sql`twin.state = 'ready' and twin.stream_path = segments.stream_path and twin.size = segments.size and twin.id <> segments.id`;
const stated = sql`coalesce(segments.stated_ms, segments.start_ms)`;

/** `AddedSegment.twin` of a row of `segments`, or null. One query with "or" would go through all segments of the stream. */
export const twinOfRow = sql<number | null>`(select min(id) from (
  select id from segments as twin where ${alike} and twin.stated_ms = ${stated}
  union all select id from segments as twin where ${alike} and twin.stated_ms is null and twin.start_ms = ${stated}))`;

/** A row as the rest of boxcar sees it. */
export function segmentOf(row: SegmentRow): Segment {
  return {
    id: row.id,
    streamPath: row.stream_path,
    startMs: row.start_ms,
    endMs: row.end_ms,
    format: row.format,
    codecs: row.codecs,
    key: row.key,
    size: row.size,
    etag: row.etag,
    eventLevel: row.event_level,
    summary: bytesOf(row.summary),
    groups: row.groups ?? undefined,
    createdMs: row.created_ms,
    identity: identityOf(row.key),
  };
}

/** The columns of a `Segment` but for its stream path and summary as one JSON text: clients take long for each column. */
export const packedColumns = sql<string>`json_array(id, start_ms, end_ms, format, codecs, key, size, etag, event_level,
  created_ms, groups, length(summary))`;

type Packed = [
  ...[id: number, startMs: number, endMs: number, format: Segment["format"], codecs: string, key: string, size: number],
  ...[etag: string, eventLevel: EventLevel | null, createdMs: number, groups: string | null, summaryLength: number],
];

/** The segment of a row that was read with `packedColumns`. */
export function segmentOfPacked(streamPath: string, packed: string, summary: Uint8Array | ArrayBuffer): Segment {
  return segmentOfValues(streamPath, JSON.parse(packed) as Packed, bytesOf(summary));
}

/** Rows of a query as one, `JoinedSegments`: clients take three times as long for some hundred. */
export function joined(rows: RawBuilder<unknown>): RawBuilder<JoinedSegments> {
  // The cast gives back the bytes as they are: as text they are no other.
  return sql<JoinedSegments>`select group_concat(packed) as packed, cast(group_concat(summary, '') as blob) as summaries from (${rows})`;
}

/** What `joined` gives of rows with `packedColumns` as `packed`, and `summary`; null where there are none. */
export interface JoinedSegments {
  readonly packed: string | null;
  readonly summaries: ArrayBuffer | null;
}

/** Their segments, in order. */
export function segmentsOfJoined(streamPath: string, { packed, summaries }: JoinedSegments): Segment[] {
  if (packed === null || summaries === null) return [];
  const [bytes, rows] = [bytesOf(summaries), JSON.parse(`[${packed}]`) as Packed[]];
  let at = 0;
  // In memory of its own: who keeps one keeps no others.
  return rows.map((row) => segmentOfValues(streamPath, row, bytes.slice(at, (at += row[11]))));
}

function segmentOfValues(
  streamPath: string,
  [id, startMs, endMs, format, codecs, key, size, etag, eventLevel, createdMs, groups]: Packed,
  summary: Uint8Array,
): Segment {
  const identity = identityOf(key);
  const more = groups ?? undefined;
  // prettier-ignore
  return { id, streamPath, startMs, endMs, format, codecs, key, size, etag, eventLevel, createdMs, identity, summary, groups: more };
}

/** The columns of a `ListedSegment` but for its summary, as `packedColumns` has those of a `Segment`. */
export const listedColumns = sql<string>`json_array(id, segments.stream_path, start_ms, end_ms, format, codecs, key, size,
  segments.event_level, created_ms, warned)`;

type Listed = [
  ...[id: number, streamPath: string, startMs: number, endMs: number, format: Segment["format"], codecs: string],
  ...[key: string, size: number, eventLevel: EventLevel | null, createdMs: number, warned: 0 | 1 | null],
];

/**
 * The segments of rows that were read with `listedColumns`, which commas join: one text of all takes a quarter of the time of
 * one each.
 * @param summariesOf gets those by id of which there may be something to warn
 */
export async function listedSegments(
  joined: string,
  summariesOf: (ids: readonly number[]) => Promise<ReadonlyMap<number, Uint8Array>>,
): Promise<ListedSegment[]> {
  const rows = JSON.parse(`[${joined}]`) as Listed[];
  const warned = rows.filter((row) => row[10] !== 0).map(([id]) => id);
  const summaries = warned.length === 0 ? undefined : await summariesOf(warned);
  return rows.map(([id, streamPath, startMs, endMs, format, codecs, key, size, eventLevel, createdMs]) => {
    const summary = summaries?.get(id);
    return { id, streamPath, startMs, endMs, format, codecs, key, size, eventLevel, createdMs, summary };
  });
}

/** What names the bytes of an object: its key, which is written once; of a file that others may change (`@1/…`) id and ETag. */
export function identityOf(key: string): string | undefined {
  return key.startsWith("@") ? undefined : key;
}

/** A BLOB column: libSQL drivers answer with an ArrayBuffer. */
export function bytesOf(blob: Uint8Array | ArrayBuffer): Uint8Array {
  return blob instanceof Uint8Array ? blob : new Uint8Array(blob);
}
