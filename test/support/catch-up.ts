import { sql } from "kysely";
import type { CatalogDatabase } from "../../src/catalog/database.ts";

let marks = 0;

/** Waits until a replica has everything that was written before the call. */
export async function catchUp(db: CatalogDatabase): Promise<void> {
  if (db.replica === undefined) return;
  const mark = Date.now() * 1000 + (++marks % 1000);
  await db.batch([
    sql`insert into leases values ('mark', '', 1, ${mark}) on conflict do update set until_ms = ${mark}`.compile(
      db.primary,
    ),
  ]);
  for (;;) {
    // A replica whose primary was killed may fail while it takes over the primary's new log.
    const marked = db.replica.selectFrom("leases").select("until_ms").where("name", "=", "mark");
    const seen = await marked.execute().catch(() => []);
    if (seen[0]?.until_ms === mark) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
