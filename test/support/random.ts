/** Seeded random numbers: a failing test prints its seed and can be repeated with BOXCAR_SEED. */

/** The seed of this run: BOXCAR_SEED, else `fallback`. */
export function seedOf(fallback: number): number {
  return Number(process.env.BOXCAR_SEED ?? fallback);
}

export interface Random {
  /** The seed it started from, for messages. */
  readonly seed: number;
  /** An integer from 0, below `limit`. */
  below(limit: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** Random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** mulberry32. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    seed,
    below,
    pick: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
