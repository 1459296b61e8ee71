/** The order of a file's samples, found by its index, against one chosen chunk by chunk. */
import { expect, test } from "vitest";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { compiledCore, WatchedCore } from "../hostile/feed.ts";
import { chunksOf, indexOf, type Chunk } from "../support/odd-chunks.ts";
import { random, seedOf } from "../support/random.ts";

const ROUNDS = 400;
const seed = seedOf(1);

/** A sample's place: trackIndex, offset, size and description. */
type Place = readonly [trackIndex: number, offset: number, size: number, description: number];

test(`samples lie in the order of their chunks, adjacent ones in one run (seed ${seed})`, async () => {
  const { core } = new WatchedCore(await compiledCore());
  const numbers = random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const tracks = chunksOf(numbers);
    const { places, runs } = merged(tracks);
    const index = indexOf(core, tracks);
    const found = core.withIndex(index, (loaded) => loaded.samples());
    const inOrder = found.map(({ trackIndex, offset, size, description }): Place => [
      trackIndex,
      offset,
      size,
      description,
    ]);
    expect(inOrder, `round ${round}`).toEqual(places);
    expect(
      readSummary(index).tracks.map(({ chunks }) => chunks),
      `round ${round}`,
    ).toEqual(runs);
  }
});

/** Always the lowest of the tracks' next chunks; of equal ones, that of the first track. */
function merged(tracks: readonly (readonly Chunk[])[]): { places: Place[]; runs: number[] } {
  const places: Place[] = [];
  const runs = tracks.map(() => 0);
  const taken = tracks.map(() => 0);
  let last = { trackIndex: -1, end: -1, description: 0 };
  for (;;) {
    const next = tracks.map((chunks, trackIndex) => chunks[taken[trackIndex] ?? 0]?.offset ?? Number.POSITIVE_INFINITY);
    const trackIndex = next.indexOf(Math.min(...next));
    const chunk = tracks[trackIndex]?.[taken[trackIndex] ?? 0];
    if (chunk === undefined) return { places, runs };
    taken[trackIndex] = (taken[trackIndex] ?? 0) + 1;
    const { description } = chunk;
    if (last.trackIndex !== trackIndex || last.end !== chunk.offset || last.description !== description) {
      runs[trackIndex] = (runs[trackIndex] ?? 0) + 1;
    }
    let end = chunk.offset;
    for (const size of chunk.sizes) {
      places.push([trackIndex, end, size, description]);
      end += size;
    }
    last = { trackIndex, end, description };
  }
}
