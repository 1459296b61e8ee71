import { describe, expect, test } from "vitest";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import { createCore } from "../../src/core/wasm/module.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { bytes, zeros } from "../support/boxes.ts";
import { buildMovie, type MovieTrack } from "../support/movie.ts";
import { compiledCore } from "../hostile/feed.ts";
import { fragment, fullRun, initSegment, tfdt, tfhd, trun } from "../hostile/fragments.ts";
import { video } from "../hostile/good.ts";

const core = createCore(await compiledCore());

interface Times {
  /** Decode times of each track, ticks. */
  readonly dts: number[][];
  readonly summary: ReturnType<typeof readSummary>;
  readonly warnings: readonly string[];
}

function timesOf(file: Uint8Array): Times {
  const indexer = new StreamIndexer(core);
  indexer.push(file);
  const { index, description } = indexer.end();
  const dts = description.tracks.map((): number[] => []);
  for (const sample of core.withIndex(index, (loaded) => loaded.samples())) dts[sample.trackIndex]?.push(sample.dts);
  return { dts, summary: readSummary(index), warnings: description.warnings };
}

describe("decode times that fragments state", () => {
  const REPAIRED = ["Sample durations did not match the samples and were cut or extended."];

  /** Ten pictures of 512 ticks in each fragment, which begins when `starts` says. */
  function recording(...starts: readonly (number | readonly number[])[]): number[] {
    const { dts } = timesOf(
      bytes(
        initSegment(),
        ...starts.map((stated, i) =>
          fragment(zeros(100), i + 1, (at) =>
            bytes(
              tfhd(1),
              ...[stated].flat().map((dts) => tfdt(dts)),
              trun(
                at,
                Array.from({ length: 10 }, (_, k) => (k === 0 ? { flags: 0x200_0000 } : {})),
              ),
            ),
          ),
        ),
      ),
    );
    return dts[0] ?? [];
  }

  const even = (start: number): number[] => Array.from({ length: 10 }, (_, i) => start + i * 512);

  test("that follow on change nothing", () => {
    expect(recording(100, 5220)).toEqual([...even(100), ...even(5220)]);
  });

  test("that leave a hole are kept: the sample before lasts until then", () => {
    expect(recording(0, 9000)).toEqual([...even(0), ...even(9000)]);
  });

  test.each([1, 511, 512, 1300, 2048])("that go back by %i ticks are kept: the samples before make room", (back) => {
    const dts = recording(0, 5120 - back, 10_240 - back);
    expect(dts.slice(10)).toEqual([...even(5120 - back), ...even(10_240 - back)]);
    // Those that the later fragment does not overlap stay where they are, and none is before the one before it.
    const kept = even(0).filter((time) => time < 5120 - back - 10);
    expect(dts.slice(0, kept.length)).toEqual(kept);
    expect(dts.slice(1).every((time, i) => time > (dts[i] ?? 0))).toBe(true);
  });

  test("that start anew go on from there, with the distances they state", () => {
    const dts = recording(0, 5120, 0, 5120, 12_000);
    expect(dts).toEqual([...even(0), ...even(5120), ...even(10_240), ...even(15_360), ...even(22_240)]);
  });

  test("of samples that last no time share the time of the one before", () => {
    const { dts } = timesOf(
      bytes(
        initSegment(),
        ...[
          [0, 512],
          [1024, 0],
          [1024, 512],
          [1536, 512],
        ].map(([start = 0, duration = 0], i) =>
          fragment(zeros(10), i + 1, (at) => bytes(tfhd(1), tfdt(start), trun(at, [{ duration, flags: 0x200_0000 }]))),
        ),
      ),
    );
    expect(dts[0]).toEqual([0, 512, 1024, 1536]);
  });

  test("is told as a warning only where times could not be kept", () => {
    const told = (second: number): readonly string[] =>
      timesOf(
        bytes(
          initSegment(),
          ...[0, second].map((dts, i) =>
            fragment(zeros(10), i + 1, (at) => bytes(tfhd(2), tfdt(dts), fullRun(at, 10))),
          ),
        ),
      ).warnings.filter((warning) => !warning.startsWith("Tracks without"));
    expect(told(10)).toEqual([]);
    expect(told(500)).toEqual([]);
    // Samples of one tick have no room to make.
    expect(told(6)).toEqual(REPAIRED);
  });

  test("many in one track fragment do no harm", () => {
    const wild = Array.from({ length: 3000 }, (_, i) => (i * 7919) % 5120);
    expect(recording(0, [...wild, 4000]).slice(10)).toHaveLength(10);
  });
});

describe("timescales coarser than a millisecond", () => {
  const coarse = (timescale: number, duration: number): MovieTrack => ({
    ...video,
    timescale,
    samples: video.samples.map((sample, i) => ({
      ...sample,
      duration,
      offset: (sample.offset ?? 0) / 512,
      sync: i === 0,
    })),
    edits: [[700, 2]],
  });

  test.each([
    [1, 16_384],
    [10, 10_240],
    [25, 12_800],
    [30, 15_360],
    // Pictures of three ticks would be as long as what three hidden ones take.
    [499, 127_744],
    [500, 128_000],
    [600, 153_600],
    [1000, 256_000],
    [2000, 512_000],
  ])("%i becomes %i, and all times stay", (timescale, finer) => {
    const factor = finer / timescale;
    const { dts, summary } = timesOf(buildMovie({ tracks: [coarse(timescale, 3)], timescale: 1000 }).file);
    const [track] = summary.tracks;
    expect(track).toMatchObject({ timescale: finer, duration: 36 * factor, lastDuration: 3 * factor });
    expect(dts[0]).toEqual(Array.from({ length: 12 }, (_, i) => (i * 3 - 2) * factor));
    expect(track?.firstPts).toBe(0);
    // The edit list ends 0.7 s in, to within one tick of the movie's own.
    if (timescale < 500) expect(Math.abs((track?.editEnd ?? 0) / finer - 0.7)).toBeLessThan(0.0011);
  });

  test.each([
    [12_800, 512, 12_800],
    [15_360, 256, 61_440],
    [12_800, 128, 102_400],
    [2400, 10, 153_600],
    [600_000, 20, 600_000],
    [2000, 80, 16_000],
    [2000, 2000, 2000],
  ])("%i of pictures that last %i becomes %i", (timescale, duration, finer) => {
    const { dts, summary } = timesOf(buildMovie({ tracks: [coarse(timescale, duration)], timescale: 1000 }).file);
    expect(summary.tracks[0]?.timescale).toBe(finer);
    expect(dts[0]?.[1]).toBe(((duration - 2) * finer) / timescale);
  });

  test("a duration that would grow too large keeps the timescale coarser", () => {
    const { dts, summary } = timesOf(buildMovie({ tracks: [coarse(1, 400_000)] }).file);
    expect(summary.tracks[0]?.timescale).toBe(4096);
    expect(dts[0]?.[1]).toBe((400_000 - 2) * 4096);
  });
});

describe("edits one after another", () => {
  // Movie ticks are milliseconds; media lasts 12 frames of 512 ticks at 12,800: 480 ms, presented from tick 1024 on.
  const told = (edits: readonly (readonly [number, number])[]): { end: number; simplified: boolean } => {
    const { summary, warnings } = timesOf(buildMovie({ tracks: [{ ...video, edits }], timescale: 1000 }).file);
    const [track] = summary.tracks;
    return {
      end: ((track?.end ?? 0) / 12_800) * 1000,
      simplified: warnings.some((warning) => warning.startsWith("An edit list asks for several edits")),
    };
  };

  test("that go on where the one before ends are one", () => {
    const one = told([[320, 1024]]);
    expect(one.simplified).toBe(false);
    expect(
      told([
        [120, 1024],
        [200, 1024 + 1536],
      ]),
    ).toEqual(one);
    expect(
      told([
        [120, 1024],
        [100, 1024 + 1536],
        [100, 1024 + 2816],
      ]),
    ).toEqual(one);
    // To within one tick of the movie's.
    expect(
      told([
        [120, 1024],
        [200, 1024 + 1536 + 12],
      ]),
    ).toEqual(one);
  });

  test("of which the last has no end show all that follows", () => {
    expect(
      told([
        [120, 1024],
        [0, 1024 + 1536],
      ]),
    ).toEqual(told([[0, 1024]]));
  });

  test("that show nothing are none", () => {
    const seen = (edits: readonly (readonly [number, number])[]): unknown => {
      const { dts, summary } = timesOf(buildMovie({ tracks: [{ ...video, edits }], timescale: 1000 }).file);
      const [track] = summary.tracks;
      return { dts, start: track?.start, end: track?.end };
    };
    expect(seen([[200, 1_000_000]])).toEqual(seen([]));
    expect(told([[200, 1_000_000]]).simplified).toBe(true);
  });

  test.each([
    [
      "leave something out",
      [
        [120, 1024],
        [200, 1024 + 1536 + 512],
      ],
    ],
    [
      "repeat something",
      [
        [120, 1024],
        [200, 1024],
      ],
    ],
    [
      "stop in between",
      [
        [120, 1024],
        [100, -1],
        [200, 1024 + 1536],
      ],
    ],
  ] as const)("that %s are the first alone", (_, edits) => {
    expect(told(edits)).toEqual({ ...told([[120, 1024]]), simplified: true });
  });
});
