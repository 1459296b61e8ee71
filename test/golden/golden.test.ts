import { createHash } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { box, bytes, u16, u8, zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie, videoEntry, type MovieSample } from "../support/movie.ts";
import { random } from "../support/random.ts";
import { bytesOf, shelve } from "../support/shelf.ts";

/**
 * The same recordings and the same query give the same bytes, on every machine and in every version that does not state
 * a new layout. A change of these hashes changes what clients have cached: it needs a new layout version.
 */
const START = Date.UTC(2026, 0, 31, 10);

/** A segment of 2 s: 25 pictures a second with a sync sample each second and reordered ones between, and AAC. */
function segment(seed: number, sets: number): Uint8Array {
  const numbers = random(seed);
  const avcC = box(
    "avcC",
    u8(1, 0x42, 0xc0, 0x1e, 0xff, 0xe1),
    u16(4),
    u8(0x67, 0x42, 0xc0, sets),
    u8(1),
    u16(2),
    u8(0x68, 0xce),
  );
  const esds = box("esds", zeros(4), u8(3, 25, 0, 1, 0, 4, 17, 0x40, 0x15), zeros(11), u8(5, 2, 0x11, 0x90, 6, 1, 2));
  const picture = (i: number): MovieSample => {
    const nal = numbers.bytes(20 + numbers.below(400));
    const sync = i % 25 === 0;
    nal[0] = sync ? 0x65 : 0x41;
    return { data: bytes(u16(0, nal.length), nal), duration: 512, offset: [1024, 2048, 512][i % 3] ?? 0, sync };
  };
  const { file } = buildMovie({
    tracks: [
      {
        handler: "vide",
        timescale: 12_800,
        entries: [videoEntry("avc1", 320, 180, avcC)],
        size: [320, 180],
        samples: Array.from({ length: 50 }, (_, i) => picture(i)),
        chunks: [3, 5, 1],
        edits: [[2000, 1024]],
      },
      {
        handler: "soun",
        timescale: 48_000,
        entries: [audioEntry("mp4a", 2, 48_000, esds)],
        samples: Array.from({ length: 94 }, () => ({ data: numbers.bytes(50 + numbers.below(100)), duration: 1024 })),
        chunks: [4],
      },
    ],
  });
  return file;
}

test("equal queries over equal recordings give the bytes they always gave", async () => {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-golden-"));
  const files = [];
  for (const [i, sets] of [0x1e, 0x1e, 0x1f, 0x1f].entries()) {
    const file = join(folder, `${i}.mp4`);
    await writeFile(file, segment(i + 1, sets));
    // the third follows a gap of 3 s, with other parameter sets
    files.push({ file, startMs: START + i * 2000 + (i >= 2 ? 3000 : 0) });
  }
  const shelf = await shelve(files);
  const ranges = { first: [0, 2000], joint: [500, 3700], all: [0, 11_000], gap: [1200, 8500], changed: [7100, 10_900] };
  const hashes: Record<string, string> = {};
  for (const [name, [from = 0, to = 0]] of Object.entries(ranges)) {
    for (const cut of ["frame", "keyframe"] as const) {
      for (const gaps of ["skip", "keep"] as const) {
        const plan = await shelf.plan({ startMs: START + from, endMs: START + to, cut, gaps });
        for (const format of ["mp4", "fmp4"] as const) {
          const body = await bytesOf(plan.media(format));
          hashes[`${name} ${cut} ${gaps} ${format}`] =
            `${body.length} ${createHash("sha256").update(body).digest("hex")}`;
        }
      }
    }
  }
  await expect(`${JSON.stringify(hashes, undefined, 2)}\n`).toMatchFileSnapshot("hashes.json");
});
