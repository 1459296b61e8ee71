import { Migrator, sql, type Kysely, type Migration } from "kysely";
import type { Schema } from "./schema.ts";

/*
 * Migrations run in the order of their names and are never edited once released. SQLite commits each statement by
 * itself here, so every statement must bear being run again after a crash.
 */
const migrations: Record<string, Migration> = {
  "001_segments": {
    async up(db) {
      // AUTOINCREMENT: an id is part of a download's ETag and must never be given out again.
      await sql`create table if not exists segments (
        id integer primary key autoincrement,
        stream_path text not null,
        state text not null check (state in ('pending', 'ready', 'tombstone')),
        state_ms integer not null,
        start_ms integer not null default 0,
        end_ms integer not null default 0,
        format text not null default 'mp4',
        codecs text not null default '',
        key text not null,
        size integer not null default 0,
        etag text not null default '',
        event_level text check (event_level in ('high', 'low')),
        summary blob not null default x'',
        index_size integer not null default 0,
        idempotency_key text,
        created_ms integer not null
      )`.execute(db);
      await sql`create index if not exists segments_ready on segments (stream_path, start_ms, id, end_ms)
        where state = 'ready'`.execute(db);
      await sql`create index if not exists segments_unsettled on segments (id) where state <> 'ready'`.execute(db);
      await sql`create unique index if not exists segments_live_key on segments (key)
        where state <> 'tombstone'`.execute(db);
      await sql`create index if not exists segments_key on segments (key)`.execute(db);
      await sql`create unique index if not exists segments_idempotency on segments (stream_path, idempotency_key)
        where idempotency_key is not null`.execute(db);
      await sql`create table if not exists segment_indexes (
        segment_id integer primary key references segments (id),
        data blob not null
      )`.execute(db);
      await sql`create table if not exists streams (
        stream_path text primary key,
        count integer not null,
        bytes integer not null,
        start_ms integer not null,
        end_ms integer not null,
        longest_ms integer not null
      ) without rowid`.execute(db);
      await sql`create table if not exists stream_counts (
        stream_path text not null,
        bucket integer not null,
        event_level text not null,
        count integer not null,
        primary key (stream_path, bucket, event_level)
      ) without rowid`.execute(db);
      await sql`create table if not exists places (
        id integer primary key autoincrement,
        path text not null unique
      )`.execute(db);
    },
  },
  "002_versions": {
    async up(db) {
      const known = await sql`select 1 from pragma_table_info('stream_counts') where name = 'version'`.execute(db);
      if (known.rows.length > 0) return;
      await sql`alter table stream_counts add column version integer not null default 0`.execute(db);
    },
  },
};

/**
 * Brings the database to the newest schema. Safe to repeat.
 * @returns the names of the migrations that ran now, in order
 */
export async function migrate(db: Kysely<Schema>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  for (let attempt = 1; ; attempt++) {
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error === undefined) return results.map((result) => result.migrationName);
    // Another process may run the same migrations meanwhile. The one that comes second finds nothing left to do.
    if (attempt === 2) throw new Error("The catalog could not be brought to its newest schema", { cause: error });
  }
}
