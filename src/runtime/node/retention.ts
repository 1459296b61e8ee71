import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Clock, Log } from "../../base/ports.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { retain, type RetentionParts } from "../../record/retention.ts";

const EVERY_MS = 60_000;

/** What retention works with, as the configuration says. */
export function retentionParts(
  catalog: Catalog,
  { recording, store, dataFolder }: Pick<Config, "recording" | "store" | "dataFolder">,
): RetentionParts {
  const { high, low } = recording.disk;
  if (store.driver !== "file" || high === 0) return { catalog };
  const folder = store.folder === undefined ? join(resolve(dataFolder), "media") : resolve(store.folder);
  return {
    catalog,
    water: { high: high / 100, low: low / 100 },
    disk: async () => {
      const { blocks, bavail, bsize } = await statfs(folder);
      return { used: (blocks - bavail) * bsize, total: blocks * bsize };
    },
  };
}

/**
 * Removes once a minute what is not kept any longer, unless another node of the same catalog is doing so.
 * @returns stops it, once the step under way is done
 */
export function startRetention(parts: RetentionParts, clock: Clock, log: Log): () => Promise<void> {
  let stopped = false;
  let running = Promise.resolve();
  const run = async (): Promise<void> => {
    const nowMs = clock();
    if (!(await parts.catalog.leases.takeTurn("retain", nowMs, nowMs + EVERY_MS - 1000))) return;
    const sums = new Map<string, { segments: number; bytes: number }>();
    for await (const { segment, reason } of retain(parts, nowMs)) {
      const name = `${segment.streamPath} ${reason}`;
      const { segments, bytes } = sums.get(name) ?? { segments: 0, bytes: 0 };
      sums.set(name, { segments: segments + 1, bytes: bytes + segment.size });
      if (stopped) break;
    }
    for (const [what, sum] of sums) log("info", "recordings were removed", { what, ...sum });
  };
  const timer = setInterval(() => {
    running = run().catch((error: unknown) => {
      log("warn", "recordings cannot be removed", { error: String(error) });
    });
  }, EVERY_MS);
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
}
