/** The order of a file's samples, found by its index, against one chosen chunk by chunk. */
import { expect, test } from "vitest";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { compiledCore, WatchedCore } from "../hostile/feed.ts";
import { chunksOf, indexOf, type Chunk } from "../support/odd-chunks.ts";
import { random, seedOf } from "../support/random.ts";

const ROUNDS = 400;
const seed = seedOf(1);

/** A sample's place: slot, offset, size and description. */
type Place = readonly [slot: number, offset: number, size: number, description: number];

test(`samples lie in the order of their chunks, adjacent ones in one run (seed ${seed})`, async () => {
  const { core } = new WatchedCore(await compiledCore());
  const numbers = random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const tracks = chunksOf(numbers);
    const { places, runs } = merged(tracks);
    const index = indexOf(core, tracks);
    const found = core.withIndex(index, (loaded) => loaded.samples());
    const inOrder = found.map(({ slot, offset, size, description }): Place => [slot, offset, size, description]);
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
  let last = { slot: -1, end: -1, description: 0 };
  for (;;) {
    const next = tracks.map((chunks, slot) => chunks[taken[slot] ?? 0]?.offset ?? Number.POSITIVE_INFINITY);
    const slot = next.indexOf(Math.min(...next));
    const chunk = tracks[slot]?.[taken[slot] ?? 0];
    if (chunk === undefined) return { places, runs };
    taken[slot] = (taken[slot] ?? 0) + 1;
    const { description } = chunk;
    if (last.slot !== slot || last.end !== chunk.offset || last.description !== description) {
      runs[slot] = (runs[slot] ?? 0) + 1;
    }
    let end = chunk.offset;
    for (const size of chunk.sizes) {
      places.push([slot, end, size, description]);
      end += size;
    }
    last = { slot, end, description };
  }
}
