import { sql, type Kysely } from "kysely";
import { concatenated } from "../base/bytes.ts";
import { checkedPrecision, durationUsOf } from "./add-segment.ts";
import { lastOf, type CatalogDatabase } from "./database.ts";
import { CUT_PRECISION_MS, endMsOf, startMsOf } from "./derive-start.ts";
import { derivedStarts, settleStarts, type Position } from "./inexact-starts.ts";
import { segmentColumns, segmentOf, twinOfRow } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { PART_BYTES } from "./segment-indexes.ts";
import { countAdded } from "./totals.ts";
import type { AddedSegment, LyingSegment } from "./types.ts";

/** A segment with its times as the columns of its row have them. */
interface Placed {
  readonly segment: LyingSegment;
  readonly startMs: number;
  readonly endMs: number;
  /** Absent: the start is exact. */
  readonly inexact?: readonly [statedMs: number, precisionMs: number, startUs: number, durationUs: number];
}

/** See `Catalog.addSegments`. */
export async function addSegments(
  db: CatalogDatabase,
  segments: readonly LyingSegment[],
): Promise<Map<string, AddedSegment>> {
  await db.checkRoom?.();
  const added = new Map<string, AddedSegment>();
  for (const group of groupsOf(segments)) {
    const streamPaths = [...new Set(group.map(({ streamPath }) => streamPath))];
    const placed: Placed[] = [];
    for (const path of streamPaths) {
      const own = group.filter(({ streamPath }) => streamPath === path);
      placed.push(...(await place(db.primary, path, own)));
    }
    const { ids, followed } = await insert(db, placed);
    for (const path of streamPaths) {
      const known = placed.filter(({ segment }) => segment.streamPath === path && ids.has(segment.key));
      const settling = followed.has(path) ? known : known.filter(({ inexact }) => inexact !== undefined);
      const [first, last] = [settling[0], settling.at(-1)].map((one) => one && positionOf(one, ids));
      if (first !== undefined && last !== undefined) await settleStarts(db, path, first, last);
    }
    for (const segment of await readBack(db.primary, [...ids.values()])) added.set(segment.key, segment);
  }
  return added;
}

/** Segments that one transaction takes, in the order of their starts: a libSQL server takes no more bytes in one value. */
function groupsOf(segments: readonly LyingSegment[]): LyingSegment[][] {
  const groups: LyingSegment[][] = [];
  let left = 0;
  for (const segment of segments.toSorted((a, b) => a.startMs - b.startMs)) {
    left -= segment.index.byteLength;
    if (left < 0 || groups.length === 0) {
      groups.push([]);
      left = PART_BYTES - segment.index.byteLength;
    }
    groups.at(-1)?.push(segment);
  }
  return groups;
}

/** Says when segments of one stream start and end, which are in the order of their starts. */
async function place(db: Kysely<Schema>, streamPath: string, segments: readonly LyingSegment[]): Promise<Placed[]> {
  const stated = segments.map((segment) => ({
    ...{ statedMs: segment.startMs, precisionMs: checkedPrecision(segment) },
    ...{ durationUs: durationUsOf(segment), summary: segment.summary },
  }));
  const starts = await derivedStarts(
    db,
    streamPath,
    stated.filter(({ precisionMs }) => precisionMs > 0),
  );
  return segments.map((segment, i) => {
    const { statedMs = 0, precisionMs = 0, durationUs = 0 } = stated[i] ?? {};
    const us = precisionMs > 0 ? starts.shift() : undefined;
    if (us === undefined) return { segment, startMs: segment.startMs, endMs: segment.endMs };
    const inexact = [statedMs, precisionMs, us, durationUs] as const;
    return { segment, startMs: startMsOf(us), endMs: endMsOf(us, durationUs), inexact };
  });
}

function positionOf({ segment, inexact }: Placed, ids: ReadonlyMap<string, number>): Position {
  return { ms: inexact?.[0] ?? segment.startMs, id: ids.get(segment.key) ?? 0 };
}

/** Columns whose values are given, and where the bytes of summary and index lie. */
const COLUMNS = [
  ...["stream_path", "key", "idempotency_key", "created_ms", "start_ms", "end_ms", "format", "codecs", "size", "etag"],
  ...["groups", "warned", "stated_ms", "precision_ms", "start_us", "duration_us", "index_size"],
];
const GIVEN = [...COLUMNS, "summary_size", "at"];

/**
 * Inserts rows and indexes. All values come as one JSON text and one BLOB, since clients take long for each.
 * @returns ids by key of those that were not there, and the streams in which the start of a segment may have to follow theirs
 */
async function insert(
  { primary, batch }: CatalogDatabase,
  placed: readonly Placed[],
): Promise<{ ids: Map<string, number>; followed: Set<string> }> {
  let at = 1; // as `substr` counts
  const values = placed.map(({ segment, startMs, endMs, inexact = [null, 0, 0, 0] }) => {
    const { streamPath, key, idempotencyKey, nowMs, format, codecs, size, etag, groups, warned } = segment;
    const from = at;
    at += segment.index.byteLength;
    return [
      ...[streamPath, key, idempotencyKey, nowMs, startMs, endMs, format, codecs, size, etag],
      ...[groups, warned === undefined ? null : Number(warned), ...inexact],
      ...[segment.index.byteLength, segment.summary.byteLength, from],
    ];
  });
  const bytes = concatenated(placed.map(({ segment }) => segment.index));
  const given = sql`(select ${sql.join(GIVEN.map((name, i) => sql`value ->> ${sql.lit(i)} as ${sql.ref(name)}`))}
    from json_each(${JSON.stringify(values)})) as given`;
  const added = sql`${given}
    where not exists (select 1 from segments where segments.key = given.key and state <> 'tombstone')
      and not exists (select 1 from segments where segments.stream_path = given.stream_path and owner = ''
        and segments.idempotency_key = given.idempotency_key)`;
  const columns = sql.join(COLUMNS.map((name) => sql.ref(name)));
  const results: readonly [...unknown[][], { id: number; key: string }[], unknown[], { path: string }[]] = await batch([
    ...countAdded(
      primary,
      sql`select stream_path, start_ms, end_ms, size, null as event_level, '' as owner from ${added}`,
    ),
    sql<{ id: number; key: string }>`insert into segments (${columns}, state, state_ms, summary)
      select ${columns}, 'ready', created_ms, substr(${bytes}, at, summary_size) from ${added}
      returning id, key`.compile(primary),
    sql`insert into segment_indexes (segment_id, data)
      select id, substr(${bytes}, at, given.index_size) from ${given}
      cross join segments on segments.key = given.key and state = 'ready'
      where not exists (select 1 from segment_indexes where segment_id = id)`.compile(primary),
    sql<{ path: string }>`select distinct given.stream_path as path from ${given}
      cross join segments on segments.stream_path = given.stream_path and state = 'ready'
        and segments.precision_ms = ${CUT_PRECISION_MS} and given.precision_ms = 0
        and segments.stated_ms > max(given.start_ms, given.end_ms - ${CUT_PRECISION_MS + 1})
        and segments.stated_ms <= given.end_ms + ${CUT_PRECISION_MS}`.compile(primary),
  ]);
  const ids = new Map((results.at(-3) as { id: number; key: string }[]).map(({ id, key }) => [key, id]));
  return { ids, followed: new Set(lastOf(results).map(({ path }) => path)) };
}

async function readBack(db: Kysely<Schema>, ids: readonly number[]): Promise<AddedSegment[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom("segments")
    .select([...segmentColumns, twinOfRow.as("twin")])
    .where("id", "in", ids)
    .execute();
  return rows.map((row) => ({ ...segmentOf(row), twin: row.twin ?? undefined }));
}
