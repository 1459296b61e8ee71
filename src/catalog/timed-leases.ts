import { sql } from "kysely";
import type { CatalogDatabase } from "./database.ts";

/** By how much the clocks of two nodes may differ, in milliseconds. */
export const CLOCK_SKEW_MS = 60_000;

/** See `Catalog.takeLease`. A lease beyond the longest one was taken by a clock that was ahead: it is void. */
export async function takeLease(db: CatalogDatabase, name: string, nowMs: number, untilMs: number): Promise<boolean> {
  const take = db.primary
    .insertInto("duties")
    .values({ name, until_ms: untilMs })
    .onConflict((conflict) =>
      conflict
        .column("name")
        .doUpdateSet({ until_ms: untilMs })
        .where((eb) =>
          eb.or([eb("duties.until_ms", "<=", nowMs), eb("duties.until_ms", ">", untilMs + CLOCK_SKEW_MS)]),
        ),
    )
    .returning("name");
  const [rows] = await db.batch([take.compile()]);
  return rows.length > 0;
}

/** How far ahead a lease, or the end of an upload's time, may lie: no right clock writes a later one. In milliseconds. */
const LONGEST_MS = 86_400_000;

/** See `Catalog.bringTimesBack`. */
export async function bringTimesBack(db: CatalogDatabase, nowMs: number): Promise<void> {
  const { primary } = db;
  const latest = nowMs + LONGEST_MS;
  const beyond = latest + CLOCK_SKEW_MS;
  await db.batch([
    sql`update segments set state_ms = ${nowMs}
      where state = 'tombstone' and state_ms > ${nowMs + CLOCK_SKEW_MS}`.compile(primary),
    sql`update segments set state_ms = ${latest} where state = 'pending' and state_ms > ${beyond}`.compile(primary),
    sql`update uploads set until_ms = ${latest} where state <> 'stored' and until_ms > ${beyond}`.compile(primary),
    sql`update resumable_uploads set until_ms = ${latest} where until_ms > ${beyond}`.compile(primary),
  ]);
}
