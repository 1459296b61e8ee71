import type { AheadBudget } from "../base/ahead.ts";
import { BoxcarError } from "../base/errors.ts";
import type { ByteSpan, ObjectInfo, Presign, Store } from "../base/ports.ts";
import { objectMissing } from "./object-errors.ts";

/** Makes the key of a file that stays where it lies. @param path relative to the folder, with `/` between parts */
export function mountKey(mountId: number, path: string): string {
  return `@${mountId}/${path}`;
}

/** The folder and the path in it that a key names; undefined for keys of the store's own objects. */
export function parseMountKey(key: string): { readonly mountId: number; readonly path: string } | undefined {
  const match = /^@(\d+)\/(.*)$/s.exec(key);
  return match === null ? undefined : { mountId: Number(match[1]), path: match[2] ?? "" };
}

/** Opens the store over a numbered folder; undefined when no folder has the number. */
export type OpenMount = (mountId: number) => Promise<Store | undefined>;

/**
 * A store whose keys `@<mount>/<path>` name files of other folders, which are only ever read.
 * @param openMount asked until it answers with a store, then never again for that number
 */
export function withMounts(store: Store, openMount: OpenMount): Store {
  return new MountedStore(store, openMount);
}

class MountedStore implements Store {
  readonly #own: Store;
  readonly #openMount: OpenMount;
  readonly #mounts = new Map<number, Store>();

  constructor(own: Store, openMount: OpenMount) {
    this.#own = own;
    this.#openMount = openMount;
  }

  /** Of the store's own objects. Signing asks nothing: a key of another folder gives a request that is refused. */
  get presign(): Presign | undefined {
    return this.#own.presign;
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size?: number): Promise<ObjectInfo> {
    refuseMount(key);
    return this.#own.put(key, body, size);
  }

  async *get(key: string, span: ByteSpan, ifMatch?: string): AsyncGenerator<Uint8Array, void, undefined> {
    const { store, path } = await this.#locate(key);
    if (store === undefined) throw objectMissing(key);
    yield* store.get(path, span, ifMatch);
  }

  ahead(key: string): AheadBudget | undefined {
    return parseMountKey(key) === undefined ? this.#own.ahead?.(key) : undefined;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const { store, path } = await this.#locate(key);
    const info = await store?.head(path);
    return info && { ...info, key };
  }

  async delete(key: string): Promise<void> {
    refuseMount(key);
    await this.#own.delete(key);
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    const { store, path } = await this.#locate(prefix);
    const placed = prefix.slice(0, prefix.length - path.length);
    for await (const info of store?.list(path) ?? []) yield { ...info, key: placed + info.key };
  }

  async #locate(key: string): Promise<{ readonly store: Store | undefined; readonly path: string }> {
    const named = parseMountKey(key);
    if (named === undefined) return { store: this.#own, path: key };
    let store = this.#mounts.get(named.mountId);
    if (store === undefined) {
      store = await this.#openMount(named.mountId);
      if (store !== undefined) this.#mounts.set(named.mountId, store);
    }
    return { store, path: named.path };
  }
}

function refuseMount(key: string): void {
  if (parseMountKey(key) === undefined) return;
  throw new BoxcarError("place_read_only", `${key} lies in a folder that boxcar reads and never changes.`, {
    key,
  });
}
