import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let mounted: string | undefined;

/**
 * Has tests keep their files in memory where that may be mounted: each row of a catalog would wait for the disk, and the suite
 * take half as long again. (`/dev/shm` will not do: Deno gives files below `/dev` only to who may do everything.)
 */
export function setup(): void {
  const folder = mkdtempSync(join(tmpdir(), "boxcar-memory-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder], { stdio: "pipe" });
  } catch {
    rmSync(folder, { recursive: true });
    return;
  }
  mounted = folder;
  process.env.TMPDIR = folder;
}

export function teardown(): void {
  if (mounted === undefined) return;
  execFileSync("umount", ["--lazy", mounted]);
  rmSync(mounted, { recursive: true });
}
