import { parseArgs } from "node:util";
import { readConfig } from "../config/config.ts";
import { adoptObjects } from "../intake/reconcile/adopt-objects.ts";
import { openNodeParts } from "../runtime/node/node-parts.ts";

export const help = `boxcar adopt [--dry-run]

Makes objects be served again that were copied by other means: media that moved from a folder to a bucket or back, or came
from a backup that does not keep the times of files. The catalog pins each object by its entity tag, and a copy has another
one. Each is looked up in BOXCAR_STORE under the key that it had; one of the same size, and of a segment with the same tracks,
samples and durations, gets its new entity tag. What is gone, or is another file, is listed, and the exit code is 1. It may be
repeated. Stop the servers first. Resumable uploads that are under way are not adopted: their clients begin anew.

  --dry-run      say what would be adopted, and change nothing`;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { "dry-run": { type: "boolean", default: false } } });
  const parts = await openNodeParts(readConfig(process.env));
  try {
    await parts.migrate();
    const counts = { same: 0, adopted: 0, lost: 0 };
    for await (const { key, kind, reason } of adoptObjects(parts, values["dry-run"])) {
      counts[kind]++;
      if (kind === "lost") console.error(`lost ${key}: ${String(reason)}`);
    }
    const adopted = values["dry-run"] ? "would be adopted" : "adopted";
    console.log(`${counts.adopted} ${adopted}, ${counts.same} as they were, ${counts.lost} lost`);
    return counts.lost === 0 ? 0 : 1;
  } finally {
    await parts.close();
  }
}
