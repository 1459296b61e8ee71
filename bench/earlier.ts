/** The build that others are held against: made from git once, kept with the recordings. */
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./process.ts";

/** The commit it is of. */
const EARLIER = "683458c";

/** The path of its `boxcar.js`; undefined where git does not have it, or its packages cannot be had. */
export async function earlierBuild(folder: string, say: (text: string) => void): Promise<string | undefined> {
  const target = join(folder, `build-${EARLIER}`);
  const program = join(target, "build", "boxcar.js");
  if (existsSync(program)) return program;
  say(`building ${EARLIER}`);
  const making = `${target}.part`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  const script = `git archive ${EARLIER} | tar -x -C "$0" && cd "$0" && npm ci --ignore-scripts --no-audit --no-fund && npm run build`;
  try {
    await run("/bin/sh", ["-c", script, making]);
    await rename(making, target);
    return program;
  } catch (error) {
    say(`it cannot be built, so its rows stay empty: ${String(error)}`);
    return undefined;
  }
}
