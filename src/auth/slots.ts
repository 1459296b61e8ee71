/** Gives back what was taken. Calling it again does nothing. */
export type Release = () => void;

/** How many of one kind of thing may run at once: in all, and for one client. */
export class Slots {
  readonly limit: number;
  readonly perClient: number;
  readonly #clients = new Map<string, number>();
  #taken = 0;

  /** @param perClient of `limit`, those that one client may hold */
  constructor(limit: number, perClient: number) {
    this.limit = limit;
    this.perClient = perClient;
  }

  /** Slots in use. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a slot, or answers undefined when all, or all of this client, are in use. */
  take(client: string): Release | undefined {
    const held = this.#clients.get(client) ?? 0;
    if (this.#taken >= this.limit || held >= this.perClient) return undefined;
    this.#taken++;
    this.#clients.set(client, held + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#taken--;
      const left = (this.#clients.get(client) ?? 1) - 1;
      if (left === 0) this.#clients.delete(client);
      else this.#clients.set(client, left);
    };
  }
}
