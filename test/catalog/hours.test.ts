import { createHash } from "node:crypto";
import { basename } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readRuns } from "../../src/recordings/hours/kept-runs.ts";
import { RunPlacer } from "../../src/recordings/hours/run-placer.ts";
import { isRun } from "../../src/recordings/hours/segment-run.ts";
import {
  indexObject,
  notedGroups,
  StreamMeasure,
  USUAL_GROUPS,
  type Core,
  type IndexedSegment,
  type Plan,
  type RangeOutline,
  type StreamSink,
} from "../../src/core/index.ts";
import { Manifest } from "../../src/deliver/dash.ts";
import { MediaPlaylist } from "../../src/deliver/media-playlist.ts";
import type { Catalog } from "../../src/catalog/catalog.ts";
import { migrate } from "../../src/catalog/migrate.ts";
import { arrived } from "../../src/base/bytes.ts";
import { BoxcarError } from "../../src/base/errors.ts";
import type { ByteSpan } from "../../src/base/ports.ts";
import { outlineRange, planRange, sharingParts, type RangeQuery } from "../../src/recordings/plan-range.ts";
import { streamRecordings, streamVersion, type RecordingsQuery } from "../../src/recordings/stream-recordings.ts";
import { makeHours } from "../../src/recordings/hours/ready-hours.ts";
import { openCatalogFile, type OpenCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { audioEntry, buildMovie, videoEntry, type MovieSample } from "../support/movie.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { openTestCatalog, type TestCatalog } from "./open.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** In the middle of an hour. */
const BEGIN_MS = 10_000 * HOUR_MS + 50 * MINUTE_MS;
const HOURS = 4;
/** Of the first whole hour: what is recorded before ends some milliseconds earlier. */
const EDGE_MS = BEGIN_MS + 10 * MINUTE_MS;

/** What one-minute recordings may differ in. */
interface Kind {
  readonly video: number;
  readonly width: number;
  /** Sound whose samples are all alike. */
  readonly uniform: boolean;
  readonly reordered: boolean;
}

const KINDS: readonly Kind[] = [
  { video: 90_000, width: 160, uniform: false, reordered: false },
  { video: 12_800, width: 160, uniform: false, reordered: true },
  { video: 90_000, width: 320, uniform: true, reordered: false },
  { video: 30_000, width: 160, uniform: true, reordered: true },
];

/** A minute of pictures, two seconds each, with sound in samples of 0.7 s: some more or fewer of them, and earlier or later. */
function minute(rng: Random, { video, width, uniform, reordered }: Kind): Uint8Array {
  const frame = 2 * video;
  const size = 20 + rng.below(4);
  const pictures = Array.from({ length: 30 }, (_, i): MovieSample => {
    const sync = i % 5 === 0;
    const offset = reordered ? frame * (sync ? 1 : rng.pick([0, 1])) : 0;
    return { data: new Uint8Array(10 + rng.below(40)), duration: frame, offset, sync };
  });
  const sounds = Array.from({ length: 85 + rng.below(3) }, (): MovieSample => {
    return { data: new Uint8Array(uniform ? size : size + rng.below(9)), duration: 5600 };
  });
  const lead = reordered ? frame : 0;
  const before = rng.pick([0, 0, 0, 2800, 5600]);
  return buildMovie({
    tracks: [
      {
        ...{ handler: "vide", timescale: video, entries: [videoEntry("avc1", width, 120)], samples: pictures },
        ...{ size: [width, 120], edits: [[MINUTE_MS, lead]], chunks: [1 + rng.below(3)] },
      },
      {
        ...{ handler: "soun", timescale: 8000, entries: [audioEntry("sowt", 1, 8000)], samples: sounds },
        ...{
          edits: [[rng.below(20) === 0 ? MINUTE_MS : 2 * MINUTE_MS, before]],
          chunks: [3],
          sizes: uniform ? "constant" : "stsz",
        },
      },
    ],
  }).file;
}

describe("hours that are kept", () => {
  let core: Core;
  let opened: TestCatalog;
  let other: OpenCatalog;
  const rng = random(seedOf(23));
  const indexed = new Map<Kind, IndexedSegment[]>();
  beforeAll(async () => {
    core = await loadCore();
    opened = await openTestCatalog();
    other = await openCatalogFile(opened.path);
    for (const kind of KINDS) {
      const made: IndexedSegment[] = [];
      for (let i = 0; i < 6; i++) {
        const bytes = minute(rng, kind);
        made.push(
          await indexObject(core, bytes.length, ({ offset, length }) =>
            Promise.resolve(bytes.slice(offset, offset + length)),
          ),
        );
      }
      indexed.set(kind, made);
    }
  });
  afterAll(async () => {
    await other.close();
    await opened.close();
  });

  let keys = 0;
  async function add(
    catalog: Catalog,
    streamPath: string,
    startMs: number,
    kind: Kind,
    precisionMs = rng.pick([0, 0, 500]),
  ): Promise<number> {
    const { index, summary, description } = rng.pick(indexed.get(kind) ?? []);
    const { id } = await catalog.beginSegment({ streamPath, key: `segments/${String(keys++)}`, nowMs: startMs });
    const endMs = startMs + Math.ceil(description.durationMs);
    const groups = notedGroups(core, index);
    const facts = { format: "mp4", codecs: description.codecs, size: 1000, etag: `e${String(id)}`, summary } as const;
    await catalog.completeSegment(id, { ...facts, startMs, endMs, index, groups, precisionMs });
    return id;
  }

  /** A stream of some hours, with what recorders leave. */
  async function fill(streamPath: string): Promise<number[]> {
    const ids: number[] = [];
    let atMs = BEGIN_MS;
    // Reordered ones may lack some seconds of their minute.
    let kind = rng.pick(KINDS.filter(({ reordered }) => !reordered));
    for (; atMs <= EDGE_MS; atMs += MINUTE_MS)
      ids.push(await add(opened.catalog, streamPath, atMs < EDGE_MS ? atMs - 15 : atMs, kind, 0));
    while (atMs < BEGIN_MS + HOURS * HOUR_MS) {
      ids.push(await add(opened.catalog, streamPath, atMs + rng.pick([0, 0, 0, 15, -15]), kind));
      const odd = rng.below(100);
      if (odd === 0) kind = rng.pick(KINDS);
      atMs += MINUTE_MS + (odd === 1 ? 90_000 : odd === 2 ? -7000 : 0);
    }
    return ids;
  }

  /** What is told of a range, or why it is refused. */
  async function told(made: () => Promise<RangeOutline>): Promise<unknown> {
    try {
      const outline = await made();
      const { startMs, endMs, joints, gaps, coverage, clock, codecs, changes, segments } = outline;
      const sizes = [outline.size("mp4"), outline.size("fmp4"), outline.etag("mp4")];
      return { startMs, endMs, joints, gaps, coverage, clock, codecs, changes, segments, sizes };
    } catch (error) {
      if (error instanceof BoxcarError) return error.code;
      throw error;
    }
  }

  const fresh = (catalog: Catalog) => sharingParts({ core, catalog, store: anyStore });

  /** What is made, or the code of why it is refused. */
  async function orCode<Made>(make: () => Promise<Made>): Promise<Made | string> {
    try {
      return await make();
    } catch (error) {
      if (error instanceof BoxcarError) return error.code;
      throw error;
    }
  }

  /** A hash of what is delivered of a range, or why it is refused. */
  async function delivered(format: "mp4" | "fmp4", made: () => Promise<Plan>): Promise<string> {
    return orCode(async () => {
      const media = (await made()).media(format);
      const hash = createHash("sha256");
      for await (const chunk of media.read({ offset: 0, length: media.size })) hash.update(chunk);
      return hash.digest("hex");
    });
  }

  it("tell of a range what its segments tell, whatever has changed, and whoever changed it", async () => {
    const follows = vi.spyOn(RunPlacer.prototype, "addRun");
    const streamPath = "one";
    const ids = await fill(streamPath);
    for (let round = 0; round < 8; round++) {
      const query: RangeQuery = {
        streamPath,
        startMs: round === 0 ? EDGE_MS - 7 : BEGIN_MS + rng.below(HOUR_MS / 4) - 5 * MINUTE_MS,
        endMs: BEGIN_MS + HOURS * HOUR_MS - rng.pick([0, 20 * MINUTE_MS, rng.below(20 * MINUTE_MS)]),
        cut: round === 0 ? "frame" : rng.pick(["frame", "keyframe"]),
        ...{ gaps: rng.pick(["skip", "keep"] as const) },
        ...{ changes: rng.pick(["inband", "entries"] as const), edits: rng.pick(["list", "none"] as const) },
        sound: rng.pick(["none", "keep", "keep"] as const),
      };
      const message = `seed ${String(rng.seed)}, ${streamPath}, round ${String(round)}: ${JSON.stringify(query)}`;
      await sql`update hours set runs = null`.execute(opened.db.primary);
      const wanted = await told(() => planRange(fresh(opened.catalog), query));
      if (round === 0) expect(wanted).toMatchObject({ startMs: query.startMs });
      const format = rng.pick(["mp4", "fmp4"] as const);
      const bytes = await delivered(format, () => planRange(fresh(opened.catalog), query));
      for (const { catalog } of [opened, other, opened])
        expect(await told(() => outlineRange(fresh(catalog), query)), message).toEqual(wanted);
      expect(await delivered(format, () => planRange(fresh(other.catalog), query)), message).toBe(bytes);
      const catalog = rng.pick([opened.catalog, other.catalog]);
      const change = rng.below(4);
      const atMs = BEGIN_MS + rng.below(HOURS * HOUR_MS);
      if (change === 0) await catalog.tombstone({ streamPath, ids: [rng.pick(ids)] }, 0);
      else if (change === 1)
        await catalog.tombstone({ streamPath, startMs: atMs, endMs: atMs + 3 * MINUTE_MS, match: "contained" }, 0);
      else await add(catalog, streamPath, change === 2 ? atMs : atMs - (atMs % MINUTE_MS), rng.pick(KINDS));
    }
    const followed = follows.mock.results.filter(({ value }) => value === true).length;
    expect(followed).toBeGreaterThan(0);
    follows.mockRestore();
    const rows = await sql<{ runs: ArrayBuffer }>`select runs from hours where length(runs) > 0`.execute(
      opened.db.primary,
    );
    const runs = rows.rows.flatMap(({ runs }) => readRuns(new Uint8Array(runs), 500)?.items.filter(isRun) ?? []);
    expect(Math.max(...runs.map(({ count }) => count))).toBeGreaterThan(3);
  }, 60_000);

  /** What playlists of a range list, and what is measured of it, or why it is refused. */
  async function listed(catalog: Catalog, query: RecordingsQuery): Promise<unknown> {
    const { streamPath, startMs, tracks, length } = query;
    const measure = new StreamMeasure(length.lengthMs);
    const options = { startMs, tracks, lengthMs: length.lengthMs, live: false, iframes: false };
    const [playlist, manifest] = [
      new MediaPlaylist(options),
      new Manifest({ tracks: ["v", "a"], usualMs: length.lengthMs, folder: "/", gaps: "skip" }),
    ];
    const all: StreamSink = {
      begin: (stretch) => {
        for (const sink of [playlist, manifest]) sink.begin(stretch);
      },
      add: (segment) => {
        for (const sink of [playlist, manifest, measure]) sink.add(segment);
      },
      gap: (gap) => {
        playlist.gap(gap);
      },
    };
    return orCode(async () => {
      const version = await streamRecordings(fresh(catalog), query, all, {});
      if (version !== undefined) expect(version).toBe(await streamVersion(fresh(catalog), query));
      const text: string[] = [streamPath];
      for (const sink of [playlist, manifest]) for await (const piece of sink.text()) text.push(piece);
      const { frameRate, both, picture, sound, syncs, independent } = measure;
      const rates = [both, picture, sound, syncs].map(({ peak, average }) => [peak, average]);
      return { text: text.join(""), frameRate, independent, rates };
    });
  }

  it("tell which media segments a range has as its segments do, whatever has changed", async () => {
    const follows = vi.spyOn(RunPlacer.prototype, "addRun");
    const streamPath = "six";
    const ids = await fill(streamPath);
    const { queries } = fresh(opened.catalog);
    for (let round = 0; round < 3; round++) {
      const range = {
        startMs: BEGIN_MS + rng.below(HOUR_MS / 4) - 5 * MINUTE_MS,
        endMs: BEGIN_MS + HOURS * HOUR_MS - rng.pick([0, rng.below(20 * MINUTE_MS)]),
      };
      const kept = rng.pick([{}, { gapPortionMs: 6000 }]);
      const asked = (["av", "v", "a"] as const).map((tracks) => {
        return { streamPath, ...range, ...kept, tracks, length: USUAL_GROUPS } satisfies RecordingsQuery;
      });
      await sql`update hours set runs = null`.execute(opened.db.primary);
      const wanted = await Promise.all(asked.map((query) => listed(opened.catalog, query)));
      expect(follows.mock.calls).toHaveLength(0);
      await makeHours({ catalog: opened.catalog, queries }, 100, new AbortController().signal);
      const message = `seed ${String(rng.seed)}, round ${String(round)}: ${JSON.stringify(asked[0])}`;
      for (const [i, query] of asked.entries()) expect(await listed(other.catalog, query), message).toEqual(wanted[i]);
      expect(follows.mock.results.some(({ value }) => value === true)).toBe(true);
      follows.mockClear();
      const atMs = BEGIN_MS + rng.below(HOURS * HOUR_MS);
      if (rng.below(2) === 0) await opened.catalog.tombstone({ streamPath, ids: [rng.pick(ids)] }, 0);
      else await add(opened.catalog, streamPath, atMs - (atMs % rng.pick([1, MINUTE_MS])), rng.pick(KINDS));
    }
    follows.mockRestore();
  }, 60_000);

  it("are taken in part where a range begins or ends within them", async () => {
    const streamPath = "two";
    const [kind] = KINDS as [Kind];
    const count = HOURS * 60 + 10;
    for (let i = 0; i < count; i++) await add(opened.catalog, streamPath, BEGIN_MS + i * MINUTE_MS, kind);
    const { queries } = fresh(opened.catalog);
    await makeHours({ catalog: opened.catalog, queries }, 100, new AbortController().signal);
    const [startMs, endMs] = [BEGIN_MS + 2.5 * MINUTE_MS, BEGIN_MS + HOURS * HOUR_MS - 10.5 * MINUTE_MS];
    const query = { streamPath, startMs, cut: "frame", gaps: "skip", changes: "inband" } as const;
    const follows = vi.spyOn(RunPlacer.prototype, "addRun");
    const reads = vi.spyOn(opened.catalog.hours, "columns");
    const { segments } = await outlineRange(fresh(opened.catalog), { ...query, endMs });
    // Of the whole hours outlines are enough.
    expect(reads).not.toHaveBeenCalled();
    reads.mockRestore();
    const followed = follows.mock.calls.filter((_, i) => follows.mock.results[i]?.value === true);
    follows.mockRestore();
    expect(segments).toBe(count - 2 - 20);
    // The range ends in the last hour, and has no whole one there.
    expect(followed.some(([{ startMs: starts }]) => (starts.at(-1) ?? 0) >= BEGIN_MS + (HOURS - 0.75) * HOUR_MS)).toBe(
      true,
    );
  });

  it("are taken before what is being recorded", async () => {
    const [streamPath, kind] = ["five", rng.pick(KINDS)];
    const [count, untilMs] = [130, BEGIN_MS + 130 * MINUTE_MS];
    for (let i = 0; i < count; i++) await add(opened.catalog, streamPath, BEGIN_MS + i * MINUTE_MS, kind);
    const { description, ...made } = rng.pick(indexed.get(kind) ?? []);
    const facts = { format: "mp4", codecs: description.codecs, size: 1, etag: "growing-1", eventLevel: null } as const;
    opened.catalog.growing.add({
      ...{ id: 1_000_000, streamPath, key: "growing", version: 0, open: true },
      read: (span) => anyStore.get("0", span),
      at: () => ({ ...made, ...facts, startMs: untilMs, endMs: untilMs + MINUTE_MS, createdMs: untilMs }),
    });
    const query = { streamPath, startMs: BEGIN_MS, endMs: untilMs + MINUTE_MS } as const;
    const outline = outlineRange(fresh(opened.catalog), { ...query, cut: "frame", gaps: "skip", changes: "inband" });
    expect((await outline).segments).toBe(count + 1);
  });

  it("are made beforehand, once they are over", async () => {
    for (let i = 0; i < 3; i++) await add(opened.catalog, "four", BEGIN_MS + i * HOUR_MS, rng.pick(KINDS));
    const made = async (): Promise<unknown[]> =>
      (
        await sql`select hour from hours where stream_path = 'four' and runs is not null order by hour`.execute(
          opened.db.primary,
        )
      ).rows;
    const { queries } = fresh(opened.catalog);
    await makeHours({ catalog: opened.catalog, queries }, 100, new AbortController().signal);
    expect(await made()).toEqual([{ hour: 10_000 }, { hour: 10_001 }]);
    expect(await opened.catalog.hours.missing(100)).toEqual([]);
    await add(opened.catalog, "four", BEGIN_MS + MINUTE_MS, rng.pick(KINDS));
    expect(await made()).toEqual([{ hour: 10_001 }]);
  });

  it("go with the last segment, and begin with the first", async () => {
    const hours = async (): Promise<unknown[]> =>
      (
        await sql`select hour, runs is null as changed from hours where stream_path = 'three'`.execute(
          opened.db.primary,
        )
      ).rows;
    const id = await add(opened.catalog, "three", -1, rng.pick(KINDS));
    expect(await hours()).toEqual([{ hour: -1, changed: 1 }]);
    await sql`update hours set runs = x'' where stream_path = 'three'`.execute(opened.db.primary);
    await opened.catalog.rateSegment(id, "high");
    expect(await hours()).toEqual([{ hour: -1, changed: 0 }]);
    await sql`update segments set size = size + 1, etag = 'x' where id = ${id}`.execute(opened.db.primary);
    expect(await hours()).toEqual([{ hour: -1, changed: 1 }]);
    await sql`update segments set start_ms = 0 where id = ${id}`.execute(opened.db.primary);
    expect(await hours()).toEqual([{ hour: 0, changed: 1 }]);
    await sql`delete from segment_indexes where segment_id = ${id}`.execute(opened.db.primary);
    await sql`delete from segments where id = ${id}`.execute(opened.db.primary);
    expect(await hours()).toEqual([]);
    await migrate(opened.db);
  });
});

/** A store that has bytes of any object. */
const anyStore = {
  get: (key: string, { offset, length }: ByteSpan) =>
    arrived(new Uint8Array(length).fill(offset + Number(basename(key)))),
};
