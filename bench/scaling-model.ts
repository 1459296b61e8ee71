/** How load spreads over catalogs, and what a cache in front of the edges takes off them: arithmetic and chance only. */
import type { Random } from "../test/support/random.ts";

/** FNV-1a with a final mix. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * Cameras of the most loaded of some shards, as a multiple of the mean, when whole sites (the first part of a stream path)
 * go to shards: by hash of their name, and each in turn, largest first, to the least loaded one. The largest sites have
 * 20 times the cameras of the smallest.
 */
export function shardLoads(
  cameras: number,
  sites: number,
  shards: number,
  rng: Random,
): { byHash: number; assigned: number } {
  const weights = Array.from({ length: sites }, () => 1 + rng.below(20));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = weights.map((weight) => (cameras * weight) / total);
  const add = (loads: Float64Array, shard: number, count: number): number =>
    (loads[shard] = (loads[shard] ?? 0) + count);
  const byHash = new Float64Array(shards);
  counts.forEach((count, site) => add(byHash, hash(`site-${site}`) % shards, count));
  const assigned = new Float64Array(shards);
  for (const count of counts.toSorted((a, b) => b - a)) add(assigned, assigned.indexOf(Math.min(...assigned)), count);
  const mean = cameras / shards;
  return { byHash: Math.max(...byHash) / mean, assigned: Math.max(...assigned) / mean };
}

/**
 * Share of requests that a least-recently-used cache answers, by Che's approximation: a range is still there when it was
 * asked for within the time in which as many different ranges are asked for as fit. Ranges are asked for with a
 * probability that falls with their rank to the power of `skew` (Zipf).
 * @param ranges how many there are; `share` of them fit into the cache
 */
export function hitRatio({ ranges, share, skew }: { ranges: number; share: number; skew: number }): number {
  const groups: { count: number; chance: number }[] = [];
  // Neighbouring ranks are asked for almost equally often.
  for (let first = 1, end: number; first <= ranges; first = end) {
    end = Math.min(ranges + 1, Math.ceil(first * 1.01 + 0.01));
    groups.push({ count: end - first, chance: ((first + end - 1) / 2) ** -skew });
  }
  const total = groups.reduce((sum, { count, chance }) => sum + count * chance, 0);
  const kept = (time: number): number =>
    groups.reduce((sum, { count, chance }) => sum + count * -Math.expm1((-chance / total) * time), 0);
  let [low, high] = [0, 1];
  while (kept(high) < ranges * share) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (kept(middle) < ranges * share) low = middle;
    else high = middle;
  }
  return groups.reduce(
    (sum, { count, chance }) => sum + ((count * chance) / total) * -Math.expm1((-chance / total) * low),
    0,
  );
}
