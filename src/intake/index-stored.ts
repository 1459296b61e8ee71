import { gathered } from "../base/bytes.ts";
import type { ObjectInfo, Store } from "../base/ports.ts";
import { indexObject, type Core, type IndexedSegment } from "../core/index.ts";

/**
 * Indexes an object of the store by a few ranged reads of the content that `info` tells of.
 * @throws BoxcarError as the indexer and the store do
 */
export function indexStored(core: Core, store: Store, { key, size, etag }: ObjectInfo): Promise<IndexedSegment> {
  return indexObject(core, size, (span) => gathered(store.get(key, span, etag), span.length));
}
