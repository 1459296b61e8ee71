import { sql } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import { DAY_MS } from "../base/units.ts";

/** By how much the clocks of two nodes may differ, in milliseconds. */
export const CLOCK_SKEW_MS = 60_000;

/** How far ahead the time of a pending segment, or the end of an upload's time, may lie: no right clock writes a later one. In milliseconds. */
const LONGEST_MS = DAY_MS;

/**
 * Brings times that only a clock which was ahead can have written back to what a right one writes at the latest: they
 * would otherwise hold what they date for as long as it was ahead.
 */
export async function bringTimesBack(db: CatalogDatabase, nowMs: number): Promise<void> {
  const { primary } = db;
  const latest = nowMs + LONGEST_MS;
  const beyond = latest + CLOCK_SKEW_MS;
  // The index of unsettled segments is only taken where that is said, too: else all segments are walked over, once a minute.
  const unsettled = sql`state <> 'ready'`;
  await db.batch([
    sql`update segments set state_ms = ${nowMs}
      where ${unsettled} and state = 'tombstone' and state_ms > ${nowMs + CLOCK_SKEW_MS}`.compile(primary),
    sql`update segments set state_ms = ${latest}
      where ${unsettled} and state = 'pending' and state_ms > ${beyond}`.compile(primary),
    sql`update uploads set until_ms = ${latest} where state <> 'stored' and until_ms > ${beyond}`.compile(primary),
    sql`update resumable_uploads set until_ms = ${latest} where until_ms > ${beyond}`.compile(primary),
  ]);
}
