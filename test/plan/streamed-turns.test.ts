/** Media segments of one long file: they are divided in many turns, as if in one. */
import { expect, test } from "vitest";
import { recordedSources } from "../../src/core/recorded-sources.ts";
import { IndexQueries } from "../../src/core/planning/index-queries.ts";
import { Groups } from "../../src/core/streaming/groups.ts";
import type { StreamedSegment } from "../../src/core/streaming/streamed.ts";
import { streamRange } from "../../src/core/streaming/stream-range.ts";
import { summaryOf } from "../../src/core/wasm/records/summary.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { indexOf } from "../support/odd-chunks.ts";

const COUNT = 20_000;
/** Of a sample, and of a media segment, milliseconds. */
const LENGTH_MS = 10;

test("are joined as one stretch, and other work has its turn after some of them", async () => {
  const core = await loadCore();
  const index = indexOf(core, [[{ offset: 100, description: 1, sizes: Array<number>(COUNT).fill(1) }]]);
  const source = { startMs: 0, index, summary: summaryOf(index), read: () => Promise.resolve(new Uint8Array()) };
  const { segments, indexes } = recordedSources([source]);
  const given: StreamedSegment[] = [];
  let stretches = 0;
  const sink = { begin: () => stretches++, add: (segment: StreamedSegment) => given.push(segment) };
  let [mostInTurn, before] = [0, 0];
  const breathe = (): undefined => {
    mostInTurn = Math.max(mostInTurn, given.length - before);
    before = given.length;
  };
  const parts = { queries: new IndexQueries(core, indexes), groups: new Groups(core, indexes), gapToleranceMs: 0 };
  const query = {
    startMs: 0,
    endMs: COUNT * LENGTH_MS,
    tracks: "a",
    length: { lengthMs: LENGTH_MS, even: false },
  } as const;
  const page = async function* (): AsyncGenerator<typeof segments> {
    yield await Promise.resolve(segments);
  };
  await streamRange(parts, page(), query, sink, { before: () => Promise.resolve(undefined), pace: { breathe } });
  breathe();
  expect(stretches).toBe(1);
  const samples = given.map(({ first, end, startMs, durationMs }) => [first, end, startMs, durationMs].map(Math.round));
  expect(samples).toEqual(Array.from({ length: COUNT }, (_, i) => [i, i + 1, i * LENGTH_MS, LENGTH_MS]));
  expect(mostInTurn).toBeLessThanOrEqual(COUNT / 10);
});
