import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Clock, Log } from "../../base/ports.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { RemovedTotals } from "../../record/removed-totals.ts";
import type { BelievedTime } from "../../record/believed-time.ts";
import { overShares, retain, type RetentionParts } from "../../record/retention.ts";
import { eachMinute, TURN_MS } from "./each-minute.ts";

/** First parts of stream paths whose uploads take too much of a disk, of which the log has those that take the most. */
const MOST_LOGGED = 10;

/** What retention works with, as the configuration says. */
export function retentionParts(
  catalog: Catalog,
  { recording, store, dataFolder }: Pick<Config, "recording" | "store" | "dataFolder">,
): RetentionParts {
  const { disk, storeBytes } = recording;
  const bytes = storeBytes.high === 0 ? undefined : storeBytes;
  if (store.driver !== "file" || disk.high === 0) return { catalog, bytes };
  const folder = store.folder === undefined ? join(resolve(dataFolder), "media") : resolve(store.folder);
  return {
    ...{ catalog, bytes },
    water: { high: disk.high / 100, low: disk.low / 100 },
    disk: async () => {
      const { blocks, bavail, bsize } = await statfs(folder);
      return { used: (blocks - bavail) * bsize, total: blocks * bsize };
    },
  };
}

/**
 * Removes once a minute what is not kept any longer, unless another node of the same catalog is doing so.
 * @param removed counts it
 * @returns stops it, once the step under way is done
 */
export function startRetention(
  parts: RetentionParts,
  clock: Clock,
  believed: BelievedTime,
  log: Log,
  removed: RemovedTotals,
): () => Promise<void> {
  let isDoubted = false;
  /** Bytes of recordings once the pass before was done. */
  let recorded = Number.POSITIVE_INFINITY;
  // What they have grown by is asked for where a disk may be too full.
  const recordedBytes = (): Promise<number> | number =>
    parts.disk === undefined ? 0 : parts.catalog.ownRecordings.bytes();
  const run = async (signal: AbortSignal): Promise<void> => {
    const nowMs = clock();
    parts.catalog.room.over = await overShares(parts);
    const recordedNow = await recordedBytes();
    const grownBytes = Math.max(0, recordedNow - recorded);
    recorded = recordedNow;
    if (!(await parts.catalog.leases.takeTurn("retain", nowMs, nowMs + TURN_MS))) return;
    const over = [...parts.catalog.room.over].toSorted(([, a], [, b]) => b - a);
    for (const [streams, bytes] of over.slice(0, MOST_LOGGED))
      log("warn", "uploads take more of the disk than their share, so recordings have less room; delete some of them", {
        what: streams === "" ? "files of no stream" : streams,
        bytes,
      });
    const believedMs = await believed.at(nowMs);
    if (believedMs !== nowMs && !isDoubted)
      log(
        "warn",
        "the clock is far ahead of when recordings were last looked through: none are removed by age for six hours",
      );
    isDoubted = believedMs !== nowMs;
    const sums = new RemovedTotals();
    for await (const one of retain(parts, nowMs, { believedMs, grownBytes })) {
      sums.add(one);
      removed.add(one);
      if (signal.aborted) break;
    }
    recorded = await recordedBytes();
    for (const { streamPath, reason, segments, bytes } of sums.all)
      log("info", "recordings were removed", { what: `${streamPath} ${reason}`, segments, bytes });
  };
  return eachMinute(run, (error) => {
    log("warn", "recordings cannot be removed", { error: String(error) });
  });
}
