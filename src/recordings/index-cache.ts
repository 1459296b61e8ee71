import { BoxcarError } from "../base/errors.ts";
import { LruMap } from "../base/lru-map.ts";
import { INDEX_PAGE, type Indexes } from "../core/index.ts";

/** Index bytes kept by default: two days of one camera. */
const DEFAULT_CACHE_BYTES = 24 << 20;

/** What an index takes besides its bytes. */
const ENTRY_BYTES = 200;

/** Gets the indexes of segments by id; unknown ids are left out. */
export type ReadIndexes = (ids: readonly number[]) => Promise<Map<number, Uint8Array>>;

/** Segment indexes by id, the least recently used dropped first. Indexes never change, so nothing has to be refreshed. */
export class IndexCache implements Indexes {
  readonly #read: ReadIndexes;
  readonly #kept: LruMap<number, Uint8Array>;

  constructor(read: ReadIndexes, budget = DEFAULT_CACHE_BYTES) {
    this.#read = read;
    this.#kept = new LruMap(budget, ({ buffer }) => ENTRY_BYTES + buffer.byteLength);
  }

  has(id: number): boolean {
    return this.#kept.has(id);
  }

  /** Takes in an index that is at hand already. */
  keep(id: number, index: Uint8Array): void {
    this.#kept.set(id, index);
  }

  async get(id: number, upcoming: readonly number[] = []): Promise<Uint8Array> {
    const known = this.#kept.get(id);
    if (known !== undefined) return known;
    const ids = [id, ...upcoming.filter((other) => other !== id && !this.#kept.has(other))].slice(0, INDEX_PAGE);
    const found = await this.#read(ids);
    for (const other of ids.slice().reverse()) {
      const index = found.get(other);
      if (index !== undefined) this.keep(other, index);
    }
    const index = found.get(id);
    if (index === undefined) {
      const message = `Segment ${id} was deleted while it was needed. Ask for the range again.`;
      throw new BoxcarError("index_missing", message, { id });
    }
    return index;
  }
}
