import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SpoolFolder } from "../../src/runtime/node/spool-folder.ts";

const MIB = 1 << 20;

test("hundreds who follow what is recorded and do not read hold little memory each", async () => {
  const root = await mkdtemp(join(tmpdir(), "boxcar-followers-"));
  const spool = new SpoolFolder(root);
  const file = await spool.create({ streamPath: "live/cam1", key: "segments/a.mp4", id: 1 });
  const bytes = new Uint8Array(4 * MIB).map((_, i) => (i * 31 + (i >> 12)) & 255);
  await file.append([bytes], 0);
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 300 }, () =>
    file.read({ offset: 0, length: file.size })[Symbol.asyncIterator](),
  );
  const firsts = await Promise.all(readers.map(async (reader) => ((await reader.next()).value as Uint8Array).length));
  expect(Math.min(...firsts)).toBeGreaterThan(0);
  // 24 large buffers for the first ones, and a chunk of 64 KiB at most for each.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  await Promise.all(readers.map(async (reader) => reader.return?.()));
  let position = 0;
  for await (const chunk of file.read({ offset: 5, length: 3 * MIB })) {
    expect(Buffer.compare(chunk, bytes.subarray(5 + position, 5 + position + chunk.length))).toBe(0);
    position += chunk.length;
  }
  expect(position).toBe(3 * MIB);
  const beyond = file.read({ offset: 0, length: file.size + 1 })[Symbol.asyncIterator]();
  const all = async (): Promise<void> => {
    while ((await beyond.next()).done !== true);
  };
  await expect(all()).rejects.toMatchObject({ code: "object_short" });
  await file.close();
  await spool.close();
  await rm(root, { recursive: true, force: true });
});
