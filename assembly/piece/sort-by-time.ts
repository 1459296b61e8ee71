/** Samples in the order in which they are presented. */
import { failed, reserve } from "../memory/status";
import { word } from "../memory/words";

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
        store<u32>(word(to, i), load<u32>(word(from, takesLeft ? left : right)));
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
  return load<i64>(times + ((<usize>load<u32>(word(order, i))) << 3));
}
