import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { Catalog } from "../../src/catalog/catalog.ts";
import type { CatalogDatabase } from "../../src/catalog/database.ts";
import { migrate } from "../../src/catalog/migrate.ts";
import type { ReadySegment, Segment } from "../../src/catalog/types.ts";
import { openCatalogFile, type LocalCatalog, type OpenCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { openCatalogHttp } from "../../src/runtime/libsql/open-catalog-http.ts";
import { catchUp } from "../support/catch-up.ts";
import { sqldPath, startSqld, type Sqld } from "../support/sqld.ts";

/** A catalog in a database file of its own. */
export interface TestCatalog extends LocalCatalog {
  readonly folder: string;
  /** The database file. */
  readonly path: string;
}

/** Opens an empty catalog in a file; closing it removes its folder. */
export async function openTestCatalog(): Promise<TestCatalog> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-catalog-"));
  const path = join(folder, "catalog.db");
  const opened = await openCatalogFile(path);
  const close = async (): Promise<void> => {
    await opened.close();
    await rm(folder, { recursive: true });
  };
  return { ...opened, folder, path, close };
}

/** What a catalog may work on: a file, a libSQL server, or a server with a replica for wide reads. */
export type CatalogKind = "file" | "server" | "server and replica";

/** The kinds this machine can test. */
export const catalogKinds: readonly CatalogKind[] =
  sqldPath === undefined ? ["file"] : ["file", "server", "server and replica"];

/** Opens an empty catalog of a kind. The servers are started once, and end with `stopServers`. */
export async function openCatalogOf(kind: CatalogKind): Promise<OpenCatalog> {
  if (kind === "file") return openTestCatalog();
  const { primary, replica } = await (started ??= startServers());
  const servers = { url: primary.url, replica: kind === "server" ? undefined : replica };
  const opened = openCatalogHttp({ ...servers, timeoutMs: 20_000 });
  await migrate(opened.db);
  await empty(opened.db);
  return kind === "server" ? opened : { ...opened, catalog: new CaughtUpCatalog(opened.db) };
}

/** A libSQL primary and its replica. */
export interface Servers {
  readonly primary: Sqld;
  readonly replica: Sqld;
  /** Ends both and removes their data. */
  stop(): Promise<void>;
}

/** Starts a primary and its replica, empty. */
export async function startServers(): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-sqld-"));
  const primary = await startSqld(join(folder, "primary"));
  const replica = await startSqld(join(folder, "replica"), primary);
  const stop = async (): Promise<void> => {
    await replica.kill();
    await primary.kill();
    await rm(folder, { recursive: true });
  };
  return { primary, replica, stop };
}

let started: Promise<Servers> | undefined;

/** Ends the servers that `openCatalogOf` has started, if any. */
export async function stopServers(): Promise<void> {
  await (await started)?.stop();
  started = undefined;
}

async function empty(db: CatalogDatabase): Promise<void> {
  const tables = ["segment_indexes", "segment_index_parts", "segments", "streams", "stream_counts", "places", "leases"];
  await db.batch(tables.map((table) => sql`delete from ${sql.table(table)}`.compile(db.primary)));
}

/** A catalog whose wide reads wait for the replica, so that tests can expect what they wrote. */
class CaughtUpCatalog extends Catalog {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    super(db);
    this.#db = db;
  }

  override async *overlapping(...range: Parameters<Catalog["overlapping"]>): AsyncGenerator<readonly Segment[]> {
    await catchUp(this.#db);
    yield* super.overlapping(...range);
  }

  override async indexesOf(...ids: Parameters<Catalog["indexesOf"]>): ReturnType<Catalog["indexesOf"]> {
    await catchUp(this.#db);
    return super.indexesOf(...ids);
  }

  override async newestEnd(streamPath: string): ReturnType<Catalog["newestEnd"]> {
    await catchUp(this.#db);
    return super.newestEnd(streamPath);
  }

  override async list(...query: Parameters<Catalog["list"]>): ReturnType<Catalog["list"]> {
    await catchUp(this.#db);
    return super.list(...query);
  }

  override async streams(...query: Parameters<Catalog["streams"]>): ReturnType<Catalog["streams"]> {
    await catchUp(this.#db);
    return super.streams(...query);
  }
}

/** What a segment of the given times holds; its bytes tell it from others. */
export function readySegment(startMs: number, endMs: number, size = 1000): ReadySegment {
  const mark = Buffer.from(`${startMs} ${endMs} ${size}`);
  return {
    startMs,
    endMs,
    format: startMs % 2 === 0 ? "mp4" : "fmp4",
    codecs: "avc1.64001f,mp4a.40.2",
    size,
    etag: `etag-${startMs}`,
    summary: mark.subarray(0, 4),
    index: mark,
  };
}

let keys = 0;

/** Adds a ready segment. */
export async function add(
  catalog: Catalog,
  streamPath: string,
  startMs: number,
  endMs: number,
  size = 1000,
): Promise<Segment> {
  const { id } = await catalog.beginSegment({ streamPath, key: `segments/${++keys}`, nowMs: startMs });
  return catalog.completeSegment(id, readySegment(startMs, endMs, size));
}
