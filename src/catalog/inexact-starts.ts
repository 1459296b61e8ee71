import type { Interval } from "../base/interval.ts";
import { sql, type CompiledQuery, type Expression, type Kysely } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import {
  CUT_PRECISION_MS,
  deriveStart,
  endMsOf,
  leading,
  startMsOf,
  type InexactRow,
  type Stated,
} from "./derive-start.ts";
import { bytesOf } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { bucketOf, countMoved, EARLIEST_MS, narrowTotals } from "./totals.ts";

/** Inexact starts as the catalog keeps them: see `deriveStart` for the rule. */

/** Rows looked at together. */
const PAGE = 64;
/** Rows changed together, about. */
const MOST_MOVES = 256;

/** The exact segment that one may follow that was cut amid a group of pictures. */
interface ExactBefore {
  readonly exact_id: number | null;
  readonly exact_start_ms: number | null;
  readonly exact_end_ms: number | null;
  readonly exact_summary: Uint8Array | ArrayBuffer | null;
}

/** Asks for a segment whose start is derived from the exact one that is about to become ready: `settleStarts` is to be called then. */
export function followerOf(
  db: Kysely<Schema>,
  id: number,
  { startMs, endMs }: Interval,
): CompiledQuery<{ id: number }> {
  return sql<{ id: number }>`select id from segments where state = 'ready'
    and stream_path = (select stream_path from segments where id = ${id})
    and stated_ms > ${Math.max(startMs, endMs - CUT_PRECISION_MS - 1)} and stated_ms <= ${endMs + CUT_PRECISION_MS}
    and precision_ms = ${CUT_PRECISION_MS} limit 1`.compile(db);
}

/** The start of a segment that is about to become ready, microseconds. */
export async function derivedStart(
  db: Kysely<Schema>,
  streamPath: string,
  id: number,
  stated: Stated,
): Promise<number> {
  const before = await rowBefore(db, streamPath, { ms: stated.statedMs, id });
  if (stated.precisionMs !== CUT_PRECISION_MS) return deriveStart(stated, before).us;
  const exact = await db
    .selectFrom("segments")
    .select(["id as exact_id", "start_ms as exact_start_ms", "end_ms as exact_end_ms", "summary as exact_summary"])
    .where("id", "=", exactBefore(streamPath, sql.val(stated.statedMs), sql.val(before?.stated_ms ?? EARLIEST_MS)))
    .executeTakeFirst();
  return deriveStart(stated, leading(exact && exactOf(exact), before)).us;
}

/** A segment that is about to become ready, with an inexact start; microseconds where not said otherwise. */
export interface InexactTimes extends Stated {
  readonly durationUs: number;
}

/**
 * Where segments start that are about to become ready together, microseconds, in the order of their stated starts: as it is when
 * nothing is recorded among them, which `settleStarts` finds out.
 */
export async function derivedStarts(
  db: Kysely<Schema>,
  streamPath: string,
  segments: readonly InexactTimes[],
): Promise<number[]> {
  const [first] = segments;
  if (first === undefined) return [];
  let before = await rowBefore(db, streamPath, { ms: first.statedMs, id: Number.MAX_SAFE_INTEGER });
  return segments.map(({ durationUs, ...stated }) => {
    const { us } = deriveStart(stated, before);
    const times = { start_us: us, duration_us: durationUs, end_ms: endMsOf(us, durationUs) };
    const { statedMs, precisionMs, summary } = stated;
    before = { id: 0, stated_ms: statedMs, precision_ms: precisionMs, summary, ...times };
    return us;
  });
}

/** Where a segment stands in the order of stated starts. */
export interface Position {
  /** Stated start, milliseconds. */
  readonly ms: number;
  readonly id: number;
}

/**
 * Brings the starts of segments and of those that follow them up to date, and the end of the one before them. To be called
 * when they have become ready; calling it again changes nothing. Rows that another node changes meanwhile are looked at anew.
 * @param from the first of them
 * @param upTo the last of them
 */
export async function settleStarts(
  db: CatalogDatabase,
  streamPath: string,
  from: Position,
  upTo: Position = from,
): Promise<void> {
  let past = upTo;
  for (;;) {
    const moves = await movesFrom(db.primary, streamPath, from, past);
    const last = moves.at(-1);
    if (last === undefined) return;
    const changes = moves.flatMap((move) => changesOf(db.primary, move));
    const moved = sql`from segments where id in (${sql.join([from.id, ...moves.map(({ row }) => row.id)])})`;
    await db.batch([...changes, ...narrowTotals(db.primary, streamPath, moved)]);
    // Of what was changed, some may have been changed by others first: it is looked at again as far as it went.
    if (isBefore(past, last.at)) past = last.at;
  }
}

/** New times of a segment. */
interface Move {
  readonly row: InexactRow;
  readonly at: Position;
  readonly us: number;
  readonly endMs: number;
}

function positionOf({ stated_ms: ms, id }: InexactRow): Position {
  return { ms, id };
}

function isBefore(a: Position, b: Position): boolean {
  return a.ms < b.ms || (a.ms === b.ms && a.id < b.id);
}

/** What has to move, from the segment before a position on, to the first behind `past` that need not. */
async function movesFrom(db: Kysely<Schema>, streamPath: string, from: Position, past: Position): Promise<Move[]> {
  const moves: Move[] = [];
  let before = await rowBefore(db, streamPath, from);
  let at = { ms: from.ms, id: from.id - 1 };
  while (moves.length < MOST_MOVES) {
    const rows: (InexactRow & ExactBefore)[] = await inexact(db, streamPath)
      .leftJoin("segments as exact", (join) =>
        join
          .on("segments.precision_ms", "=", CUT_PRECISION_MS)
          // Only then: SQLite would look for it anyway.
          .on(
            "exact.id",
            "=",
            sql<number>`case when segments.precision_ms = ${CUT_PRECISION_MS} then
            ${exactBefore(streamPath, sql.ref("segments.stated_ms"), statedBefore)} end`,
          ),
      )
      .select(["exact.id as exact_id", "exact.start_ms as exact_start_ms", "exact.end_ms as exact_end_ms"])
      .select("exact.summary as exact_summary")
      .where(sql<boolean>`(segments.stated_ms, segments.id) > (${at.ms}, ${at.id})`)
      .orderBy("segments.stated_ms")
      .orderBy("segments.id")
      .limit(PAGE)
      .execute();
    for (const row of rows) {
      const stated = { statedMs: row.stated_ms, precisionMs: row.precision_ms, summary: bytesOf(row.summary) };
      const led = leading(exactOf(row), before);
      const { us, follows } = deriveStart(stated, led);
      if (before !== undefined && before === led) {
        const endMs = follows ? startMsOf(us) : endMsOf(before.start_us, before.duration_us);
        const known = moves.at(-1)?.at.id === before.id ? moves.pop() : undefined;
        const moved = { row: before, us: before.start_us, ...known, at: positionOf(before), endMs };
        if (known !== undefined || endMs !== before.end_ms) moves.push(moved);
      }
      const isMoved = us !== row.start_us;
      if (isMoved) moves.push({ row, at: positionOf(row), us, endMs: endMsOf(us, row.duration_us) });
      else if (isBefore(past, positionOf(row))) return moves;
      before = { ...row, start_us: us };
    }
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined) break;
    at = positionOf(last);
  }
  return moves;
}

/** Moves a segment, unless it has been moved since its row was read. */
function changesOf(db: Kysely<Schema>, { row, us, endMs }: Move): CompiledQuery[] {
  const startMs = startMsOf(us);
  const unchanged = sql`from segments where id = ${row.id} and state = 'ready'
    and start_us = ${row.start_us} and end_ms = ${row.end_ms}`;
  return [
    ...countMoved(db, unchanged, { bucket: bucketOf(startMs), endMs }),
    sql`update segments set start_us = ${us}, start_ms = ${startMs}, end_ms = ${endMs}
      where id in (select id ${unchanged})`.compile(db),
  ];
}

/** What a row says of the exact segment before it, if there is one. */
function exactOf(row: ExactBefore): InexactRow | undefined {
  const { exact_id: id, exact_start_ms: startMs, exact_end_ms: endMs, exact_summary: summary } = row;
  if (id === null || startMs === null || endMs === null || summary === null) return undefined;
  const times = { start_us: startMs * 1000, duration_us: (endMs - startMs) * 1000, end_ms: endMs };
  return { id, stated_ms: startMs, precision_ms: 0, ...times, summary };
}

/** The stated start of the segment before the one of `segments`, milliseconds. */
const statedBefore = sql<number>`coalesce((select stated_ms from segments as stated where stated.state = 'ready'
  and stated.stated_ms is not null and stated.stream_path = segments.stream_path
  and (stated.stated_ms, stated.id) < (segments.stated_ms, segments.id)
  order by stated.stated_ms desc, stated.id desc limit 1), ${sql.lit(EARLIEST_MS)})`;

/**
 * Id of the last segment with an exact start before a moment, milliseconds.
 * @param sinceMs the start of the one before with an inexact start: what is before it is not followed, and a stream may have thousands
 */
function exactBefore(streamPath: string, ms: Expression<number | null>, sinceMs: Expression<number>) {
  return sql<number>`(select id from segments as earlier where earlier.state = 'ready' and earlier.stated_ms is null
    and earlier.stream_path = ${streamPath} and earlier.start_ms < ${ms} and earlier.start_ms >= ${sinceMs}
    order by earlier.start_ms desc, earlier.id desc limit 1)`;
}

async function rowBefore(
  db: Kysely<Schema>,
  streamPath: string,
  { ms, id }: Position,
): Promise<InexactRow | undefined> {
  return inexact(db, streamPath)
    .where(sql<boolean>`(segments.stated_ms, segments.id) < (${ms}, ${id})`)
    .orderBy("segments.stated_ms", "desc")
    .orderBy("segments.id", "desc")
    .limit(1)
    .executeTakeFirst();
}

function inexact(db: Kysely<Schema>, streamPath: string) {
  return db
    .selectFrom("segments")
    .select(["segments.id", "segments.precision_ms", "segments.start_us", "segments.duration_us", "segments.end_ms"])
    .select(["segments.summary", sql<number>`segments.stated_ms`.as("stated_ms")])
    .where("segments.state", "=", sql.lit("ready" as const))
    .where("segments.stated_ms", "is not", null)
    .where("segments.stream_path", "=", streamPath);
}
