import { gathered } from "../base/bytes.ts";
import type { HoldMemory, ObjectInfo, Store } from "../base/ports.ts";
import { indexObject, type Core, type IndexedSegment } from "../core/index.ts";

/**
 * Indexes an object of the store by a few ranged reads of the content that `info` tells of.
 * @param hold told how much metadata is kept; absent: as much as is taken at all
 * @throws BoxcarError as the indexer, the store and `hold` do
 */
export function indexStored(
  core: Core,
  store: Store,
  { key, size, etag }: ObjectInfo,
  hold?: HoldMemory,
): Promise<IndexedSegment> {
  return indexObject(core, size, (span) => gathered(store.get(key, span, etag), span.length), { hold });
}
