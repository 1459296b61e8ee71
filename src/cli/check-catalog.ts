import { sql } from "kysely";
import { missingMigrations } from "../catalog/migrate.ts";
import type { CatalogSettings } from "../config/catalog-settings.ts";
import type { Store } from "../base/ports.ts";
import type { OpenCatalog } from "../runtime/libsql/open-catalog.ts";
import { parseMountKey } from "../store/mounts.ts";
import { FOLDER_ADVICE } from "./check-store.ts";
import { Complaint, type Checkup } from "./checkup.ts";

/** Nodes give up each other's uploads after two minutes of silence, by their own clocks. */
const SKEW_LIMIT_S = 60;
/** A replica that is so far behind is of little use. */
const LAG_LIMIT_MS = 10_000;
/** Segments whose objects are looked for. */
const SAMPLE = 32;

/** Uses a catalog as a server does. Nothing is changed but a row that says that the doctor was there. */
export async function checkCatalog(checkup: Checkup, opened: OpenCatalog, settings: CatalogSettings): Promise<boolean> {
  const { catalog, db } = opened;
  const isReached = await checkup.try("catalog: answers", async () => {
    const startedMs = performance.now();
    await sql`select 1`.execute(db.primary);
    return `in ${Math.round(performance.now() - startedMs)} ms`;
  });
  if (!isReached) {
    checkup.skip("catalog: all else", "it does not answer");
    return false;
  }
  const hasSchema = await checkup.try("catalog: has the newest schema", async () => {
    const missing = await missingMigrations(db);
    if (missing.length === 0) return undefined;
    throw new Complaint(`It lacks ${missing.join(", ")}. Run boxcar migrate.`);
  });
  if (!hasSchema) {
    checkup.skip("catalog: all else", "its schema is another");
    return false;
  }
  if (settings.driver === "server") await checkup.try("catalog: its clock and this one agree", () => skewOf(opened));
  // Of a later time with every run, so that a replica can be seen to have it.
  const markMs = Date.now();
  const isWritten = await checkup.try("catalog: can be written", async () => {
    if (await catalog.leases.takeTurn("doctor", markMs, markMs)) return undefined;
    throw new Complaint("Another doctor's mark is of a later time: set this machine's clock, or the other's (NTP).");
  });
  if (isWritten && db.replica !== undefined) {
    await checkup.try("catalog: its replica has what was written", () => lagOf(opened, markMs));
  }
  return true;
}

/** Whether the store is the one that the catalog tells of. */
export async function checkTogether(checkup: Checkup, { catalog }: OpenCatalog, store: Store): Promise<void> {
  await checkup.try("catalog and store: belong together", async () => {
    const segments = (await catalog.readyAfter(0, SAMPLE)).filter(({ key }) => parseMountKey(key) === undefined);
    const lost: string[] = [];
    const changed: string[] = [];
    for (const { key, size, etag } of segments) {
      const info = await store.head(key);
      if (info === undefined) lost.push(key);
      else if (info.size !== size || info.etag !== etag) changed.push(key);
    }
    if (segments.length === 0) return "there are no segments yet";
    const of = `of the ${segments.length} segments that were looked for`;
    if (lost.length > 0) {
      throw new Complaint(
        `The store lacks ${lost.length} ${of}, such as ${String(lost[0])}. BOXCAR_CATALOG and BOXCAR_STORE name what does not belong together, or objects were removed.`,
      );
    }
    if (changed.length === 0) return `the first ${segments.length} segments are there`;
    throw new Complaint(
      `The objects of ${changed.length} ${of} have other entity tags than those that were indexed, such as ${String(changed[0])}: downloads refuse them (object_changed). Where they were copied by other means, or came from a backup, stop the servers and run boxcar adopt.`,
    );
  });
}

async function skewOf({ db }: OpenCatalog): Promise<string> {
  const { rows } = await sql<{ seconds: number }>`select unixepoch() as seconds`.execute(db.primary);
  const apart = Math.round(Math.abs(Date.now() / 1000 - Number(rows[0]?.seconds)));
  if (apart <= SKEW_LIMIT_S) return `${apart} s apart`;
  throw new Complaint(
    `They are ${apart} s apart. Set both by NTP: a node that is behind the others loses its uploads to them.`,
  );
}

async function lagOf({ db }: OpenCatalog, markMs: number): Promise<string> {
  const startedMs = performance.now();
  for (;;) {
    const rows = await db.replica?.selectFrom("leases").select("until_ms").where("name", "=", "doctor").execute();
    const waitedMs = performance.now() - startedMs;
    if (rows?.[0]?.until_ms === markMs) return `after ${Math.round(waitedMs)} ms`;
    if (waitedMs > LAG_LIMIT_MS) {
      const seconds = LAG_LIMIT_MS / 1000;
      throw new Complaint(
        `After ${seconds} s it does not have what the primary has: BOXCAR_CATALOG_REPLICA follows another primary, or is far behind.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What to do about what a failed check of a catalog says; undefined when that is not known. */
export function adviceOnCatalog(failure: string, settings: CatalogSettings): string | undefined {
  if (failure.startsWith("BOXCAR_DATA")) return FOLDER_ADVICE;
  if (settings.driver === "file") {
    if (/EACCES|EPERM|READONLY|CANTOPEN/.test(failure))
      return "Let the user that runs boxcar write to that file and its folder.";
    if (failure.includes("not a database")) return "The file of BOXCAR_CATALOG is no database.";
    return undefined;
  }
  if (/status 40[13]|UNAUTHORIZED/i.test(failure)) return "The server refuses BOXCAR_CATALOG_TOKEN.";
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|fetch failed|timeout/i.test(failure))
    return "Nothing answers at BOXCAR_CATALOG in BOXCAR_CATALOG_TIMEOUT: check the URL, and the way there.";
  if (failure.includes("no such table")) return "The replica has not got the schema: it follows another primary.";
  if (/status 404|not valid JSON|Unexpected token/.test(failure))
    return "What answers at BOXCAR_CATALOG is no libSQL server.";
  return undefined;
}
