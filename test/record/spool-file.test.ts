import { appendFile, cp, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SpoolFile } from "../../src/record/spool.ts";
import { SpoolFolder } from "../../src/runtime/node/spool-folder.ts";
import { random, seedOf } from "../support/random.ts";

const rng = random(seedOf(7));
const entry = { streamPath: "live/a", key: "segments/a.mp4", id: 1 };
const parts = [1, 70_000, 3_000_000, 5, 300, 64 << 10, 1 << 20].map((length) =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 9) + length) & 255),
);
const whole = Buffer.concat(parts);

let folder: string;
let spool: SpoolFolder;
let file: SpoolFile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-spool-"));
  spool = new SpoolFolder(join(folder, "spool"));
  file = await spool.create(entry);
  for (const [i, part] of parts.entries()) await file.append([part.subarray(0, 3), part.subarray(3)], i);
});
afterAll(async () => {
  await file.close();
  await file.remove();
  await spool.close();
  await rm(folder, { recursive: true });
});

async function read(from: SpoolFile, offset: number, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of from.read({ offset, length })) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

test("any span of a file of the spool has the bytes of its parts alone", async () => {
  expect(file.size).toBe(whole.length);
  const joints = parts.map((_, i) => Buffer.concat(parts.slice(0, i)).length);
  const spans = joints.flatMap((joint) => [-1, 0, 1].map((off) => Math.max(0, joint + off)));
  for (let i = 0; i < 40; i++) spans.push(rng.below(whole.length));
  for (const offset of spans) {
    const length = Math.min(1 + rng.below(2_000_000), whole.length - offset);
    const bytes = await read(file, offset, length);
    expect(bytes.equals(whole.subarray(offset, offset + length)), `${offset}+${length}`).toBe(true);
  }
  expect((await read(file, 0, whole.length)).equals(whole)).toBe(true);
});

test.each([
  ["whole", 0, 7],
  ["with the last byte torn off", 1, 6],
  ["with a line torn", (1 << 20) + 10, 6],
])("of a file that was left %s the parts are taken up that agree with their checksums", async (_, torn, count) => {
  const copy = join(folder, `copy-${torn}`);
  await cp(join(folder, "spool"), copy, { recursive: true });
  const [name = ""] = (await readdir(copy, { recursive: true })).filter((one) => one.endsWith(".recording"));
  await writeFile(join(copy, dirname(name), "owner"), "999999999");
  await truncate(join(copy, name), (await stat(join(copy, name))).size - torn);
  if (torn === 1) await appendFile(join(copy, name), Buffer.alloc(1, 7)); // as long, but not the same
  const next = new SpoolFolder(copy);
  const left: SpoolFile[] = [];
  for await (const one of next.leftovers()) left.push(one);
  expect(left.map(({ entry: of, startMs }) => [of, startMs])).toEqual([[entry, count - 1]]);
  const expected = Buffer.concat(parts.slice(0, count));
  expect(left[0]?.size).toBe(expected.length);
  for (const one of left) expect((await read(one, 0, one.size)).equals(expected)).toBe(true);
  await Promise.all(left.map((one) => one.remove()));
  await next.close();
});
