/** A client that leaves while a long range is planned for it. */
import { createClient } from "@libsql/client";
import { expect } from "vitest";
import { RECORDED_AT } from "../support/recording.ts";
import { auth } from "./client.ts";
import { head, rawClient } from "./raw-client.ts";

/** Copies the one segment of a stream: each starts 1.5 s after the one before, and has to be cut. @param url of the catalog */
export async function copySegments(url: string, streamPath: string, segments: number): Promise<void> {
  const db = createClient({ url });
  const columns = "stream_path, state, state_ms, format, codecs, size, etag, summary, index_size, created_ms";
  const own = `stream_path = '${streamPath}'`;
  const statements = [
    `with recursive copies(n) as (select 1 union all select n + 1 from copies where n < ${String(segments - 1)})
      insert into segments (${columns}, key, start_ms, end_ms)
      select ${columns}, key || n, start_ms + n * 1500, end_ms + n * 1500 from copies cross join segments where ${own}`,
    `insert into segment_indexes (segment_id, data) select segments.id, data from segments cross join segment_indexes
      where ${own} and segments.id <> segment_id and segment_id = (select min(id) from segments where ${own})`,
    `delete from stream_counts where ${own}`,
    `insert into stream_counts (stream_path, bucket, event_level, count, reach_ms)
      select stream_path, start_ms / 14400000, '', count(*), max(end_ms) from segments where ${own} group by 1, 2`,
    `update streams set count = (select count(*) from segments where ${own}),
      end_ms = (select max(end_ms) from segments where ${own}) where ${own}`,
  ];
  if (url.startsWith("file:")) await db.execute("pragma busy_timeout = 10000");
  for (const statement of statements) await db.execute(statement);
  db.close();
}

async function plans(url: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`, { headers: auth })).text();
  const found = text.matchAll(/^boxcar_plan_seconds_count\{outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(found, ([, outcome = "", count]): [string, number] => [outcome, Number(count)]));
}

/**
 * Asks for all that `copySegments` made, leaves, and expects that planning ends.
 * @param path below `/mp4/`
 * @param how workerd takes a connection that is closed for one whose client has sent all and still reads
 */
export async function leave(url: string, path: string, segments: number, how: "closed" | "reset"): Promise<void> {
  const { refused = 0, ...others } = await plans(url);
  const client = await rawClient(url);
  const end = RECORDED_AT + segments * 1500;
  await client.write(head("GET", `/mp4/${path}?start=${String(RECORDED_AT)}&end=${String(end)}`));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await plans(url)).refused ?? 0).toBe(refused); // it is at work
  if (how === "reset") client.socket.resetAndDestroy();
  else client.socket.destroy();
  await expect.poll(() => plans(url), { interval: 50, timeout: 20_000 }).toEqual({ ...others, refused: refused + 1 });
}
