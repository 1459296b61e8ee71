import { sql, type Kysely } from "kysely";
import { BoxcarError } from "../base/errors.ts";
import { firstPart } from "../base/stream-path.ts";
import type { Schema } from "./schema.ts";

/** Bytes that something takes of the store. */
export interface Use {
  /** Of segments that were recorded here. */
  readonly recorded: number;
  /** Of all else. */
  readonly uploaded: number;
}

/** The room that streams take in the store, and whose uploads take too much of it. */
export class Room {
  readonly #db: Kysely<Schema>;
  /** Bytes above their share of a disk that is too full, by first part of stream paths; the empty one: files of no stream. */
  over: ReadonlyMap<string, number> = new Map();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** What takes room, by stream path; the empty one: files of no stream. Files that lie in folders of their own (`@…`) take none. */
  async uses(): Promise<Map<string, Use>> {
    const { rows } = await sql<{ path: string; recorded: number; uploaded: number }>`
      select path, sum(recorded) as recorded, sum(uploaded) as uploaded from (
        select stream_path as path, recorded_bytes as recorded, bytes - recorded_bytes as uploaded from streams
        union all select stream_path, 0, -size from segments where key >= '@' and key < 'A' and state = 'ready'
        union all select '', 0, size from uploads where area = 'store' and state = 'stored'
        union all select coalesce(json_extract(segment, '$.streamPath'), ''), 0, received from resumable_uploads
          where file_key is null and segment_id is null
      ) group by path having recorded > 0 or uploaded > 0`.execute(this.#db);
    return new Map(rows.map(({ path, recorded, uploaded }) => [path, { recorded, uploaded }]));
  }

  /** Says whether an upload may take room, to a stream or as a file of none. @throws BoxcarError `store_full` (507) */
  check(streamPath = ""): void {
    const name = firstPart(streamPath);
    const over = this.over.get(name);
    if (over === undefined) return;
    const what = name === "" ? "files of no stream" : `uploads to ${name}`;
    const message = `The disk is too full, and ${what} take ${over} bytes more than their share of it. Delete some of them, and try again a minute later.`;
    throw new BoxcarError("store_full", message);
  }
}
