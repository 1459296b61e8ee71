/** Samples in the order in which they are presented. */
import { failed, reserve } from "../memory/status";

/**
 * Sorts `count` sample numbers (u32) by their times, an i64 each, by merging, since hostile files have groups of a million pictures.
 * Stable. Returns where the sorted numbers are.
 */
export function sortByTime(order: usize, count: u32, times: usize): usize {
  let from = order;
  let to = reserve(<u64>count * 4);
  if (failed()) return order;
  for (let width: u32 = 1; width < count; width <<= 1) {
    for (let start: u32 = 0; start < count; start += width << 1) {
      const middle = min(start + width, count);
      const end = min(middle + width, count);
      let left = start;
      let right = middle;
      for (let i = start; i < end; i++) {
        const takesLeft = left < middle && (right >= end || timeOf(from, left, times) <= timeOf(from, right, times));
        store<u32>(to + ((<usize>i) << 2), load<u32>(from + ((<usize>(takesLeft ? left : right)) << 2)));
        if (takesLeft) left++;
        else right++;
      }
    }
    const other = from;
    from = to;
    to = other;
  }
  return from;
}

function timeOf(order: usize, i: u32, times: usize): i64 {
  return load<i64>(times + ((<usize>load<u32>(order + ((<usize>i) << 2))) << 3));
}
