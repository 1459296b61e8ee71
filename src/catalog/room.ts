import { sql, type Kysely } from "kysely";
import { BoxcarError } from "../base/errors.ts";
import { firstPart } from "../base/stream-path.ts";
import type { Schema } from "./schema.ts";
import { streamPages } from "./streams.ts";

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
    const { rows } = await sql<{ path: string; uploaded: number }>`
      select path, sum(uploaded) as uploaded from (
        select stream_path as path, -size as uploaded from segments where key >= '@' and key < 'A' and state = 'ready'
        union all select '', size from uploads where area = 'store' and state = 'stored'
        union all select coalesce(json_extract(segment, '$.streamPath'), ''), received from resumable_uploads
          where file_key is null and segment_id is null
      ) group by path`.execute(this.#db);
    const beside = new Map(rows.map(({ path, uploaded }) => [path, uploaded]));
    const uses = new Map<string, Use>();
    const add = (streamPath: string, recorded: number, sent: number): void => {
      const uploaded = sent + (beside.get(streamPath) ?? 0);
      beside.delete(streamPath);
      if (recorded > 0 || uploaded > 0) uses.set(streamPath, { recorded, uploaded });
    };
    for await (const streams of streamPages(this.#db))
      for (const { stream_path: streamPath, recorded_bytes: recorded, bytes } of streams)
        add(streamPath, recorded, bytes - recorded);
    for (const streamPath of beside.keys()) add(streamPath, 0, 0);
    return uses;
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
