import { expect, test } from "vitest";
import { find, u32 } from "../support/boxes.ts";
import { compiledCore, feed, indexFile, WatchedCore } from "./feed.ts";
import { goodFiles } from "./good.ts";

const module = await compiledCore();
const files = goodFiles.map((file, i) => [i, file] as const);

test.each(files)("good file %i cut at every byte of moov is refused as truncated", (_, file) => {
  const watched = new WatchedCore(module);
  const moov = find(file, "moov");
  for (let at = moov.offset + 1; at < moov.offset + moov.size; at++) {
    const { name, fields } = feed(watched, file.subarray(0, at));
    // Up to 7 bytes of a header are as good as none; then moov was never seen.
    const expected = at < moov.offset + 8 ? "missing_box" : "truncated";
    expect({ at, name, box: fields.box }).toEqual({ at, name: expected, box: "moov" });
    if (name === "truncated") expect(fields.offset).toBe(moov.offset);
  }
});

test.each(files)("good file %i whose moov itself ends at every byte is refused or repaired", (_, file) => {
  const watched = new WatchedCore(module);
  const moov = find(file, "moov");
  const expected = indexFile(new WatchedCore(module).core, file).index;
  const names = new Map<string, number>();
  for (let size = 8; size < moov.size; size++) {
    const cut = new Uint8Array(file.length - moov.size + size);
    cut.set(file.subarray(0, moov.offset + size));
    cut.set(u32(size), moov.offset);
    cut.set(file.subarray(moov.offset + moov.size), moov.offset + size);
    const { name } = feed(watched, cut);
    names.set(name, (names.get(name) ?? 0) + 1);
    if (size % 16 === 0) expect(Buffer.compare(indexFile(watched.core, file).index, expected)).toBe(0);
  }
  expect(names.get("bad_box_size")).toBeGreaterThan(moov.size / 2);
});
