import { sql, type RawBuilder } from "kysely";

/** What the triggers of migrations do when a segment changes that starts in an hour. */

/** The hour, since 1970, of the start of a row: SQLite divides towards zero. */
export const hourOf = (row: "new" | "old" | "segments"): RawBuilder<unknown> => {
  const start = sql.ref(`${row}.start_ms`);
  return sql`((${start} - ((${start} % 3600000) + 3600000) % 3600000) / 3600000)`;
};

/** Gives the hour of a row that is ready another version, and drops what was kept of it. */
export const changeHour = (
  row: "new" | "old",
): RawBuilder<unknown> => sql`insert into hours (stream_path, hour, version)
  select ${sql.ref(`${row}.stream_path`)}, ${hourOf(row)}, random() & 9007199254740991
    where ${sql.ref(`${row}.state`)} = 'ready'
  on conflict (stream_path, hour) do update set version = excluded.version, runs = null`;

/** Drops the hour that a ready row has left, when it was the last one. */
export const leaveHour = sql`delete from hours where stream_path = old.stream_path and hour = ${hourOf("old")}
  and not exists (select 1 from segments where state = 'ready' and segments.stream_path = old.stream_path
    and start_ms >= ${hourOf("old")} * 3600000 and start_ms < (${hourOf("old")} + 1) * 3600000)`;
