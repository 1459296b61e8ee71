/** Gives back what was taken. Calling it again does nothing. */
export type Release = () => void;

/** Who wants a slot. */
export interface SlotClient {
  /** Equal for what counts as one client. */
  readonly name: string;
  /** Whether it has brought a token. */
  readonly known: boolean;
}

/** How many of one kind of thing may run at once: in all, for one client, and for all that brought no token. */
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
   * @param kept of `limit`, those that only clients with a token may have
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

  /** Takes a slot, or answers undefined when all, or all that this client may have, are in use. */
  take({ name, known }: SlotClient): Release | undefined {
    const held = this.#clients.get(name) ?? 0;
    if (this.#taken >= this.limit || held >= this.perClient) return undefined;
    if (!known && this.#unknown >= this.limit - this.kept) return undefined;
    this.#taken++;
    if (!known) this.#unknown++;
    this.#clients.set(name, held + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#taken--;
      if (!known) this.#unknown--;
      const left = (this.#clients.get(name) ?? 1) - 1;
      if (left === 0) this.#clients.delete(name);
      else this.#clients.set(name, left);
    };
  }
}
