/** Pictures of one recording: its index may be gone through as a whole for each of them. */
import { expect, test, vi } from "vitest";
import { indexObject, planKeyframes, summaryOf } from "../../src/core/index.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";

const PICTURES = 50;

test("are found one at a time, and other work has its turn between them", async () => {
  const core = await loadCore();
  const samples = Array.from({ length: PICTURES }, (_, i) => ({ data: new Uint8Array(100).fill(i), duration: 1000 }));
  const entries = [videoEntry("mp4v", 160, 120)];
  const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 1000, entries, samples, size: [160, 120] }] });
  const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(file.subarray(offset, offset + length));
  const { index } = await indexObject(core, file.length, read);
  const source = { startMs: 0, index, summary: summaryOf(index), read };
  const asked = vi.spyOn(core, "ask");
  let [most, before] = [0, 0];
  const breathe = (): undefined => {
    most = Math.max(most, asked.mock.calls.length - before);
    before = asked.mock.calls.length;
  };
  const clip = await planKeyframes(
    core,
    samples.map((_, i) => ({ source, atMs: i * 1000 })),
    { breathe },
  );
  breathe();
  expect(clip.samples).toHaveLength(PICTURES);
  expect(asked.mock.calls.length).toBeGreaterThanOrEqual(2 * PICTURES);
  expect(most).toBeLessThanOrEqual(2);
  asked.mockRestore();
});
