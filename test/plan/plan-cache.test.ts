import { createClient } from "@libsql/client";
import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { expect, test } from "vitest";
import { Catalog } from "../../src/catalog/catalog.ts";
import { registerInPlace } from "../../src/intake/segments/segment-upload.ts";
import { IndexQueries } from "../../src/core/planning/index-queries.ts";
import { IndexCache } from "../../src/recordings/index-cache.ts";
import { PlanCache } from "../../src/recordings/plan-cache.ts";
import type { Plan } from "../../src/core/plan.ts";
import { planRange, type RangeParts, type RangeQuery } from "../../src/recordings/plan-range.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { openCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { mountKey, withMounts } from "../../src/store/mounts.ts";
import { random, seedOf } from "../support/random.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { bytesOf } from "../support/shelf.ts";

/** What a plan promises and gives. */
async function shown(plan: Plan): Promise<unknown> {
  const media = (["mp4", "fmp4"] as const).map((format) => plan.media(format));
  const hashes = await Promise.all(
    media.map(async (each) =>
      createHash("sha256")
        .update(await bytesOf(each))
        .digest("hex"),
    ),
  );
  const { startMs, endMs, joints, gaps, coverage, codecs, segments } = plan;
  const sizes = media.map(({ size, etag }) => [size, etag]);
  return { startMs, endMs, joints, gaps, coverage, codecs, segments, sizes, hashes };
}

test("a kept plan is what a fresh one would be, whatever is added or deleted", async () => {
  const rng = random(seedOf(3));
  const files = [
    ...(await record({ count: 5, seconds: 2, video: "h264", audio: "aac" })),
    ...(await record({ count: 5, seconds: 2, video: "h264", audio: "aac", fragmented: true, seed: 2, fps: 30 })),
  ];
  const core = await loadCore();
  const opened = await openCatalog(createClient({ url: ":memory:" }));
  const { catalog, db } = opened;
  const store = withMounts(new FileStore("/nowhere"), (place) => {
    const file = files[place]?.file;
    return Promise.resolve(file === undefined ? undefined : new FileStore(dirname(file)));
  });
  const indexes = new IndexCache((ids) => catalog.indexesOf(ids));
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
  const indexQueries = new IndexQueries(core, indexes);
  const kept: RangeParts = { core, catalog, store, indexes, queries: indexQueries, sha256, plans: new PlanCache() };
  // The second file begins behind a hole, in which two of the ranges start; one lies wholly in it.
  const holeMs = RECORDED_AT + 2000;
  const queries = Array.from({ length: 8 }, (_, i): RangeQuery => {
    const startMs = i < 2 ? holeMs + 10 : RECORDED_AT + rng.below(6000);
    const endMs = i === 0 ? holeMs + 20 : startMs + 500 + rng.below(6000);
    const cut = rng.pick(["frame", "keyframe"] as const);
    return { streamPath: "test", startMs, endMs, cut, gaps: rng.pick(["skip", "keep"] as const), changes: "inband" };
  });
  const present = new Map<number, number>();
  let reused = 0;
  for (let round = 0; round < 30; round++) {
    const place = rng.below(files.length);
    const id = present.get(place);
    const file = files[place];
    if (id !== undefined) {
      await catalog.tombstone({ streamPath: "test", ids: [id] }, 0);
      present.delete(place);
    } else if (file !== undefined) {
      const key = mountKey(place, basename(file.file));
      const parts = { core, catalog, store, clock: () => 0 };
      const startMs = file.startMs + (place === 1 ? 30 : 0);
      const { segment } = await registerInPlace(parts, { streamPath: "test", startMs, key });
      present.set(place, segment.id);
    }
    const query = rng.pick(queries);
    const fresh: RangeParts = { core, catalog: new Catalog(db), store };
    const attempt = (parts: RangeParts): Promise<unknown> =>
      planRange(parts, query).then(shown, (error: unknown) => (error as Error).message);
    const message = `seed ${rng.seed}, round ${round}`;
    const wanted = await attempt(fresh);
    expect(await attempt(kept), message).toEqual(wanted);
    expect(await attempt(kept), message).toEqual(wanted);
    if (typeof wanted === "string") continue;
    expect(await planRange(kept, query), message).toBe(await planRange(kept, query));
    reused++;
  }
  expect(reused).toBeGreaterThan(10);
  await opened.close();
});
