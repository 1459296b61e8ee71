import { expect, it } from "vitest";
import { indexObject } from "../../src/core/index.ts";
import { TimedSegment } from "../../src/core/planning/placed-segment.ts";
import { configurationOf } from "../../src/core/streaming/init-segment.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { audioEntry, buildMovie, videoEntry, type MovieTrack } from "../support/movie.ts";

const SAMPLES = [{ data: new Uint8Array(9), duration: 9000, sync: true }];
const VIDEO: MovieTrack = {
  ...{
    handler: "vide",
    timescale: 90_000,
    entries: [videoEntry("avc1", 160, 120)],
    samples: SAMPLES,
    size: [160, 120],
  },
};
const SOUND: MovieTrack = {
  handler: "soun",
  timescale: 8000,
  entries: [audioEntry("sowt", 1, 8000)],
  samples: SAMPLES,
};
/** Recordings that differ in one thing each, but for the first three: what is being recorded may be a single sync sample by now. */
const KINDS: readonly (readonly MovieTrack[])[] = [
  [VIDEO, SOUND],
  [{ ...VIDEO, samples: [{ data: new Uint8Array(30), duration: 9000, sync: true }] }, SOUND],
  [{ ...VIDEO, samples: [...SAMPLES, { data: new Uint8Array(9), duration: 9000, sync: false }] }, SOUND],
  [VIDEO],
  [SOUND, VIDEO],
  [{ ...VIDEO, timescale: 45_000 }, SOUND],
  [{ ...VIDEO, entries: [videoEntry("avc1", 162, 120)] }, SOUND],
  [{ ...VIDEO, entries: [...VIDEO.entries, videoEntry("avc1", 162, 120)] }, SOUND],
  [{ ...VIDEO, size: [320, 120] }, SOUND],
  [{ ...VIDEO, flags: 7 }, SOUND],
  [VIDEO, { ...SOUND, alternateGroup: 1 }],
];

it("is the same whether or not it is told by the recording before", async () => {
  const core = await loadCore();
  const summaries: Uint8Array[] = [];
  for (const tracks of KINDS) {
    const { file } = buildMovie({ tracks });
    const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
      Promise.resolve(file.slice(offset, offset + length));
    summaries.push((await indexObject(core, file.length, read)).summary);
  }
  const timedOf = (summary: Uint8Array): TimedSegment =>
    new TimedSegment({ id: 1, startMs: 0, endMs: 1000, key: "a", etag: "b", summary });
  const texts = summaries.map((summary) => configurationOf(timedOf(summary)).text);
  expect([texts[1], texts[2]]).toEqual([texts[0], texts[0]]);
  expect(new Set(texts).size).toBeGreaterThan(KINDS.length - 4);
  for (const before of summaries) {
    const told = summaries.map((summary) => configurationOf(timedOf(summary), timedOf(before)).text);
    expect(told).toEqual(texts);
  }
});
