/** Pictures of one recording: its index may be gone through as a whole for each of them. */
import { expect, test, vi } from "vitest";
import { FairQueue } from "../../src/base/fair-queue.ts";
import type { PictureDecoder } from "../../src/base/ports.ts";
import { indexObject, planKeyframes, summaryOf, type Core } from "../../src/core/index.ts";
import { Pictures } from "../../src/pictures/pictures.ts";
import { DoesNotRestart } from "../../src/pictures/restart.ts";
import type { Video } from "../../src/pictures/videos.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";

const PICTURES = 50;

/** A video of which each second has a picture, and when to show them. */
async function longVideo(core: Core): Promise<{ source: Video; moments: number[] }> {
  const samples = Array.from({ length: PICTURES }, (_, i) => ({ data: new Uint8Array(100).fill(i), duration: 1000 }));
  const entries = [videoEntry("mp4v", 160, 120)];
  const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 1000, entries, samples, size: [160, 120] }] });
  const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(file.subarray(offset, offset + length));
  const { index } = await indexObject(core, file.length, read);
  const source = { key: "long", etag: "1", startMs: 0, index, summary: summaryOf(index), read };
  return { source, moments: samples.map((_, i) => i * 1000) };
}

test("are found one at a time, and other work has its turn between them", async () => {
  const core = await loadCore();
  const { source, moments } = await longVideo(core);
  const asked = vi.spyOn(core, "ask");
  let [most, before] = [0, 0];
  const breathe = (): undefined => {
    most = Math.max(most, asked.mock.calls.length - before);
    before = asked.mock.calls.length;
  };
  const wanted = moments.map((atMs) => ({ source, atMs }));
  const clip = await planKeyframes(core, wanted, { breathe });
  breathe();
  expect(clip.samples).toHaveLength(PICTURES);
  expect(asked.mock.calls.length).toBeGreaterThanOrEqual(2 * PICTURES);
  expect(most).toBeLessThanOrEqual(2);
  asked.mockRestore();
});

test("of a sheet that is kept are found, and no clip is made of them", async () => {
  const core = await loadCore();
  const { source: video, moments } = await longVideo(core);
  const decoder: PictureDecoder = {
    still: () => Promise.reject(new Error("no still was asked for")),
    sheet: () => Promise.resolve(Uint8Array.of(1)),
  };
  const queue = new FairQueue({ atOnce: 1, perClient: 1, waiting: 1, waitingPerClient: 1 });
  const pictures = new Pictures(core, decoder, 1000, queue);
  const shape = { columns: 10, rows: 5, width: 16, height: 12 };
  const asked = vi.spyOn(core, "ask");
  const names = async (): Promise<Set<string>> => {
    asked.mockClear();
    const wanted = moments.map((atMs) => ({ video, atMs }));
    await pictures.sheet(wanted, shape, { client: "one", signal: new AbortController().signal });
    return new Set(asked.mock.calls.map(([, [name]]) => name));
  };
  expect(await names()).toEqual(new Set(["select", "measure"]));
  expect(await names()).toEqual(new Set(["select"]));
  asked.mockRestore();
});

test("are made for whoever else waits for their sheet when the client has gone that asked first", async () => {
  const core = await loadCore();
  const { source: video, moments } = await longVideo(core);
  const first = new AbortController();
  let sheets = 0;
  const decoder: PictureDecoder = {
    still: () => Promise.reject(new Error("no still was asked for")),
    sheet: () => {
      first.abort();
      return sheets++ === 0 ? Promise.reject(new DoesNotRestart()) : Promise.resolve(Uint8Array.of(1));
    },
  };
  const queue = new FairQueue({ atOnce: 1, perClient: 1, waiting: 1, waitingPerClient: 1 });
  const pictures = new Pictures(core, decoder, 0, queue);
  const wanted = moments.map((atMs) => ({ video, atMs }));
  const shape = { columns: 10, rows: 5, width: 16, height: 12 };
  const { bytes } = await pictures.sheet(wanted, shape, { client: "first", signal: first.signal });
  expect([sheets, bytes]).toEqual([2, Uint8Array.of(1)]);
});
