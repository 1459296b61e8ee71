import { sql, type RawBuilder } from "kysely";
import { changeHour, hourOf, leaveHour } from "./hour-triggers.ts";

/** The statements of each migration: they run in the order of their names and are never edited once released; they only add. */
export const migrations: Readonly<Record<string, readonly RawBuilder<unknown>[]>> = {
  "001_segments": [
    // AUTOINCREMENT: an id is part of a download's ETag and must never be given out again.
    sql`create table if not exists segments (
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
    )`,
    sql`create index if not exists segments_ready on segments (stream_path, start_ms, id, end_ms)
      where state = 'ready'`,
    sql`create index if not exists segments_unsettled on segments (id) where state <> 'ready'`,
    sql`create unique index if not exists segments_live_key on segments (key) where state <> 'tombstone'`,
    sql`create index if not exists segments_key on segments (key)`,
    sql`create unique index if not exists segments_idempotency on segments (stream_path, idempotency_key)
      where idempotency_key is not null`,
    sql`create table if not exists segment_indexes (
      segment_id integer primary key references segments (id),
      data blob not null
    )`,
    sql`create table if not exists streams (
      stream_path text primary key,
      count integer not null,
      bytes integer not null,
      start_ms integer not null,
      end_ms integer not null,
      longest_ms integer not null
    ) without rowid`,
    sql`create table if not exists stream_counts (
      stream_path text not null,
      bucket integer not null,
      event_level text not null,
      count integer not null,
      primary key (stream_path, bucket, event_level)
    ) without rowid`,
    sql`create table if not exists places (
      id integer primary key autoincrement,
      path text not null unique
    )`,
  ],
  "002_versions": [sql`alter table stream_counts add column version integer not null default 0`],
  "003_fleet": [
    sql`create table segment_index_parts (
      segment_id integer not null references segments (id),
      part integer not null,
      data blob not null,
      primary key (segment_id, part)
    )`,
    sql`create table duties (
      name text primary key,
      until_ms integer not null
    ) without rowid`,
  ],
  "004_uploads": [
    sql`create table uploads (
      id integer primary key autoincrement,
      area text not null check (area in ('store', 'public')),
      key text not null,
      state text not null check (state in ('pending', 'stored', 'tombstone')),
      until_ms integer not null,
      content_type text not null default '',
      size integer not null default 0,
      etag text not null default '',
      image_class_id integer not null default 0,
      media text,
      created_ms integer not null,
      unique (key, area)
    )`,
    sql`create index uploads_unsettled on uploads (id) where state <> 'stored'`,
    sql`create table upload_indexes (
      upload_id integer primary key references uploads (id),
      data blob not null
    )`,
  ],
  "005_resumable": [
    sql`create table resumable_uploads (
      id text primary key,
      owner text not null,
      total integer not null,
      received integer not null default 0,
      pieces integer not null default 0,
      file_name text not null,
      image_class_id integer not null,
      until_ms integer not null,
      file_key text
    ) without rowid`,
    sql`create index resumable_uploads_until on resumable_uploads (until_ms)`,
    sql`create table resumable_pieces (
      upload_id text not null references resumable_uploads (id),
      "offset" integer not null,
      size integer not null,
      key text not null,
      etag text not null,
      primary key (upload_id, "offset")
    ) without rowid`,
  ],
  "006_reach": [
    sql`alter table stream_counts add column reach_ms integer not null default ${sql.lit(-Number.MAX_SAFE_INTEGER)}`,
    sql`update stream_counts set reach_ms = coalesce((select max(end_ms) from segments
      where state = 'ready' and segments.stream_path = stream_counts.stream_path
        and start_ms >= bucket * 14400000 and start_ms < (bucket + 1) * 14400000), reach_ms)`,
  ],
  "007_folders": [
    sql`create table folders (
      name text primary key,
      identity text not null
    ) without rowid`,
  ],
  "008_precision": [
    sql`alter table segments add column stated_ms integer`,
    sql`alter table segments add column precision_ms integer not null default 0`,
    sql`alter table segments add column start_us integer not null default 0`,
    sql`alter table segments add column duration_us integer not null default 0`,
    sql`create index segments_stated on segments (stream_path, stated_ms, id)
      where state = 'ready' and stated_ms is not null`,
  ],
  "009_owners": [
    sql`alter table segments add column owner text not null default ''`,
    sql`create unique index segments_named on segments (stream_path, owner, idempotency_key)
      where idempotency_key is not null`,
    sql`drop index segments_idempotency`,
  ],
  "010_configurations": [
    // The hash of a segment's first sample entries, where its summary has it: by it init segments are found.
    sql`create index segments_configuration on segments (stream_path, substr(summary, 201, 8), start_ms)
      where state = 'ready'`,
  ],
  "011_sources": [
    sql`create table sources (
      stream_path text primary key,
      url text not null,
      mode text not null check (mode in ('auto', 'demand', 'event')),
      fragment_ms integer,
      retention_ms integer,
      retention_bytes integer,
      labels text not null
    ) without rowid`,
    sql`create table leases (
      name text primary key,
      holder text not null,
      token integer not null,
      until_ms integer not null
    ) without rowid`,
  ],
  "012_events": [
    sql`create table events (
      id integer primary key autoincrement,
      stream_path text not null,
      event_id text not null,
      name text not null,
      description text not null,
      level text not null check (level in ('high', 'low')),
      start_ms integer not null,
      end_ms integer not null,
      created_ms integer not null
    )`,
    sql`create index events_time on events (stream_path, end_ms)`,
  ],
  "013_groups": [sql`alter table segments add column groups text`],
  "014_lease_takes": [
    // When each token of a lease was given out: who held one before publishes nothing of later moments.
    sql`create table lease_takes (
      name text not null,
      token integer not null,
      taken_ms integer not null,
      primary key (name, token)
    ) without rowid`,
  ],
  "015_webhooks": [
    sql`create table webhook_deliveries (
      id integer primary key autoincrement,
      consumer text not null,
      message text not null,
      body text not null,
      created_ms integer not null,
      next_ms integer not null,
      attempts integer not null,
      done_ms integer,
      unique (consumer, message)
    )`,
    sql`create index webhook_deliveries_due on webhook_deliveries (next_ms) where done_ms is null`,
  ],
  "016_webhooks_due": [
    // Of each consumer by itself: what one has not taken is not looked through for the others.
    sql`drop index webhook_deliveries_due`,
    sql`create index webhook_deliveries_due on webhook_deliveries (consumer, next_ms) where done_ms is null`,
  ],
  "017_hours": [
    // What is kept of the segments that start in an hour. No writer has to think of it: triggers do.
    sql`create table hours (
      stream_path text not null,
      hour integer not null,
      version integer not null,
      runs blob,
      primary key (stream_path, hour)
    )`,
    sql`insert into hours (stream_path, hour, version)
      select distinct stream_path, ${hourOf("segments")}, 0 from segments where state = 'ready'`,
    sql`create trigger segments_added after insert on segments when new.state = 'ready'
      begin ${changeHour("new")}; end`,
    sql`create trigger segments_changed after update of stream_path, state, start_ms, end_ms, key, etag, summary, groups, codecs
      on segments when old.state = 'ready' or new.state = 'ready'
      begin ${changeHour("old")}; ${changeHour("new")}; ${leaveHour}; end`,
    sql`create trigger segments_removed after delete on segments when old.state = 'ready'
      begin ${changeHour("old")}; ${leaveHour}; end`,
  ],
  "018_hours_to_make": [sql`create index hours_to_make on hours (hour) where runs is null`],
  "019_source_owners": [sql`alter table sources add column owner text not null default ''`],
  "020_turns_are_leases": [sql`drop table duties`],
  "021_warned": [sql`alter table segments add column warned integer`],
  "022_resumable_segments": [
    sql`alter table resumable_uploads add column segment text`,
    sql`alter table resumable_uploads add column segment_id integer`,
  ],
  "023_pieces_of_hours": [
    // Made anew, with what their pieces take.
    sql`alter table hours add column pieces blob`,
    sql`update hours set runs = null`,
  ],
  // Made anew, so that ranges may begin and end in them.
  "024_cut_hours": [sql`update hours set runs = null`],
  "025_groups_of_hours": [
    // Made anew, with what their media segments take.
    sql`alter table hours add column groups blob`,
    sql`update hours set runs = null`,
  ],
  "026_outlines_of_hours": [
    // Made anew, as outlines, with what they lack beside them.
    sql`alter table hours add column columns blob`,
    sql`update hours set runs = null`,
  ],
  "027_stopped_sources": [
    sql`alter table sources add column stopped integer not null default 0`,
    sql`alter table sources add column protected_ms integer`,
    sql`create index events_end on events (end_ms)`,
  ],
  "028_recorded_bytes": [
    sql`alter table streams add column recorded_bytes integer not null default 0`,
    sql`update streams set recorded_bytes = coalesce((select sum(size) from segments
      where state = 'ready' and segments.stream_path = streams.stream_path and owner = 'recorder'), 0)`,
    sql`create index segments_recorded on segments (start_ms)
      where state = 'ready' and owner = 'recorder' and event_level is not 'high'`,
  ],
  "029_events_by_start": [sql`create index events_start on events (stream_path, start_ms)`],
  "030_events_by_index_alone": [
    // With all that is asked of each event that reaches into a time: in its row that lies behind long texts.
    sql`drop index events_time`,
    sql`create index events_time on events (stream_path, end_ms, created_ms, start_ms, level)`,
  ],
};
