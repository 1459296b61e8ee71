import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { defineConfig } from "vitest/config";

/** A file system in memory, on Linux. */
const MEMORY = "/dev/shm";
/** Bytes that the files of tests may take at once, and more. */
const ROOM = 4 * 2 ** 30;

/** Where tests keep their files: in memory where there is room, since each row of a catalog would wait for the disk. */
function folder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    env: { TMPDIR: folder() },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // A process imports the modules once for all its test files: they must leave no state behind in them.
    isolate: false,
  },
});
