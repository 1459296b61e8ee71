import { BoxcarError } from "../base/errors.ts";
import type { Store } from "../base/ports.ts";

/**
 * Removes what may lie under a key. A key that the store refuses, such as one that would lead out of its folder by a
 * symbolic link, has no object.
 * @throws as `Store.delete` does
 */
export async function removeObject(store: Store, key: string): Promise<void> {
  try {
    await store.delete(key);
  } catch (error) {
    if (!(error instanceof BoxcarError && ["bad_key", "object_misplaced"].includes(error.code))) throw error;
  }
}
