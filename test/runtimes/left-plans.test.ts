/** A client that leaves while a long range is planned for it, on each runtime: planning ends. */
import { createClient } from "@libsql/client";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { record, RECORDED_AT } from "../support/recording.ts";
import { auth, token, upload } from "./client.ts";
import { isInstalled, servers, startEdge, type ProcessEdge } from "./edges.ts";
import { head, rawClient } from "./raw-client.ts";

const SEGMENTS = 50_000;

/** Copies the one segment of a catalog: each starts 1.5 s after the one before, and has to be cut. */
async function copySegments(file: string): Promise<void> {
  const db = createClient({ url: `file:${file}` });
  const columns = "stream_path, state, state_ms, format, codecs, size, etag, summary, index_size, created_ms";
  for (const statement of [
    "pragma busy_timeout = 10000",
    `with recursive copies(n) as (select 1 union all select n + 1 from copies where n < ${String(SEGMENTS - 1)})
      insert into segments (${columns}, key, start_ms, end_ms)
      select ${columns}, key || n, start_ms + n * 1500, end_ms + n * 1500 from copies cross join segments`,
    `insert into segment_indexes (segment_id, data) select segments.id, data from segments cross join segment_indexes
      where segments.id <> segment_id`,
    "delete from stream_counts",
    `insert into stream_counts (stream_path, bucket, event_level, count, reach_ms)
      select stream_path, start_ms / 14400000, '', count(*), max(end_ms) from segments group by 1, 2`,
    "update streams set count = (select count(*) from segments), end_ms = (select max(end_ms) from segments)",
  ])
    await db.execute(statement);
  db.close();
}

describe.each(servers.filter(isInstalled))("planning on %s", (name) => {
  let folder: string;
  let edge: ProcessEdge;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-left-"));
    edge = await startEdge(name, { BOXCAR_DATA: folder, BOXCAR_TOKEN: token });
    const [segment] = await record({ count: 1, seconds: 2 });
    await upload(edge.url, "cam", RECORDED_AT, await readFile(segment?.file ?? ""));
    await copySegments(join(folder, "catalog.db"));
  });
  afterAll(async () => {
    await edge.stop();
    await rm(folder, { recursive: true });
  });

  const plans = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(`${edge.url}/metrics`, { headers: auth })).text();
    const found = text.matchAll(/^boxcar_plan_seconds_count\{outcome="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries(
      Array.from(found, ([, outcome = "", count]): [string, number] => [outcome, Number(count)]),
    );
  };

  it.each(["api/timeline/cam", "download/cam.mp4", "sprite/cam.vtt"])(
    "of %s ends when its client has gone",
    async (path) => {
      const { refused = 0 } = await plans();
      const client = await rawClient(edge.url);
      const end = RECORDED_AT + SEGMENTS * 1500;
      await client.write(head("GET", `/mp4/${path}?start=${String(RECORDED_AT)}&end=${String(end)}`));
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await plans()).refused ?? 0).toBe(refused); // it is at work
      client.socket.destroy();
      await expect.poll(plans, { interval: 50, timeout: 20_000 }).toEqual({ refused: refused + 1 });
    },
  );
});
