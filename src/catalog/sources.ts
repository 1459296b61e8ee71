import type { Selectable } from "kysely";
import type { CatalogDatabase } from "./database.ts";
import type { SourceTable } from "./schema.ts";
import { pagesOf } from "./pages.ts";
import { withinPatterns } from "./streams.ts";

/** Where a stream comes from, and how it is recorded. */
export interface RecordedSource {
  readonly streamPath: string;
  /** With its credentials. */
  readonly url: string;
  /** `auto`: always recorded; `demand`: when that is asked for; `event`: connected always, recorded when something happens. */
  readonly mode: "auto" | "demand" | "event";
  /** Milliseconds; null: as configured. */
  readonly fragmentMs: number | null;
  /** Age at which segments are removed, milliseconds; null: never. */
  readonly retentionMs: number | null;
  /** Bytes beyond which the oldest segments are removed; null: never. */
  readonly retentionBytes: number | null;
  /** Age up to which segments of events rated `high` are protected, milliseconds; null: for ever. */
  readonly protectedMs: number | null;
  /** Who has set it, for whom it counts when it is read; empty: an administrator. */
  readonly owner: string;
  /** Whether a source of mode `auto` was stopped: then it is as one of mode `demand`. */
  readonly isStopped: boolean;
}

/** A source as it was set. */
export interface Source extends RecordedSource {
  readonly labels: Readonly<Record<string, string>>;
}

/** The sources of a catalog. */
export class Sources {
  readonly #db: CatalogDatabase;

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /** All sources, ordered by stream path, without their labels: they are gone through every few seconds. */
  async all(): Promise<RecordedSource[]> {
    const rows = await this.#db.primary.selectFrom("sources").select(COLUMNS).orderBy("stream_path").execute();
    return rows.map(recordedSourceOf);
  }

  /** How many sources there are of streams that match one of some patterns. */
  async count(within: readonly string[]): Promise<number> {
    const counted = this.#db.primary.selectFrom("sources").select(({ fn }) => fn.countAll<number>().as("sources"));
    return (await counted.where(withinPatterns(within)).executeTakeFirst())?.sources ?? 0;
  }

  /** Sources of streams that match one of some patterns, ordered by stream path, some at a time: their texts are long. */
  async *pages(within: readonly string[], page: { limit: number; offset: number }): AsyncGenerator<Source[]> {
    const table = this.#db.primary.selectFrom("sources").orderBy("stream_path");
    const named = table.select("stream_path").where(withinPatterns(within)).limit(page.limit).offset(page.offset);
    const paths = (await named.execute()).map((row) => row.stream_path);
    for (const some of pagesOf(paths))
      yield (await table.selectAll().where("stream_path", "in", some).execute()).map(sourceOf);
  }

  async get(streamPath: string): Promise<Source | undefined> {
    const row = await this.#db.primary
      .selectFrom("sources")
      .selectAll()
      .where("stream_path", "=", streamPath)
      .executeTakeFirst();
    return row && sourceOf(row);
  }

  /** How many sources somebody has set, `streamPath`'s aside. */
  async countOthers(owner: string, streamPath: string): Promise<number> {
    const row = await this.#db.primary
      .selectFrom("sources")
      .select(({ fn }) => fn.countAll<number>().as("sources"))
      .where("owner", "=", owner)
      .where("stream_path", "!=", streamPath)
      .executeTakeFirst();
    return row?.sources ?? 0;
  }

  async put(source: Source): Promise<void> {
    const { streamPath, url, mode, fragmentMs, retentionMs, retentionBytes, protectedMs, labels, owner, isStopped } =
      source;
    const values = {
      ...{ url, mode, fragment_ms: fragmentMs, retention_ms: retentionMs, retention_bytes: retentionBytes },
      ...({ protected_ms: protectedMs, labels: JSON.stringify(labels), owner, stopped: isStopped ? 1 : 0 } as const),
    };
    const put = this.#db.primary
      .insertInto("sources")
      .values({ stream_path: streamPath, ...values })
      .onConflict((conflict) => conflict.column("stream_path").doUpdateSet(values));
    await this.#db.batch([put.compile()]);
  }

  /** Stops the source of a stream, if it is of mode `auto`, or lets it go on. */
  async setStopped(streamPath: string, isStopped: boolean): Promise<void> {
    const set = this.#db.primary
      .updateTable("sources")
      .set({ stopped: isStopped ? 1 : 0 })
      .where("stream_path", "=", streamPath)
      .where("mode", "=", "auto")
      .where("stopped", "=", isStopped ? 0 : 1);
    await this.#db.batch([set.compile()]);
  }

  /** Removes the source of a stream. @returns whether there was one */
  async delete(streamPath: string): Promise<boolean> {
    const remove = this.#db.primary
      .deleteFrom("sources")
      .where("stream_path", "=", streamPath)
      .returning("stream_path");
    const [rows] = await this.#db.batch([remove.compile()]);
    return rows.length > 0;
  }
}

const COLUMNS = [
  ...(["stream_path", "url", "mode", "fragment_ms", "retention_ms", "retention_bytes"] as const),
  ...(["protected_ms", "owner", "stopped"] as const),
] as const;

function sourceOf(row: Selectable<SourceTable>): Source {
  return { ...recordedSourceOf(row), labels: JSON.parse(row.labels) as Record<string, string> };
}

function recordedSourceOf(row: Omit<Selectable<SourceTable>, "labels">): RecordedSource {
  return {
    streamPath: row.stream_path,
    url: row.url,
    mode: row.mode,
    fragmentMs: row.fragment_ms,
    retentionMs: row.retention_ms,
    retentionBytes: row.retention_bytes,
    protectedMs: row.protected_ms,
    owner: row.owner,
    isStopped: row.stopped === 1,
  };
}
