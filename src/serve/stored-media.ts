import type { Segment } from "../catalog/types.ts";
import type { Media } from "../plan/media.ts";
import type { Store } from "../platform.ts";

/** One whole segment, sent as it is stored. */
export function storedMedia(store: Store, segment: Segment): Media {
  const { id, key, size, etag } = segment;
  return {
    size,
    // The store's ETag may hold anything; an entity tag may not hold quotes (RFC 9110 section 8.8.3).
    etag: `stored-${String(id)}-${encodeURIComponent(etag)}`,
    read: (span) => store.get(key, span, etag),
  };
}
