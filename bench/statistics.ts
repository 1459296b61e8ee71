/** Repeated measurements. */

/** Several values of one quantity. */
export interface Sampled {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Absent in older results. */
  readonly quartiles?: readonly [lower: number, upper: number];
  readonly runs: number;
}

/** @param values at least one */
export function summarize(values: readonly number[]): Sampled {
  return {
    median: quantile(values, 0.5),
    min: Math.min(...values),
    max: Math.max(...values),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
    runs: values.length,
  };
}

/** @param share 0 to 1; between two values, the mean weighted by distance */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** One way of doing the same thing. `round` counts from 0 and differs in every call. */
export type Contestant<T> = (round: number) => Promise<T> | T;

/**
 * Lets contestants take turns, so that what else happens on the machine hits all of them: each round runs everyone once,
 * beginning with another one each time. The first `warmUp` rounds count for nothing.
 */
export async function interleave<T, K extends string>(
  contestants: Partial<Readonly<Record<K, Contestant<T>>>>,
  rounds: number,
  warmUp: number,
): Promise<Partial<Record<K, T[]>>> {
  const names = (Object.keys(contestants) as K[]).filter((name) => contestants[name] !== undefined);
  const results: Partial<Record<K, T[]>> = {};
  for (let round = 0; round < rounds + warmUp; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      if (name === undefined) continue;
      const contestant = contestants[name];
      if (contestant === undefined) continue;
      const result = await contestant(round);
      if (round >= warmUp) (results[name] ??= []).push(result);
    }
  }
  return results;
}
