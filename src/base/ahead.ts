/** Bytes of a block. */
const BLOCK = 256 << 10;
/** Idle blocks that are kept for the next who take some. */
const KEPT = 64;
/** Who is away with a chunk for longer reads nothing ahead where others have no room. */
const AWAY_MS = 500;

/** How far downloads may be ahead of their clients. */
export interface AheadLimits {
  /** Objects that one download has opened before their turn. */
  readonly objects: number;
  /** Bytes that one download holds, in blocks of 256 KiB. */
  readonly bytes: number;
  /** Objects of all downloads. */
  readonly allObjects: number;
  /** Bytes of all downloads. */
  readonly allBytes: number;
}

/** What every runtime but Workers does unless told otherwise. */
export const defaultAheadLimits: AheadLimits = { objects: 32, bytes: 16 << 20, allObjects: 64, allBytes: 32 << 20 };

/** A download that has opened objects before their turn. */
export interface AheadHolder {
  /** When its client was handed its last chunk, milliseconds of `performance`; undefined while it waits for one. */
  readonly awaySinceMs: number | undefined;
  /** Closes what is not yet its turn, and gives back all that it holds of it. */
  letGo(): void;
}

/**
 * What all downloads from one store may hold and have open ahead of their clients. When nothing is left, those whose clients
 * are away give theirs back.
 */
export class AheadBudget {
  readonly limits: AheadLimits;
  readonly #holders = new Set<AheadHolder>();
  readonly #idle: Uint8Array<ArrayBuffer>[] = [];
  #blocks = 0;
  #objects = 0;

  constructor(limits: AheadLimits = defaultAheadLimits) {
    this.limits = limits;
  }

  /** Objects that are open ahead. */
  get objects(): number {
    return this.#objects;
  }

  /** Bytes that are held ahead. */
  get bytes(): number {
    return this.#blocks * BLOCK;
  }

  /** Whether one more object may be opened before its turn; `close` ends that. */
  open(holder: AheadHolder): boolean {
    if (this.#objects >= this.limits.allObjects) this.#relieve(holder);
    if (this.#objects >= this.limits.allObjects) return false;
    this.#objects++;
    this.#holders.add(holder);
    return true;
  }

  close(): void {
    this.#objects--;
  }

  /** Ends what a download takes part in. */
  leave(holder: AheadHolder): void {
    this.#holders.delete(holder);
  }

  /** A block of old bytes; undefined when there is none left. */
  take(holder: AheadHolder): Uint8Array<ArrayBuffer> | undefined {
    const isFull = (): boolean => this.bytes + BLOCK > this.limits.allBytes;
    if (isFull()) this.#relieve(holder);
    if (isFull()) return undefined;
    this.#blocks++;
    return this.#idle.pop() ?? new Uint8Array(BLOCK);
  }

  /** Gives a block back, to be used again at once. */
  give(block: Uint8Array<ArrayBuffer>): void {
    this.#blocks--;
    if (this.#idle.length < KEPT) this.#idle.push(block);
  }

  /** Gives a block back whose bytes may still be read by someone: it is not used again. */
  drop(): void {
    this.#blocks--;
  }

  #relieve(asking: AheadHolder): void {
    const beforeMs = performance.now() - AWAY_MS;
    for (const holder of this.#holders)
      if (holder !== asking && (holder.awaySinceMs ?? beforeMs) < beforeMs) holder.letGo();
  }
}
