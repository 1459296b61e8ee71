import { piecesPrefix, removePieces } from "../../store/file/pieces.ts";
import { removeObject } from "../../store/remove.ts";
import type { Finding, ReconcileParts } from "./reconcile.ts";

const PAGE = 256;
/** How long a resumable upload is over before it is forgotten: a request may still be storing a piece of it. In milliseconds. */
const PIECE_GRACE_MS = 3_600_000;

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
      const failed = await failureOf(removeObject(files, key));
      if (failed === undefined) await catalog.uploads.forget(id);
      yield failed === undefined ? { kind: "file_removed", key } : { kind: "store_failed", key, message: failed };
    }
    if (page.length < PAGE) return;
  }
}

/** Removes resumable uploads that are over, their pieces first. Finished files stay. */
export async function* settleResumable(
  { catalog, store }: ReconcileParts,
  nowMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Finding, void, undefined> {
  const byMs = nowMs - PIECE_GRACE_MS;
  for (let afterId = ""; ;) {
    const page = await catalog.resumable.over(byMs, afterId, PAGE);
    for (const id of page) {
      if (signal?.aborted === true) return;
      afterId = id;
      const key = piecesPrefix(id);
      const failed = await failureOf(removePieces(store, id));
      if (failed === undefined) await catalog.resumable.forget(id, byMs);
      yield failed === undefined ? { kind: "file_removed", key } : { kind: "store_failed", key, message: failed };
    }
    if (page.length < PAGE) return;
  }
}

/** Why the store failed; undefined when it did not. */
async function failureOf(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
