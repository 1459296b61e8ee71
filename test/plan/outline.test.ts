import { createClient } from "@libsql/client";
import { expect, test } from "vitest";
import { IndexCache } from "../../src/recordings/index-cache.ts";
import { compose, type SegmentsQuery } from "../../src/core/compose.ts";
import { layoutFmp4 } from "../../src/core/layout/layout-fmp4.ts";
import { layoutMp4 } from "../../src/core/layout/layout-mp4.ts";
import type { Segment } from "../../src/catalog/types.ts";
import { registerInPlace } from "../../src/intake/segments/segment-upload.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { openCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { mountKey, withMounts } from "../../src/store/mounts.ts";
import { basename, dirname } from "node:path";
import { random, seedOf } from "../support/random.ts";
import { record, RECORDED_AT } from "../support/recording.ts";

test("what is told of a range without keeping its pieces is what is delivered", async () => {
  const rng = random(seedOf(17));
  const kinds = [
    { size: "160x120" },
    { size: "320x240" },
    { size: "160x120", fragmented: true },
    { rate: 44_100 },
  ] as const;
  const files: { file: string; startMs: number }[] = [];
  let startMs = RECORDED_AT;
  for (let i = 0; i < 12; i++) {
    const made = await record({ count: 2, seconds: 2, ...rng.pick(kinds) });
    startMs += rng.pick([0, 0, 700, 3000, -900]);
    files.push(...made.map(({ file }, n) => ({ file, startMs: startMs + n * 2000 })));
    startMs += 4000;
  }
  const core = await loadCore();
  const { catalog, close } = await openCatalog(createClient({ url: ":memory:" })).then((opened) => ({
    catalog: opened.catalog,
    close: () => opened.close(),
  }));
  const store = withMounts(new FileStore("/nowhere"), (place) =>
    Promise.resolve(new FileStore(dirname(files[place]?.file ?? ""))),
  );
  for (const [i, { file, startMs }] of files.entries()) {
    const key = mountKey(i, basename(file));
    await registerInPlace({ core, catalog, store, clock: () => 0 }, { streamPath: "s", startMs, key });
  }
  const indexes = new IndexCache((ids) => catalog.indexesOf(ids));
  const parts = { core, catalog, store, indexes };
  let dropped = 0;
  for (let round = 0; round < 40; round++) {
    const from = RECORDED_AT + rng.below(20_000);
    const changes = rng.pick(["inband", "entries"] as const);
    const gaps = rng.pick(["skip", "keep"] as const);
    const query: SegmentsQuery = {
      ...{ startMs: from, endMs: from + 500 + rng.below(40_000), changes, gaps },
      ...{ cut: rng.pick(["frame", "keyframe"] as const), captions: { offsetMinutes: 0 } },
    };
    const pages: (readonly Segment[])[] = [];
    for await (const page of catalog.overlapping("s", query.startMs, query.endMs)) pages.push(page);
    const told = async (mostPieces: number): Promise<unknown> => {
      const composed = await compose(parts, pages, query, {
        identity: [],
        before: () => Promise.resolve(undefined),
        mostPieces,
      });
      if (composed === undefined) return undefined;
      const { layout, hash } = composed;
      const { pieces, segments } = layout.composition;
      if (pieces.length < segments) {
        expect(pieces.length).toBe(0);
        dropped++;
      }
      const sizes = [layoutMp4(layout), layoutFmp4(layout)].map((regions) =>
        regions.reduce((sum, { length }) => sum + length, 0),
      );
      return { hash, segments, sizes, headers: layout.headers };
    };
    const message = `seed ${rng.seed}, round ${round}: ${JSON.stringify(query)}`;
    expect(await told(rng.below(4)), message).toEqual(await told(Number.POSITIVE_INFINITY));
  }
  expect(dropped).toBeGreaterThan(20);
  await close();
});
