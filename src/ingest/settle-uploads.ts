import type { Finding, ReconcileParts } from "./reconcile.ts";

const PAGE = 256;

/** Removes files whose uploads did not end in time, their objects first. */
export async function* settleUploads(
  { catalog, store, publicFiles }: ReconcileParts,
  nowMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Finding, void, undefined> {
  const areas = { store, public: publicFiles };
  for (let afterId = 0; ;) {
    const page = await catalog.uploads.unsettled(nowMs, afterId, PAGE);
    for (const { id, area, key } of page) {
      if (signal?.aborted === true) return;
      afterId = id;
      const files = areas[area];
      // A machine without that disk cannot know what lies there. The other one may have finished meanwhile.
      if (files === undefined || !(await catalog.uploads.giveUp(id, nowMs))) continue;
      try {
        await files.delete(key);
      } catch (cause) {
        yield { kind: "store_failed", key, message: cause instanceof Error ? cause.message : String(cause) };
        continue;
      }
      await catalog.uploads.forget(id);
      yield { kind: "file_removed", key };
    }
    if (page.length < PAGE) return;
  }
}
