/** Gives back what was taken. Calling it again does nothing. */
export type Release = () => void;

/** Who wants a slot. */
export interface SlotClient {
  /** Equal for what counts as one client. */
  readonly name: string;
  /** Whether it may have what is kept: it has brought a token, or, of sources, is an administrator. */
  readonly known: boolean;
}

/** How many of one kind of thing may run at once: in all, for one client, and for all that are not known. */
export class Slots {
  readonly limit: number;
  readonly perClient: number;
  /** Of `limit`, those that only clients with a token may have. */
  readonly kept: number;
  readonly #clients = new Map<string, number>();
  #taken = 0;
  #unknown = 0;

  /**
   * @param perClient of `limit`, those that one client may hold
   * @param kept of `limit`, those that only known clients may have
   */
  constructor(limit: number, perClient: number, kept = 0) {
    this.limit = limit;
    this.perClient = perClient;
    this.kept = kept;
  }

  /** Slots in use. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a slot, or answers undefined when all, or all that this client may have, are in use.
   * @param count how many slots it takes
   */
  take({ name, known }: SlotClient, count = 1): Release | undefined {
    const held = this.#clients.get(name) ?? 0;
    if (this.#taken + count > this.limit || held + count > this.perClient) return undefined;
    if (!known && this.#unknown + count > this.limit - this.kept) return undefined;
    this.#taken += count;
    if (!known) this.#unknown += count;
    this.#clients.set(name, held + count);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#taken -= count;
      if (!known) this.#unknown -= count;
      const left = (this.#clients.get(name) ?? count) - count;
      if (left === 0) this.#clients.delete(name);
      else this.#clients.set(name, left);
    };
  }
}

/** One client may hold this part of all slots. */
const clientShare = 1 / 4;
/** This part of all slots is kept for clients that are known. */
const knownShare = 1 / 4;

/** So many slots, shared among clients. @param open whether all clients are those of one machine, which shares as it likes */
export function sharedSlots(limit: number, open: boolean): Slots {
  return open
    ? new Slots(limit, limit)
    : new Slots(limit, Math.ceil(limit * clientShare), Math.floor(limit * knownShare));
}
