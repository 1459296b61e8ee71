import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileStore } from "../../src/store/file/file.ts";
import { RealPaths } from "../../src/store/file/real-paths.ts";
import { bodyOf, listed, readAll, refusal, storeConformance } from "../conformance/store.ts";

const MIB = 1024 * 1024;

storeConformance("a folder", async () => {
  const root = await mkdtemp(join(tmpdir(), "boxcar-store-"));
  return { store: new FileStore(join(root, "objects")), close: () => rm(root, { recursive: true }) };
});

describe("a folder", () => {
  let base: string;
  let root: string;
  let store: FileStore;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "boxcar-store-"));
    root = join(base, "objects");
    store = new FileStore(root);
  });
  afterEach(() => rm(base, { recursive: true }));

  /** Files below the folder that this process holds open. */
  async function openFiles(): Promise<string[]> {
    const links = await Promise.all(
      (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
    );
    return links.filter((path) => path.startsWith(base));
  }

  it.skipIf(process.platform !== "linux")("holds no file open after a read, however it ended", async () => {
    const { size, etag } = await store.put("a", bodyOf(new Uint8Array(5 * MIB), MIB));
    const whole = { offset: 0, length: size };
    let during: string[] = [];
    for await (const chunk of store.get("a", whole)) {
      expect(chunk.byteLength).toBe(MIB);
      during = await openFiles();
    }
    expect(during).toEqual([join(root, "a")]);
    expect(await openFiles()).toEqual([]);

    for await (const chunk of store.get("a", whole)) {
      expect(chunk.byteLength).toBe(MIB);
      break;
    }
    expect(await openFiles()).toEqual([]);

    await expect(
      (async () => {
        for await (const chunk of store.get("a", whole)) throw new Error(`no use for ${chunk.byteLength} bytes`);
      })(),
    ).rejects.toThrow("no use for");
    expect(await openFiles()).toEqual([]);

    expect(await refusal(readAll(store, "a", { offset: 0, length: size + 1 }))).toBe("object_short 502");
    expect(await refusal(readAll(store, "a", whole, `${etag}0`))).toBe("object_changed 409");
    expect(await openFiles()).toEqual([]);

    store.get("a", whole)[Symbol.asyncIterator]();
    expect(await openFiles()).toEqual([]);
  });

  it("notices a file that shrinks while it is read", async () => {
    const { size, etag } = await store.put("a", bodyOf(new Uint8Array(8 * MIB), MIB));
    let read = 0;
    const outcome = (async () => {
      for await (const chunk of store.get("a", { offset: 0, length: size }, etag)) {
        read += chunk.byteLength;
        await truncate(join(root, "a"), 3 * MIB + 100);
      }
    })();
    expect(await refusal(outcome)).toBe("object_short 502");
    expect(read).toBe(3 * MIB + 100);
    expect(await openFiles()).toEqual([]);
  });

  it("notices a file that was replaced by one of the same size, or changed in place", async () => {
    // Times of files tick every few milliseconds.
    const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 25));
    const { size, etag } = await store.put("a", bodyOf(new Uint8Array(1000)));
    await tick();
    await writeFile(join(base, "other"), new Uint8Array(size).fill(1));
    await rename(join(base, "other"), join(root, "a"));
    expect(await refusal(readAll(store, "a", { offset: 0, length: size }, etag))).toBe("object_changed 409");
    const replaced = await store.head("a");
    await tick();
    await writeFile(join(root, "a"), new Uint8Array(size).fill(2));
    expect((await store.head("a"))?.etag).not.toBe(replaced?.etag);
  });

  it("gives files of one size that are written at once different ETags", async () => {
    const infos = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.put(`b/${i}`, bodyOf(new Uint8Array(9)))),
    );
    expect(new Set(infos.map((info) => info.etag)).size).toBe(20);
  });

  it("reads with two buffers, and with small ones for small spans", async () => {
    await store.put("a", bodyOf(new Uint8Array(20 * MIB), MIB));
    const buffers = new Set<ArrayBufferLike>();
    let chunks = 0;
    for (const offset of [0, 10 * MIB]) {
      for await (const chunk of store.get("a", { offset, length: 10 * MIB })) {
        buffers.add(chunk.buffer);
        chunks++;
      }
    }
    expect(chunks).toBe(20);
    expect(buffers.size).toBe(2);
    for await (const chunk of store.get("a", { offset: 5, length: 40_000 })) {
      expect(chunk.buffer.byteLength).toBe(40_000);
    }
  });

  it("follows no symbolic link out of the folder", async () => {
    await store.put("in/side", bodyOf(Buffer.from("inside")));
    await mkdir(join(base, "outside"));
    await writeFile(join(base, "outside", "secret"), "secret");
    await symlink(join(base, "outside"), join(root, "out"));
    await symlink(join(base, "outside", "secret"), join(root, "secret"));
    await symlink("../..", join(root, "in", "up"));
    await symlink("loop", join(root, "loop"));
    const span = { offset: 0, length: 6 };
    for (const key of ["out/secret", "secret", "in/up/outside/secret"]) {
      expect(await refusal(readAll(store, key, span)), key).toBe("object_misplaced 502");
      expect(await refusal(store.head(key)), key).toBe("object_misplaced 502");
    }
    for (const key of ["out/secret", "out/new", "out/deep/new", "in/up/new"]) {
      expect(await refusal(store.put(key, bodyOf(new Uint8Array(1)))), key).toBe("object_misplaced 502");
      expect(await refusal(store.delete(key)), key).toBe("object_misplaced 502");
    }
    expect(await refusal(store.put("secret", bodyOf(new Uint8Array(1))))).toBe("object_exists 409");
    expect(await refusal(store.head("loop"))).toBe("object_misplaced 502");
    expect(await refusal(listed(store, "out/"))).toBe("object_misplaced 502");
    expect((await listed(store, "")).map((info) => info.key)).toEqual(["in/side"]);
    expect(await readdir(join(base, "outside"))).toEqual(["secret"]);

    await symlink(join(root, "in"), join(root, "alias"));
    expect(String(await readAll(store, "alias/side", span))).toBe("inside");
  });

  it("notices at once what takes the place of a file in a folder that it was just in, and of the folder after a moment", async () => {
    const span = { offset: 0, length: 6 };
    const { etag } = await store.put("in/side", bodyOf(Buffer.from("inside")));
    await mkdir(join(base, "outside"));
    await writeFile(join(base, "outside", "side"), "secret");
    expect(String(await readAll(store, "in/side", span, etag))).toBe("inside");
    await rename(join(root, "in", "side"), join(root, "in", "before"));
    expect(await refusal(readAll(store, "in/side", span, etag))).toBe("object_missing 404");
    await writeFile(join(root, "in", "side"), "another");
    expect(await refusal(readAll(store, "in/side", span, etag))).toBe("object_changed 409");
    await rm(join(root, "in", "side"));
    await symlink(join(base, "outside", "side"), join(root, "in", "side"));
    expect(await refusal(readAll(store, "in/side", span))).toBe("object_misplaced 502");

    let nowMs = 0;
    const paths = new RealPaths(root, () => nowMs);
    expect(await paths.folder(join(root, "in"))).toBe(join(root, "in"));
    await rename(join(root, "in"), join(root, "moved"));
    await symlink("moved", join(root, "in"));
    expect(await paths.folder(join(root, "in"))).toBe(join(root, "in"));
    nowMs = 1000;
    expect(await paths.folder(join(root, "in"))).toBe(join(root, "moved"));
    await rm(join(root, "in"));
    await symlink(join(base, "outside"), join(root, "in"));
    nowMs = 2000;
    expect(await paths.folder(join(root, "in"))).toBeUndefined();
  });

  it("goes on when its folder is moved and a link is left in its place", async () => {
    await store.put("a", bodyOf(Buffer.from("inside")));
    await rename(root, join(base, "moved"));
    expect(await refusal(readAll(store, "a", { offset: 0, length: 6 }))).toBe("object_missing 404");
    await symlink("moved", root);
    expect(String(await readAll(store, "a", { offset: 0, length: 6 }))).toBe("inside");
    await store.put("deep/b", bodyOf(Buffer.from("new")));
    expect((await store.head("deep/b"))?.size).toBe(3);
  });

  it("sees only plain files as objects", async () => {
    await store.put("folder/file", bodyOf(new Uint8Array(1)));
    execFileSync("mkfifo", [join(root, "pipe")]);
    for (const key of ["folder", "pipe"]) {
      expect(await store.head(key), key).toBeUndefined();
      expect(await refusal(readAll(store, key, { offset: 0, length: 1 })), key).toBe("object_missing 404");
      await store.delete(key);
      expect(await refusal(store.put(key, bodyOf(new Uint8Array(1)))), key).toBe("object_exists 409");
    }
    expect(await refusal(store.put("folder/file/below", bodyOf(new Uint8Array(1))))).toBe("object_exists 409");
    expect(await refusal(store.put("p".repeat(256), bodyOf(new Uint8Array(1))))).toBe("bad_key 400");
    expect((await listed(store, "")).map((info) => info.key)).toEqual(["folder/file"]);
  });

  it("keeps temporary files out of reach and sweeps those of crashed writes", async () => {
    await store.put("a", bodyOf(new Uint8Array(10)));
    const temporary = join(root, ".boxcar-tmp");
    expect(await readdir(temporary)).toEqual([]);
    await writeFile(join(temporary, "old"), "left by a crash");
    await utimes(join(temporary, "old"), 1000, 1000);
    await writeFile(join(temporary, "new"), "being written");
    for (const key of [".boxcar-tmp/old", ".boxcar-tmp"]) expect(await refusal(store.head(key))).toBe("bad_key 400");
    expect((await listed(store, "")).map((info) => info.key)).toEqual(["a"]);
    expect(await store.sweep(2_000_000)).toBe(1);
    expect(await readdir(temporary)).toEqual(["new"]);
    expect(await store.sweep(Infinity)).toBe(1);
    expect(await store.sweep(Infinity)).toBe(0);
    expect(await new FileStore(join(base, "none")).sweep(Infinity)).toBe(0);
  });

  it("is empty while its folder does not exist", async () => {
    expect(await store.head("a")).toBeUndefined();
    expect(await listed(store, "")).toEqual([]);
    expect(await listed(store, "a/b")).toEqual([]);
    await store.delete("a/b");
    expect(await readdir(base)).toEqual([]);
  });

  it("says that the disk is full, and leaves nothing behind", async ({ skip }) => {
    await mkdir(root);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", root], { stdio: "pipe" });
    } catch {
      skip("needs the right to mount a small file system");
    }
    try {
      expect(await refusal(store.put("big", bodyOf(new Uint8Array(3 * MIB))))).toBe("store_full 507");
      expect(await readdir(join(root, ".boxcar-tmp"))).toEqual([]);
      expect(await listed(store, "")).toEqual([]);
      await store.put("small", bodyOf(new Uint8Array(500_000)));
      expect(await store.head("small")).toMatchObject({ size: 500_000 });
    } finally {
      execFileSync("umount", [root]);
    }
  });
});
