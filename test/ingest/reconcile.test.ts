import { spawn } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Catalog } from "../../src/catalog/catalog.ts";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import type { Finding, ReconcileOptions, ReconcileParts } from "../../src/intake/reconcile/types.ts";
import { keepLease } from "../../src/intake/lease.ts";
import { openCatalogFile } from "../../src/runtime/libsql/open-catalog.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { withMounts } from "../../src/store/mounts.ts";
import { openTestCatalog, readySegment, type TestCatalog } from "../catalog/open.ts";
import { bodyOf, listed, readAll } from "../conformance/store.ts";
import { random, seedOf } from "../support/random.ts";

const MINUTE_MS = 60_000;
const NOW_MS = Date.now();

let opened: TestCatalog;
let store: FileStore;
let parts: ReconcileParts;
beforeEach(async () => {
  opened = await openTestCatalog();
  store = new FileStore(join(opened.folder, "media"));
  // Another catalog than the one that uploads, as in another process.
  parts = { catalog: new Catalog(opened.db), store, sweep: (beforeMs) => store.sweep(beforeMs) };
});
afterEach(() => opened.close());

async function findings(options: Partial<ReconcileOptions> = {}, on = parts): Promise<Finding[]> {
  const all: Finding[] = [];
  for await (const finding of reconcile(on, { nowMs: NOW_MS, ...options })) all.push(finding);
  return all;
}

/** Adds a ready segment with its object. */
async function addStored(key: string, nowMs = NOW_MS): Promise<number> {
  const { id } = await opened.catalog.beginSegment({ streamPath: "s", key, nowMs });
  const { size, etag } = await store.put(key, bodyOf(Buffer.from(key)));
  await opened.catalog.completeSegment(id, { ...readySegment(0, 10), size, etag });
  return id;
}

describe("reconcile", () => {
  it("gives up uploads that were not heard of for two minutes", async () => {
    const old = { streamPath: "s", key: "segments/old", nowMs: NOW_MS - 121_000 };
    const young = { streamPath: "s", key: "segments/young", nowMs: NOW_MS - 119_000 };
    const first = await opened.catalog.beginSegment(old);
    await store.put(old.key, bodyOf(new Uint8Array(9)));
    const second = await opened.catalog.beginSegment(young);
    await store.put(young.key, bodyOf(new Uint8Array(9)));
    expect(await findings()).toEqual([{ kind: "upload_removed", key: old.key, segmentId: first.id }]);
    expect(await findings()).toEqual([]);
    expect((await listed(store, "")).map(({ key }) => key)).toEqual([young.key]);
    const later = { nowMs: NOW_MS + 2 * MINUTE_MS };
    expect(await findings(later)).toEqual([{ kind: "upload_removed", key: young.key, segmentId: second.id }]);
    expect(await listed(store, "")).toEqual([]);
    expect(await findings({ ...later, verify: true })).toEqual([]);
  });

  it("leaves an upload alone for as long as it renews its lease", async () => {
    const { id } = await opened.catalog.beginSegment({ streamPath: "s", key: "segments/slow", nowMs: NOW_MS });
    let nowMs = NOW_MS;
    let renewals = 0;
    const renew = (): Promise<boolean> => {
      renewals++;
      return opened.catalog.unsettled.renew(id, nowMs);
    };
    const end = keepLease(renew, 1);
    for (let minute = 1; minute <= 10; minute++) {
      nowMs += MINUTE_MS;
      const before = renewals;
      // Two: the first may have begun before the clock went on.
      while (renewals < before + 3) await new Promise((resolve) => setTimeout(resolve, 1));
      expect(await findings({ nowMs })).toEqual([]);
    }
    end();
    nowMs += 3 * MINUTE_MS;
    expect(await findings({ nowMs })).toMatchObject([{ kind: "upload_removed", segmentId: id }]);
  });

  it("settles each thing once when several nodes reconcile at the same time", async () => {
    const ids: number[] = [];
    for (let i = 0; i < 30; i++) {
      const key = `segments/${i}`;
      const { id } = await opened.catalog.beginSegment({ streamPath: "s", key, nowMs: 0 });
      await store.put(key, bodyOf(new Uint8Array(9)));
      ids.push(id);
    }
    const kept = await addStored("segments/kept");
    const all = (await Promise.all(Array.from({ length: 4 }, () => findings()))).flat();
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(["upload_removed"]));
    expect(all.map(({ segmentId }) => segmentId).sort((a = 0, b = 0) => a - b)).toEqual(ids);
    expect((await listed(store, "")).map(({ key }) => key)).toEqual(["segments/kept"]);
    expect(await opened.db.primary.selectFrom("segments").select("id").execute()).toEqual([{ id: kept }]);
    expect(await findings({ verify: true })).toEqual([]);
  });

  it("finishes deletions after their grace", async () => {
    const [kept, young, old] = [
      await addStored("segments/a"),
      await addStored("segments/b"),
      await addStored("segments/c"),
    ];
    await opened.catalog.tombstone({ streamPath: "s", ids: [young] }, NOW_MS - 9 * MINUTE_MS);
    await opened.catalog.tombstone({ streamPath: "s", ids: [old] }, NOW_MS - 11 * MINUTE_MS);
    expect(await findings({ verify: true })).toEqual([
      { kind: "deletion_finished", key: "segments/c", segmentId: old },
    ]);
    expect((await listed(store, "")).map(({ key }) => key)).toEqual(["segments/a", "segments/b"]);
    expect(await findings({ verify: true })).toEqual([]);
    expect(await opened.catalog.segment(kept)).toBeDefined();
  });

  it("reports lost and changed objects and never drops their segments", async () => {
    const ids: number[] = [];
    for (let i = 0; i < 40; i++) ids.push(await addStored(`segments/${String(i).padStart(2, "0")}`));
    await store.delete("segments/03");
    await writeFile(join(opened.folder, "media", "segments", "05"), "something else");
    await store.put("segments/stray", bodyOf(new Uint8Array(1)));
    await store.put("files/other", bodyOf(new Uint8Array(1)));
    const wanted = [
      { kind: "object_missing", key: "segments/03", segmentId: ids[3] },
      { kind: "object_changed", key: "segments/05", segmentId: ids[5] },
      { kind: "orphan", key: "segments/stray" },
    ];
    expect(await findings()).toEqual([]);
    expect(await findings({ verify: true })).toEqual(wanted);
    expect(await findings({ verify: true })).toEqual(wanted);
    expect(await findings({ verify: true, removeOrphans: true })).toEqual([
      ...wanted.slice(0, 2),
      { kind: "orphan_removed", key: "segments/stray" },
    ]);
    expect(await findings({ verify: true })).toEqual(wanted.slice(0, 2));
    expect(await opened.catalog.streams()).toMatchObject([{ count: 40 }]);
    expect(await store.head("files/other")).toBeDefined();
  });

  it("goes on after a failure of the store, and tries again", async () => {
    const [a, b] = [await addStored("segments/a"), await addStored("segments/b")];
    await opened.catalog.tombstone({ streamPath: "s", ids: [a, b] }, 0);
    // A folder that leads out of the store: the driver refuses to delete there.
    await opened.db.primary.updateTable("segments").set({ key: "../a" }).where("id", "=", a).execute();
    expect(await findings()).toMatchObject([
      { kind: "store_failed", key: "../a", segmentId: a },
      { kind: "deletion_finished", segmentId: b },
    ]);
    await opened.db.primary.updateTable("segments").set({ key: "segments/a" }).where("id", "=", a).execute();
    expect(await findings()).toMatchObject([{ kind: "deletion_finished", segmentId: a }]);
  });

  it("never touches files that stay where they lie", async () => {
    const place = join(opened.folder, "place");
    await mkdir(place);
    await writeFile(join(place, "a.mp4"), "recorded");
    await writeFile(join(place, "b.mp4"), "recorded");
    const mountId = await opened.catalog.mounts.numberOf(place);
    const both = withMounts(store, (id) => Promise.resolve(id === mountId ? new FileStore(place) : undefined));
    const head = await both.head(`@${mountId}/a.mp4`);
    const { id } = await opened.catalog.beginSegment({ streamPath: "s", key: `@${mountId}/a.mp4`, nowMs: 0 });
    await opened.catalog.completeSegment(id, { ...readySegment(0, 10), size: 8, etag: head?.etag ?? "" });
    await opened.catalog.beginSegment({ streamPath: "s", key: `@${mountId}/b.mp4`, nowMs: 0 });
    const on = { ...parts, store: both };
    expect(await findings({ verify: true }, on)).toMatchObject([{ kind: "upload_removed" }]);
    await opened.catalog.tombstone({ streamPath: "s", ids: [id] }, 0);
    expect(await findings({ verify: true }, on)).toMatchObject([{ kind: "deletion_finished" }]);
    expect(await readdir(place)).toEqual(["a.mp4", "b.mp4"]);
    expect(String(await readAll(both, `@${mountId}/a.mp4`, { offset: 0, length: 8 }))).toBe("recorded");
  });

  it("can be ended between two steps, and by its signal", async () => {
    for (let i = 0; i < 20; i++) await opened.catalog.beginSegment({ streamPath: "s", key: `segments/${i}`, nowMs: 0 });
    for await (const finding of reconcile(parts, { nowMs: NOW_MS })) {
      expect(finding.key).toBe("segments/0");
      break;
    }
    const abort = new AbortController();
    const seen: Finding[] = [];
    for await (const finding of reconcile(parts, { nowMs: NOW_MS, signal: abort.signal })) {
      seen.push(finding);
      if (seen.length === 5) abort.abort();
    }
    expect(seen).toHaveLength(5);
    expect(await findings()).toHaveLength(14);
  });

  it("leaves an upload alone that finishes while it looks", async () => {
    const { id } = await opened.catalog.beginSegment({ streamPath: "s", key: "segments/late", nowMs: 0 });
    await opened.catalog.beginSegment({ streamPath: "s", key: "segments/later", nowMs: 0 });
    // Both are looked up as pending; the second is completed between the two steps.
    for await (const finding of reconcile(parts, { nowMs: NOW_MS })) {
      expect(finding).toMatchObject({ kind: "upload_removed", segmentId: id });
      const { size, etag } = await store.put("segments/later", bodyOf(new Uint8Array(5)));
      await opened.catalog.completeSegment(id + 1, { ...readySegment(0, 10), size, etag });
    }
    expect(await findings({ verify: true })).toEqual([]);
    expect(await opened.catalog.segment(id + 1)).toBeDefined();
    expect(await store.head("segments/later")).toBeDefined();
  });
});

describe("a process killed in a segment's life", () => {
  const folder = fileURLToPath(new URL("../../build/life-cycle-test", import.meta.url));
  const child = join(folder, "child.js");
  beforeAll(async () => {
    await build({
      entryPoints: [fileURLToPath(new URL("life-cycle-child.ts", import.meta.url))],
      outfile: child,
      bundle: true,
      packages: "external",
      platform: "node",
      target: "node20",
      format: "esm",
      logLevel: "warning",
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Runs the child until it kills itself, or until some milliseconds after its first step; the steps it told of. */
  async function live(step: string, name: string, killAfterMs?: number): Promise<{ signal: unknown; steps: string[] }> {
    const running = spawn(process.execPath, [child, opened.folder, step, name], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    let timer: NodeJS.Timeout | undefined;
    running.stdout.on("data", (chunk: Buffer) => {
      output += String(chunk);
      if (killAfterMs !== undefined) timer ??= setTimeout(() => running.kill("SIGKILL"), killAfterMs);
    });
    const signal = await new Promise((resolve) => running.on("close", (_, closedBy) => resolve(closedBy)));
    clearTimeout(timer);
    return { signal, steps: output.split("\n").filter((line) => line !== "") };
  }

  /** Reconciles as a server does that starts, and holds catalog and folder against each other. */
  async function settled(): Promise<{ ready: string[]; removed: Finding["kind"][] }> {
    const again = await openCatalogFile(opened.path);
    const on = { ...parts, catalog: again.catalog };
    const removed = (await findings({ nowMs: Date.now() + 7_200_000, verify: true }, on)).map(({ kind }) => kind);
    expect(await findings({ nowMs: Date.now() + 7_200_000, verify: true }, on)).toEqual([]);
    const ready = (await again.catalog.readyAfter(0, 1000)).map(({ key }) => key).sort();
    const rows = await again.db.primary.selectFrom("segments").select("key").orderBy("key").execute();
    expect(rows.map(({ key }) => key)).toEqual(ready);
    expect((await listed(store, "")).map(({ key }) => key)).toEqual(ready);
    expect(await readdir(join(opened.folder, "media", ".boxcar-tmp")).catch(() => [])).toEqual([]);
    for (const segment of await again.catalog.readyAfter(0, 1000)) {
      expect(await readAll(store, segment.key, { offset: 0, length: segment.size }, segment.etag)).toHaveLength(
        300_000,
      );
      expect((await again.catalog.indexesOf([segment.id])).get(segment.id)).toHaveLength(30);
    }
    const count = (await again.catalog.streams()).reduce((sum, stream) => sum + stream.count, 0);
    expect(count).toBe(ready.length);
    await again.close();
    return { ready, removed };
  }

  it.each<[string, boolean, Finding["kind"][]]>([
    ["pending", false, ["upload_removed"]],
    ["temporary-opened", false, ["temporary_removed", "upload_removed"]],
    ["object-begun", false, ["temporary_removed", "upload_removed"]],
    ["object-written", false, ["temporary_removed", "upload_removed"]],
    ["object-linked", false, ["temporary_removed", "upload_removed"]],
    ["temporary-unlinked", false, ["upload_removed"]],
    ["object-durable", false, ["upload_removed"]],
    ["ready", true, []],
    ["tombstone", false, ["deletion_finished"]],
    ["object-unlinked", false, ["deletion_finished"]],
    ["deletion_finished", false, []],
  ])("at %s", async (step, isReady, wanted) => {
    const acknowledged = await live("ready", "acknowledged");
    expect(acknowledged.steps.at(-1)).toBe("ready");
    const { signal, steps } = await live(step, "victim");
    expect([signal, steps.at(-1)]).toEqual(["SIGKILL", step]);
    const { ready, removed } = await settled();
    expect(removed).toEqual(wanted);
    const kept = ["segments/s/acknowledged.mp4", ...(isReady ? ["segments/s/victim.mp4"] : [])];
    expect(ready).toEqual(kept);
  });

  it("at any moment", { timeout: 180_000 }, async () => {
    const rng = random(seedOf(21));
    const { steps: full } = await live("none", "measure");
    expect(full.at(-1)).toBe("deletion_finished");
    const last = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const { steps } = await live("none", `victim${i}`, rng.below(40));
      const { ready } = await settled();
      last.add(steps.at(-1) ?? "");
      const message = `seed ${rng.seed}, round ${i}: killed after ${steps.join(" ")}`;
      const isFinal = steps.includes("tombstone") || !steps.includes("object-durable");
      if (isFinal) expect(ready, message).not.toContain(`segments/s/victim${i}.mp4`);
    }
    console.log(`killed after: ${[...last].join(", ")}`);
  });
});
