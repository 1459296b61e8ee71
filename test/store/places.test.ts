import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../src/base/ports.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { parseMountKey, mountKey, withMounts } from "../../src/store/mounts.ts";
import { bodyOf, listed, readAll, refusal, storeConformance } from "../conformance/store.ts";

storeConformance("a folder beside other folders", async () => {
  const root = await mkdtemp(join(tmpdir(), "boxcar-places-"));
  const store = withMounts(new FileStore(join(root, "objects")), () => Promise.resolve(undefined));
  return { store, close: () => rm(root, { recursive: true }) };
});

describe("files that stay where they lie", () => {
  let base: string;
  let store: Store;
  let asked: number[];
  let known: Map<number, string>;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "boxcar-places-"));
    await mkdir(join(base, "place", "cam 1"), { recursive: true });
    await writeFile(join(base, "place", "cam 1", "a.mp4"), "recorded");
    asked = [];
    known = new Map();
    store = withMounts(new FileStore(join(base, "objects")), (mountId) => {
      asked.push(mountId);
      const path = known.get(mountId);
      return Promise.resolve(path === undefined ? undefined : new FileStore(path));
    });
  });
  afterEach(() => rm(base, { recursive: true }));

  it("are read by keys that name their folder by number", async () => {
    const key = mountKey(7, "cam 1/a.mp4");
    expect(key).toBe("@7/cam 1/a.mp4");
    expect(parseMountKey(key)).toEqual({ mountId: 7, path: "cam 1/a.mp4" });
    expect(parseMountKey("segments/@7/a")).toBeUndefined();

    expect(await store.head(key)).toBeUndefined();
    expect(await refusal(readAll(store, key, { offset: 0, length: 8 }))).toBe("object_missing 404");
    known.set(7, join(base, "place"));
    const info = await store.head(key);
    expect(info).toMatchObject({ key, size: 8 });
    expect(String(await readAll(store, key, { offset: 2, length: 4 }, info?.etag))).toBe("cord");
    expect(await refusal(readAll(store, key, { offset: 0, length: 8 }, "other"))).toBe("object_changed 409");
    expect(await listed(store, "@7/cam")).toEqual([info]);
    expect(await listed(store, "@7/")).toEqual([info]);
    expect(await listed(store, "@8/")).toEqual([]);
    expect(asked).toEqual([7, 7, 7, 8]);
  });

  it("are never written or removed", async () => {
    known.set(1, join(base, "place"));
    expect(await refusal(store.put("@1/new.mp4", bodyOf(new Uint8Array(1))))).toBe("place_read_only 409");
    expect(await refusal(store.delete("@1/cam 1/a.mp4"))).toBe("place_read_only 409");
    expect(await readdir(join(base, "place"))).toEqual(["cam 1"]);
    expect(await readdir(base)).toEqual(["place"]);
  });

  it("do not lead out of their folder", async () => {
    known.set(1, join(base, "place"));
    await writeFile(join(base, "secret"), "secret");
    await symlink("../secret", join(base, "place", "link"));
    expect(await refusal(readAll(store, "@1/link", { offset: 0, length: 6 }))).toBe("object_misplaced 502");
    for (const key of ["@1/../secret", "@1/", "@1//etc/passwd"]) {
      expect(await refusal(readAll(store, key, { offset: 0, length: 6 })), key).toBe("bad_key 400");
    }
    expect((await listed(store, "")).map(({ key }) => key)).toEqual([]);
  });
});
