import { expect, it } from "vitest";
import { indexObject } from "../../src/core/index.ts";
import type { RecordedSegment } from "../../src/core/segment.ts";
import { planPages } from "../../src/core/plan.ts";
import { KeptPieces } from "../../src/core/planning/kept-pieces.ts";
import { NO_COUNTS, type Piece, type PieceTrack } from "../../src/core/planning/piece.ts";
import { Pieces } from "../../src/core/planning/pieces.ts";
import { PlanCache } from "../../src/recordings/plan-cache.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { audioEntry, buildMovie, videoEntry } from "../support/movie.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const store = new FileStore("/nowhere");
const INLINE = [new Uint8Array(0), new Uint8Array(3)] as const;

function trackOf(rng: Random, trackId: number): PieceTrack {
  const [first, count, dts] = [rng.pick([0, 0, 1]), 1 + rng.below(9), rng.pick([-7, 2 ** 40, rng.below(1e9)])];
  const counts = { ...NO_COUNTS, chunks: 3, bytes: rng.below(1e6), flags: rng.pick([1, 5]) };
  return {
    ...{ first, count, dts, timescale: 90_000, lastDuration: 3600, lasting: 3600 * count, ownDuration: 3600 },
    ...{ offsetShift: 0, descriptionBase: 1, trackId, prefix: rng.pick([0, 3]), counts },
    ...(rng.below(9) === 0 ? { shown: 3, start: 0, delay: 40 } : {}),
    ...(rng.below(9) === 0 ? { lastLead: 2 } : {}),
  };
}

function pieceOf(rng: Random, id: number): Piece {
  return {
    source: { id, key: `live/${String(id)}.mp4`, etag: rng.pick(["a", "b"]) },
    tracks: Array.from({ length: rng.pick([2, 2, 2, 1]) }, (_, i) => trackOf(rng, i + 1)),
    ...{ bytes: rng.below(2 ** 40), fragments: 5, inline: rng.pick(INLINE) },
    ...(rng.below(9) === 0 ? { made: { index: new Uint8Array(9), media: store } } : {}),
  };
}

it("gives pieces as they were", () => {
  const rng = random(seedOf(71));
  for (const count of [0, 1, 2, 60, 300]) {
    const pieces = Array.from({ length: count }, (_, i) => pieceOf(rng, i * rng.pick([1, 1000])));
    const packed = new Pieces(pieces);
    expect([...packed], `seed ${rng.seed}`).toEqual(pieces);
    expect([packed.length, packed.at(-1), packed.at(count)]).toEqual([count, undefined, undefined]);
    const weigh = ({ bytes, tracks }: Piece): number =>
      tracks.reduce((sum, { dts, counts }) => sum + dts + counts.bytes, bytes);
    const sums = pieces.map((_, i) => pieces.slice(0, i).reduce((sum, piece) => sum + weigh(piece), 7));
    expect([...packed.sums(weigh, 7)].slice(0, -1), `seed ${rng.seed}`).toEqual(sums);
  }
});

it("keeps what becomes of pieces while their output is made", async () => {
  const rng = random(seedOf(72));
  for (const isChanged of [false, true]) {
    const outputs: { last: PieceTrack | undefined }[] = [];
    const [kept, pieces] = [new KeptPieces(outputs), [] as Piece[]];
    for (let i = 0; i < 300; i++) {
      const piece = pieceOf(rng, i);
      for (const track of piece.tracks) {
        const output = (outputs[track.trackId - 1] ??= { last: undefined });
        if (output.last !== undefined) output.last.lastDuration = rng.below(1e6);
        output.last = track;
      }
      kept.push(piece);
      pieces.push(piece);
    }
    for (const { last } of outputs) if (last !== undefined) last.lastDuration = 1;
    const change = (all: readonly Piece[]): Promise<void> => {
      for (const piece of [...all, ...pieces]) piece.inline = INLINE[1];
      return Promise.resolve();
    };
    const packed = await (isChanged ? kept.finish(change) : kept.finish());
    expect([...packed], `seed ${rng.seed}`).toEqual(pieces);
  }
});

it("keeps the plan of a day of ten-second segments", async () => {
  const core = await loadCore();
  const samples = (count: number, duration: number): { data: Uint8Array; duration: number; sync: boolean }[] =>
    Array.from({ length: count }, (_, i) => ({ data: new Uint8Array(9), duration, sync: i === 0 }));
  const { file } = buildMovie({
    tracks: [
      { handler: "vide", timescale: 10, entries: [videoEntry("avc1", 160, 120)], samples: samples(50, 2) },
      { handler: "soun", timescale: 8000, entries: [audioEntry("sowt", 1, 8000)], samples: samples(10, 8000) },
    ],
  });
  const { index, summary } = await indexObject(core, file.length, ({ offset, length }) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
  const segments = Array.from({ length: 8640 }, (_, i): RecordedSegment => {
    const id = 1_000_000 + i;
    const key = `live/cam1/2026-01-31/${String(id)}-6f1c1d0e8a9b4c5d.mp4`;
    return {
      id,
      startMs: i * 10_000,
      endMs: (i + 1) * 10_000,
      key,
      etag: `${String(id)}b026324c6904b2a9cb4b88d6d`,
      summary,
    };
  });
  const parts = { core, store, indexes: { get: () => Promise.resolve(index) } };
  const query = { startMs: 500, endMs: 86_399_000, cut: "frame", gaps: "skip", changes: "inband" } as const;
  const before = (): Promise<undefined> => Promise.resolve(undefined);
  const options = { identity: [], before, mostPieces: Number.POSITIVE_INFINITY };
  const plan = await planPages(parts, [segments], query, options);
  if (plan === undefined) throw new Error("nothing is planned");
  expect(plan.segments).toBe(8640);
  const plans = new PlanCache();
  plans.set("day", { version: "", plan });
  expect(plans.get("day")?.plan).toBe(plan);
});
