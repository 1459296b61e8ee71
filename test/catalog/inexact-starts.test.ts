import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CUT_PRECISION_MS } from "../../src/catalog/derive-start.ts";
import type { Segment } from "../../src/catalog/types.ts";
import { random, seedOf, type Random } from "../support/random.ts";
import { openTestCatalog, readySegment, type TestCatalog } from "./open.ts";

/** Starts that are known to whole seconds only. */
const SECOND = 1000;
const BASE = Date.UTC(2026, 0, 31, 3, 59, 30);

let opened: TestCatalog;
beforeEach(async () => {
  opened = await openTestCatalog();
});
afterEach(() => opened.close());

interface Named {
  readonly statedMs: number;
  readonly durationMs: number;
}

let count = 0;
async function add(streamPath: string, { statedMs, durationMs }: Named, precisionMs = SECOND): Promise<Segment> {
  const { catalog } = opened;
  const { id } = await catalog.beginSegment({ streamPath, key: `k${String(count++)}`, nowMs: 0 });
  const ready = readySegment(statedMs, statedMs + Math.ceil(durationMs));
  return catalog.completeSegment(id, { ...ready, precisionMs, durationMs });
}

async function listed(streamPath: string): Promise<Pick<Segment, "startMs" | "endMs">[]> {
  const segments: Segment[] = [];
  for await (const page of opened.catalog.overlapping(streamPath, 0, Number.MAX_SAFE_INTEGER)) segments.push(...page);
  const found = segments.map(({ startMs, endMs }) => ({ startMs, endMs }));
  const range = [streamPath, 0, Number.MAX_SAFE_INTEGER] as const;
  const recorded: Segment[] = [];
  for await (const { segments: some } of opened.catalog.recorded(...range)) recorded.push(...some);
  expect(recorded.map(({ startMs, endMs }) => ({ startMs, endMs }))).toEqual(found);
  return found;
}

/** A recording without a gap, each start off by `noise` milliseconds. */
function recording(rng: Random, durationMs: number, noise: () => number): Named[] {
  const first = BASE + rng.below(1000);
  return Array.from({ length: 40 }, (_, i) => ({ statedMs: first + Math.round(i * durationMs) + noise(), durationMs }));
}

function expectSeamless(found: readonly Pick<Segment, "startMs" | "endMs">[], stated: readonly Named[]): void {
  for (const [i, { startMs, endMs }] of found.entries()) {
    const next = found[i + 1];
    if (next !== undefined) expect(endMs).toBe(next.startMs);
    expect(Math.abs(startMs - (stated[i]?.statedMs ?? 0))).toBeLessThanOrEqual(2 * SECOND);
  }
}

describe("inexact starts", () => {
  it("of a page of segments are brought up to date by one read", async () => {
    const late = (i: number): Named => ({ statedMs: BASE + (i + 1) * 2000 + 60 + i, durationMs: 2000 });
    for (let i = 0; i < 40; i++) await add("cut", late(i), CUT_PRECISION_MS);
    const reads = vi.spyOn(opened.db.primary.getExecutor(), "executeQuery");
    await add("cut", { statedMs: BASE, durationMs: 2000 });
    expect(reads.mock.calls.length).toBeLessThan(10);
    reads.mockRestore();
    expect((await listed("cut")).map(({ startMs }) => startMs - BASE)).toEqual(
      Array.from({ length: 41 }, (_, i) => i * 2000),
    );
  });

  it("are taken as stated where microseconds pass 53 bits, and harm none that come later", async () => {
    const far = { statedMs: Date.UTC(5138, 0, 1), durationMs: 10_000 };
    expect(await add("far", far)).toMatchObject({ startMs: far.statedMs, endMs: far.statedMs + 10_000 });
    const near = { statedMs: BASE, durationMs: 10_000 };
    expect(await add("far", near)).toMatchObject({ startMs: BASE });
    expect(await listed("far")).toHaveLength(2);
  });

  const rng = random(seedOf(21));
  const kinds: [string, number, (ms: number) => number][] = [
    ["cut to whole seconds, 9.96 s", 9960, (ms) => Math.floor(ms / 1000) * 1000],
    ["cut to whole seconds, 10.04 s", 10_040, (ms) => Math.floor(ms / 1000) * 1000],
    ["rounded to whole seconds, 9.9845 s", 9984.5805, (ms) => Math.round(ms / 1000) * 1000],
    ["off by up to a second", 10_000, (ms) => ms + rng.below(2001) - 1000],
  ];

  it.each(kinds)("follow one another: %s", async (_, durationMs, name) => {
    const named = recording(rng, durationMs, () => 0).map((each) => ({ ...each, statedMs: name(each.statedMs) }));
    for (const each of named) await add("s", each);
    const found = await listed("s");
    expectSeamless(found, named);
    const first = found[0]?.startMs ?? 0;
    if (name(500) !== 500) {
      for (const [i, { startMs }] of found.entries()) expect(startMs).toBe(Math.round(first + i * durationMs));
    }
  });

  it("are the same in whatever order segments arrive", async () => {
    for (let round = 0; round < 6; round++) {
      const gapAt = rng.below(40);
      const named = recording(rng, 9960, () => rng.below(1001) - 500).map(({ statedMs, durationMs }, i) => ({
        statedMs: Math.floor((statedMs + (i >= gapAt ? 7000 : 0)) / 1000) * 1000,
        durationMs,
      }));
      const shuffled = [...named];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = rng.below(i + 1);
        const [a, b] = [shuffled[i], shuffled[j]];
        if (a !== undefined && b !== undefined) [shuffled[i], shuffled[j]] = [b, a];
      }
      for (const each of named) await add(`in-order${String(round)}`, each);
      await Promise.all(
        [0, 1].map(async (half) => {
          for (const each of shuffled.filter((_, i) => i % 2 === half)) await add(`shuffled${String(round)}`, each);
        }),
      );
      const found = await listed(`shuffled${String(round)}`);
      expect(found, `seed ${String(rng.seed)}`).toEqual(await listed(`in-order${String(round)}`));
      const [one, other] = (await opened.catalog.streams()).filter(({ streamPath }) =>
        streamPath.endsWith(String(round)),
      );
      expect({ ...one, streamPath: "" }).toEqual({ ...other, streamPath: "" });
      const total = (await opened.catalog.list({ streamPath: `shuffled${String(round)}`, pageNum: 1, pageSize: 1 }))
        .total;
      expect(total).toBe(40);
      const seams = found.slice(1).map(({ startMs }, i) => startMs - (found[i]?.endMs ?? 0));
      expect(seams.filter((distance) => distance !== 0).length).toBe(gapAt > 0 ? 1 : 0);
    }
  });

  it("do not drift away from what is stated where durations are wrong", async () => {
    const named = Array.from({ length: 60 }, (_, i) => ({ statedMs: BASE + i * 10_000, durationMs: 10_090 }));
    for (const each of named) await add("s", each);
    expectSeamless(await listed("s"), named);
  });

  it("are derived from exact ones where a segment was cut amid a group of pictures, up to the gap tolerance", async () => {
    const tenSeconds = { durationMs: 10_000 };
    // Cut at each ten seconds, while its first pictures were presented 400 ms before.
    const named: [Named, number][] = [
      [{ statedMs: BASE, durationMs: 9600 }, 0],
      [{ statedMs: BASE + 10_000, ...tenSeconds }, CUT_PRECISION_MS],
      [{ statedMs: BASE + 20_000, ...tenSeconds }, CUT_PRECISION_MS],
      // Behind a gap of 600 ms it starts when it says.
      [{ statedMs: BASE + 30_600, ...tenSeconds }, CUT_PRECISION_MS],
      [{ statedMs: BASE + 40_700, ...tenSeconds }, 0],
      // What is further off than it can be comes nearer, by less than a gap.
      [{ statedMs: BASE + 51_000, durationMs: 9700 }, CUT_PRECISION_MS],
      [{ statedMs: BASE + 61_000, ...tenSeconds }, CUT_PRECISION_MS],
    ];
    for (const each of named) await add("s", ...each);
    for (const each of named.toReversed()) await add("backwards", ...each);
    expect(await listed("backwards")).toEqual(await listed("s"));
    const starts = (await listed("s")).map(({ startMs }) => startMs - BASE);
    expect(starts).toEqual([0, 9600, 19_600, 30_600, 40_700, 50_700, 60_500]);
  });

  it("of such ones do not drift away where durations are wrong", async () => {
    await add("s", { statedMs: BASE, durationMs: 9950 }, 0);
    for (let i = 1; i < 60; i++) await add("s", { statedMs: BASE + i * 10_000, durationMs: 9950 }, CUT_PRECISION_MS);
    const found = await listed("s");
    const off = found.map(({ startMs }, i) => startMs - BASE - i * 10_000);
    expect(Math.max(...off.map(Math.abs))).toBeLessThanOrEqual(550);
    for (const [i, { endMs }] of found.entries())
      expect(Math.abs((found[i + 1]?.startMs ?? endMs) - endMs)).toBeLessThan(101);
  });

  it("stay as they are when earlier segments are deleted", async () => {
    const segments: Segment[] = [];
    for (const each of recording(rng, 9960, () => 0)) segments.push(await add("s", each));
    const before = await listed("s");
    await opened.catalog.tombstone({ streamPath: "s", ids: segments.slice(0, 20).map(({ id }) => id) }, 0);
    expect(await listed("s")).toEqual(before.slice(20));
  });
});
