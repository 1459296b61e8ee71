import { expect, it } from "vitest";
import { DurationRuns } from "../../src/core/planning/duration-runs.ts";
import type { JoinedRuns, RunCounts } from "../../src/core/planning/joined-runs.ts";
import type { OutputTrack } from "../../src/core/planning/output-track.ts";
import type { PieceMaker } from "../../src/core/planning/piece-maker.ts";
import type { PieceTrack } from "../../src/core/planning/piece.ts";
import { soundFromBy } from "../../src/core/planning/joint.ts";
import { rescale } from "../../src/core/ticks.ts";
import { addPieces } from "../../src/recordings/hours/join-runs.ts";
import type { RunSpan } from "../../src/recordings/hours/run-place.ts";
import { passageOf } from "../../src/recordings/hours/run-passage.ts";
import { RUN_COLUMNS, type RunTrack, type SegmentRun } from "../../src/recordings/hours/segment-run.ts";
import { recordOf } from "../../src/base/record-of.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const COUNTS = { flags: 0 } as RunCounts;

/** A track of `count` segments that start at `places`, each of which goes on about where the one before ends. */
function track(rng: Random, run: Pick<SegmentRun, "timescale" | "start">, places: readonly number[]): RunTrack {
  const sound = rng.below(3) > 0;
  const uniform = rng.below(2) === 0;
  const snaps = sound && uniform;
  const timescale = rng.below(3) === 0 ? run.timescale : rng.pick([1000, 8000, 44_100, 48_000, 90_000]);
  const step = rng.pick([timescale / 50, timescale / 20, timescale / 10].map(Math.ceil));
  const near = Math.round(timescale / 1000);
  const drift = rng.pick([0, 0, 1, -1]) * rng.below(near + 1);
  const columns = recordOf(RUN_COLUMNS, () => new Float64Array(places.length));
  let [lastDts, own] = [-step, step];
  for (const [i, place] of places.entries()) {
    const base = rescale(place, run.timescale, timescale) - rescale(run.start[i] ?? 0, run.timescale, timescale);
    const jitter = rng.pick([0, 0, drift, drift, rng.below(5) - 2, (rng.below(3) - 1) * rng.below(4 * near + 2)]);
    const twice = sound ? rng.pick([0, 0, 0, 1, 2]) * step : 0;
    const samples = 3 + twice / step + rng.below(3);
    const firstDts = lastDts + own + jitter - twice - base;
    const stated = false;
    const before = { lastDts: lastDts - base, lastDuration: own };
    const { start, over } = soundFromBy({ firstDts, timescale, stated, usual: step, snaps }, before);
    const left = sound && over > 0 ? Math.max(1, Math.floor((start - firstDts) / step)) : 0;
    const lasting = (samples - 1) * step;
    const lastDuration = rng.pick([step, step, step, rng.below(2 * step)]);
    const taken = firstDts + left * step;
    const values = {
      ...{ samples: samples - left, firstDts: taken, lasting: lasting - left * step, lastDuration },
      ...{ end: firstDts + lasting + lastDuration + rng.pick([0, 0, 0, step]) },
      ...{ ownSamples: samples, ownFirstDts: firstDts, ownLasting: lasting },
    };
    for (const name of RUN_COLUMNS) columns[name][i] = values[name];
    [lastDts, own] = [base + firstDts + lasting, lastDuration];
  }
  return { timescale, sound, snaps, uniform, ...columns, counts: [COUNTS, COUNTS, COUNTS] };
}

function madeRun(rng: Random): SegmentRun {
  const timescale = rng.pick([1000, 12_800, 30_000, 90_000]);
  const count = 4 + rng.below(8);
  const numbers = Array.from({ length: count }, (_, i) => i);
  const length = Float64Array.from(numbers, () => timescale + rng.pick([0, 0, rng.below(timescale / 50)]));
  const places = numbers.map((i) => length.subarray(0, i).reduce((sum, ticks) => sum + ticks, 0));
  const start = Float64Array.from(numbers, () => rng.below(2) * rng.below(timescale / 10));
  const startMs = Float64Array.from(numbers, (i) => i * 1000);
  const tracks = [track(rng, { timescale, start }, places)];
  const run = {
    ...{ kind: "", count, timescale, startMs, endMs: startMs, start, length, toLast: places.at(-1) ?? 0, lateMs: 0 },
    ...{ fragments: [0, 0, 0], tracks },
  };
  const segment = {} as SegmentRun["first"];
  return { ...run, passage: passageOf(run, ["mp4a.40.2"]), first: segment, second: segment, last: segment };
}

/** What becomes of an output track that ends some ticks before the run. */
function joined(run: SegmentRun, place: number, lateTicks: number, early: number, filled: boolean): unknown {
  const [own] = run.tracks;
  if (own === undefined) return undefined;
  const { timescale } = own;
  const base = rescale(place, run.timescale, timescale) - rescale(run.start[0] ?? 0, run.timescale, timescale);
  const ownDuration = own.lastDuration[1] ?? 0;
  const lastDts = base + (own.firstDts[0] ?? 0) - ownDuration + lateTicks;
  const last = {
    count: 3,
    dts: lastDts - 2 * ownDuration,
    lasting: 2 * ownDuration,
    ownDuration,
    lastDuration: ownDuration,
  };
  const durations = new DurationRuns();
  durations.add(last as PieceTrack);
  const output = {
    last,
    timescale,
    early,
    codec: "mp4a.40.2",
    lastDts,
    presentedEnd: lastDts + ownDuration,
    durations,
  };
  let made: readonly JoinedRuns[] | undefined;
  const addAlike: PieceMaker["addAlike"] = ({ join }) => {
    made = join({ outputs: [output as unknown as OutputTrack], bases: [], scaled: false }, filled);
    return made !== undefined;
  };
  const span: RunSpan = { run, first: 0, end: run.count - 1, parts: [0, 1], place };
  addPieces({ addAlike }, [span]);
  if (made === undefined) return undefined;
  return made.map(({ durations: runs, ...others }) => {
    const entries = [others.last.lasting / (others.last.count - 1), -1].map((lastDuration) => {
      runs?.endWith({ lastDuration } as PieceTrack);
      return runs?.entries;
    });
    return { ...others, entries };
  });
}

it("going over a run as a whole comes to what going over each of its segments does", () => {
  const rng = random(seedOf(41));
  let [passed, both] = [0, 0];
  for (let round = 0; round < 5000; round++) {
    const run = madeRun(rng);
    if (run.passage === undefined) continue;
    const ends = (column: Float64Array): Float64Array =>
      Float64Array.from([...column.subarray(0, 2), ...column.subarray(-2)]);
    const { startMs, endMs, start, length } = run;
    const outline = {
      ...{ ...run, startMs: ends(startMs), endMs: ends(endMs), start: ends(start), length: ends(length) },
      tracks: run.tracks.map((own) => ({ ...own, ...recordOf(RUN_COLUMNS, (name) => ends(own[name])) })),
    };
    const place = rng.below(1e9) - 5e8;
    const near = Math.ceil((run.tracks[0]?.timescale ?? 0) / 500);
    const state = [place, rng.pick([0, rng.below(2 * near) - near]), rng.pick([0, 0, 40]), rng.below(2) === 0] as const;
    const [whole, each] = [joined(outline, ...state), joined({ ...run, passage: undefined }, ...state)];
    if (each !== undefined) both++;
    if (whole === undefined) continue;
    passed++;
    expect(whole, `seed ${String(rng.seed)}, round ${String(round)}`).toEqual(each);
  }
  expect(passed).toBeGreaterThan(0.8 * both);
  expect(passed).toBeGreaterThan(300);
});
