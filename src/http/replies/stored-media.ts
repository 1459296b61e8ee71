import type { Media } from "../../core/index.ts";
import type { Store } from "../../base/ports.ts";

/** A stored object and the row that describes it. */
export interface StoredObject {
  readonly id: number;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** The stored object's ETag, without quotes. */
  readonly etag: string;
}

/** One whole segment or file, sent as it is stored. */
export function storedMedia(store: Store, object: StoredObject): Media {
  const { id, key, size, etag } = object;
  return {
    size,
    // The store's ETag may hold anything; an entity tag may not hold quotes (RFC 9110 section 8.8.3).
    etag: `stored-${String(id)}-${encodeURIComponent(etag)}`,
    read: (span) => store.get(key, span, etag),
  };
}
