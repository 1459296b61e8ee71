import { sql, type CompiledQuery, type Kysely } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import type { Schema } from "./schema.ts";
import { bucketOf, countMoved, narrowTotals } from "./totals.ts";

/**
 * Starts that are only known to a precision, such as those of file names of whole seconds. A segment whose stated start
 * lies within the precisions of where the one before ends goes on there: its start is derived from it, so that no
 * distance or overlap is told that is none. Derived from the stated starts alone, in their order, the starts are the same
 * in whatever order segments arrive; a later segment never moves an earlier one.
 */

/** A derived start is brought back to within the precision of its stated one by this much at a joint: below any gap. */
const CORRECTION_US = 100_000;
/** Rows looked at together. */
const PAGE = 64;
/** Rows changed together, about. */
const MOST_MOVES = 256;

/** What is stated of a segment whose start is inexact. */
interface Stated {
  readonly statedMs: number;
  readonly precisionMs: number;
}

/** A row with an inexact start. Microseconds, so that no rounding adds up. */
interface InexactRow {
  readonly id: number;
  readonly stated_ms: number;
  readonly precision_ms: number;
  readonly start_us: number;
  readonly duration_us: number;
  readonly end_ms: number;
}

/** Where a segment starts, microseconds, and whether it goes on where the one before ends. */
function derive({ statedMs, precisionMs }: Stated, before: InexactRow | undefined): { us: number; follows: boolean } {
  const stated = statedMs * 1000;
  if (before === undefined) return { us: stated, follows: false };
  const end = before.start_us + before.duration_us;
  const off = stated - end;
  if (Math.abs(off) > (precisionMs + before.precision_ms) * 1000) return { us: stated, follows: false };
  const beyond = Math.max(0, Math.abs(off) - precisionMs * 1000);
  return { us: end + Math.sign(off) * Math.min(beyond, CORRECTION_US), follows: true };
}

/** The start of a segment that is about to become ready, microseconds. */
export async function derivedStart(
  db: Kysely<Schema>,
  streamPath: string,
  id: number,
  stated: Stated,
): Promise<number> {
  return derive(stated, await rowBefore(db, streamPath, { ms: stated.statedMs, id })).us;
}

/**
 * Brings the starts of a segment and of those that follow it up to date, and the end of the one before it. To be called
 * when it has become ready; calling it again changes nothing. Rows that another node changes meanwhile are looked at anew.
 */
export async function settleStarts(
  db: CatalogDatabase,
  streamPath: string,
  id: number,
  statedMs: number,
): Promise<void> {
  const from = { ms: statedMs, id };
  let past = from;
  for (;;) {
    const moves = await movesFrom(db.primary, streamPath, from, past);
    const last = moves.at(-1);
    if (last === undefined) return;
    const changes = moves.flatMap((move) => changesOf(db.primary, move));
    await db.batch([...changes, ...narrowTotals(db.primary, streamPath, sql`from segments where id = ${id}`)]);
    // Of what was changed, some may have been changed by others first: it is looked at again as far as it went.
    if (isBefore(past, last.at)) past = last.at;
  }
}

/** Where a segment stands in the order of stated starts. */
interface Position {
  readonly ms: number;
  readonly id: number;
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
    const rows = await inexact(db, streamPath)
      .where(sql<boolean>`(stated_ms, id) > (${at.ms}, ${at.id})`)
      .orderBy("stated_ms")
      .orderBy("id")
      .limit(PAGE)
      .execute();
    for (const row of rows) {
      const { us, follows } = derive({ statedMs: row.stated_ms, precisionMs: row.precision_ms }, before);
      if (before !== undefined) {
        const endMs = follows ? Math.round(us / 1000) : Math.ceil((before.start_us + before.duration_us) / 1000);
        const known = moves.at(-1)?.at.id === before.id ? moves.pop() : undefined;
        const moved = { row: before, us: before.start_us, ...known, at: positionOf(before), endMs };
        if (known !== undefined || endMs !== before.end_ms) moves.push(moved);
      }
      const isMoved = us !== row.start_us;
      if (isMoved) moves.push({ row, at: positionOf(row), us, endMs: Math.ceil((us + row.duration_us) / 1000) });
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
  const startMs = Math.round(us / 1000);
  const unchanged = sql`from segments where id = ${row.id} and state = 'ready'
    and start_us = ${row.start_us} and end_ms = ${row.end_ms}`;
  return [
    ...countMoved(db, unchanged, { bucket: bucketOf(startMs), endMs }),
    sql`update segments set start_us = ${us}, start_ms = ${startMs}, end_ms = ${endMs}
      where id in (select id ${unchanged})`.compile(db),
  ];
}

async function rowBefore(
  db: Kysely<Schema>,
  streamPath: string,
  { ms, id }: Position,
): Promise<InexactRow | undefined> {
  return inexact(db, streamPath)
    .where(sql<boolean>`(stated_ms, id) < (${ms}, ${id})`)
    .orderBy("stated_ms", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
}

function inexact(db: Kysely<Schema>, streamPath: string) {
  return db
    .selectFrom("segments")
    .select(["id", "precision_ms", "start_us", "duration_us", "end_ms", sql<number>`stated_ms`.as("stated_ms")])
    .where("state", "=", sql.lit("ready" as const))
    .where("stated_ms", "is not", null)
    .where("stream_path", "=", streamPath);
}
