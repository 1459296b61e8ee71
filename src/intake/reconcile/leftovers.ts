/** What uploads and deletions that did not end have left: a row, and what lies in a store for it. */
import type { UnsettledSegment } from "../../catalog/types.ts";
import type { UnsettledUpload } from "../../catalog/upload-rows.ts";
import { piecesPrefix, removePieces } from "../tus/pieces.ts";
import { parseMountKey } from "../../store/mounts.ts";
import { removeObject } from "../../store/remove.ts";
import { PAGE, pages } from "./pages.ts";
import type { Finding, ReconcileParts } from "./types.ts";

/** How long a resumable upload is over before it is forgotten: a request may still be storing a piece of it. In milliseconds. */
const PIECE_GRACE_MS = 3_600_000;

/** One row, and how it is settled. */
interface Leftover extends Pick<Finding, "kind" | "key" | "segmentId"> {
  /** Makes sure that it cannot end any more. @returns false when it has meanwhile */
  readonly giveUp?: (() => Promise<boolean>) | undefined;
  readonly remove: () => Promise<void>;
  readonly forget: () => Promise<unknown>;
}

/** Settles one: what lies in the store goes first, so that the row names it until it is gone. Undefined: there was nothing to do. */
export async function settle({ giveUp, remove, forget, ...finding }: Leftover): Promise<Finding | undefined> {
  if (giveUp !== undefined && !(await giveUp())) return undefined;
  try {
    await remove();
  } catch (cause) {
    return { ...finding, kind: "store_failed", message: cause instanceof Error ? cause.message : String(cause) };
  }
  await forget();
  return finding;
}

/**
 * All of them: segments first, then files, then resumable uploads.
 * @param before when segments were pending, and tombstones, that count
 * @param signal ends it between two of them
 */
export async function* leftovers(
  parts: ReconcileParts,
  before: { readonly pendingMs: number; readonly tombstoneMs: number },
  nowMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Leftover, void, undefined> {
  const { uploads, tus } = parts.catalog;
  const byMs = nowMs - PIECE_GRACE_MS;
  const read = (after: number): Promise<UnsettledSegment[]> => parts.catalog.unsettled.page(before, after, PAGE);
  yield* rows(0, idOf, read, (row) => segmentLeft(parts, row, nowMs), signal);
  const files = (after: number): Promise<UnsettledUpload[]> => uploads.unsettled(nowMs, after, PAGE);
  yield* rows(0, idOf, files, (row) => fileLeft(parts, row, nowMs), signal);
  const over = (after: string): Promise<string[]> => tus.over(byMs, after, PAGE);
  yield* rows(
    "",
    (id) => id,
    over,
    (id) => tusLeft(parts, id, byMs),
    signal,
  );
}

async function* rows<Row, Id>(
  first: Id,
  idOf: (row: Row) => Id,
  read: (after: Id) => Promise<readonly Row[]>,
  left: (row: Row) => Leftover | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Leftover, void, undefined> {
  for await (const page of pages(first, idOf, read, signal)) {
    for (const row of page) {
      if (signal?.aborted === true) return;
      const leftover = left(row);
      if (leftover !== undefined) yield leftover;
    }
  }
}

function segmentLeft({ catalog, store }: ReconcileParts, row: UnsettledSegment, nowMs: number): Leftover {
  const { id, key, state } = row;
  const isPending = state === "pending";
  return {
    ...{ kind: isPending ? "upload_removed" : "deletion_finished", key, segmentId: id },
    giveUp: isPending ? () => catalog.unsettled.expire(id, nowMs) : undefined,
    // What lies in a folder of somebody else's stays there.
    remove: () => (parseMountKey(key) === undefined ? store.delete(key) : Promise.resolve()),
    forget: () => catalog.unsettled.forget(id),
  };
}

function fileLeft(parts: ReconcileParts, { id, area, key }: UnsettledUpload, nowMs: number): Leftover | undefined {
  const { uploads } = parts.catalog;
  const files = area === "store" ? parts.store : parts.publicFiles;
  // A machine without that disk cannot know what lies there.
  if (files === undefined) return undefined;
  return {
    ...{ kind: "file_removed", key },
    giveUp: () => uploads.giveUp(id, nowMs),
    remove: () => removeObject(files, key),
    forget: () => uploads.forget(id),
  };
}

function tusLeft({ catalog, store }: ReconcileParts, id: string, byMs: number): Leftover {
  return {
    ...{ kind: "file_removed", key: piecesPrefix(id) },
    remove: () => removePieces(store, id),
    forget: () => catalog.tus.forget(id, byMs),
  };
}

function idOf({ id }: { readonly id: number }): number {
  return id;
}
