import type { Store } from "../../base/ports.ts";

/** Key prefix under which the pieces of a resumable upload lie. */
export function piecesPrefix(uploadId: string): string {
  return `resumable/${uploadId}/`;
}

/** Removes the pieces of a resumable upload, also those the catalog never learned of. */
export async function removePieces(store: Store, uploadId: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(piecesPrefix(uploadId))) keys.push(key);
  for (const key of keys) await store.delete(key);
}
