import { paused } from "../../base/paused.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Log } from "../../base/ports.ts";

/** How long a catalog that does not answer is left alone. */
const AGAIN_MS = 1000;

/**
 * Brings the catalog to the newest schema: now, or, when it does not answer, as soon as it does. A server starts all the
 * same, and answers 503 until then.
 * @param then called once, when the schema is the newest
 * @returns stops trying
 * @throws whatever `migrate` throws now, unless it is that the catalog does not answer or is busy
 */
export async function migrateWhenReached(
  migrate: () => Promise<string[]>,
  log: Log,
  then: () => void,
): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  const attempt = async (): Promise<boolean> => {
    try {
      for (const migration of await migrate()) log("info", "migrated the catalog", { migration });
      then();
      return true;
    } catch (error) {
      const isAway = error instanceof BoxcarError && ["catalog_unavailable", "catalog_busy"].includes(error.code);
      if (!isAway) throw error;
      return false;
    }
  };
  if (await attempt()) return () => Promise.resolve();
  log("warn", "the catalog does not answer yet");
  const keepTrying = async (): Promise<void> => {
    do await paused(AGAIN_MS, stopping.signal);
    while (!stopping.signal.aborted && !(await attempt()));
  };
  const trying = keepTrying().catch((error: unknown) => {
    log("error", "the catalog cannot be migrated", { error: error instanceof Error ? error.stack : String(error) });
  });
  return async () => {
    stopping.abort();
    await trying;
  };
}
