import { expect, test } from "vitest";
import { indexObject } from "../../src/core/indexing/index-object.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { find, patched, u32, u64 } from "../support/boxes.ts";
import { audioEntry, buildMovie } from "../support/movie.ts";
import { sparse } from "../support/sparse.ts";

/** Bytes of media that lie before the samples: beyond what 32 bits can say. */
const SHIFT = 5 * 2 ** 30;

test("a file above 4 GiB is indexed by a few reads that never touch its media", async () => {
  const samples = Array.from({ length: 24 }, (_, i) => ({ data: new Uint8Array(100 + i), duration: 1024 }));
  const track = {
    handler: "soun",
    timescale: 8000,
    entries: [audioEntry("ulaw", 1, 8000)],
    samples,
    offsets: "co64",
  } as const;
  const { file, sampleOffsets } = buildMovie({ tracks: [track], mdat: "large", moov: "last", shift: SHIFT });
  const mdat = find(file, "mdat");
  const head = patched(
    file.subarray(0, mdat.offset + 16),
    mdat.offset,
    new Uint8Array([...u32(1), ...Buffer.from("mdat"), ...u64(mdat.size + SHIFT)]),
  );
  const moov = find(file, "moov");
  const object = sparse(file.length + SHIFT, [
    [0, head],
    [moov.offset + SHIFT, file.subarray(moov.offset)],
  ]);
  const core = await loadCore();
  const { index, description } = await indexObject(core, object.size, (span) => object.read(span));
  expect(description.tracks).toMatchObject([{ samples: 24, timescale: 8000 }]);
  const listed = core.withIndex(index, (loaded) => loaded.samples());
  expect(listed.map(({ offset }) => offset)).toEqual(sampleOffsets[0]?.map((offset) => offset + SHIFT));
  expect(listed.map(({ size }) => size)).toEqual(samples.map(({ data }) => data.length));
  expect(object.reads.length).toBeLessThan(8);
  const media = [mdat.offset + 16, moov.offset + SHIFT] as const;
  const touched = object.reads.filter(({ offset, length }) => offset >= media[0] && offset + length <= media[1]);
  expect(touched).toEqual([]);
});
