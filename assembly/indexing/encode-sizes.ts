/** Sample sizes as a column of a segment index. */
import { close, IndexWriter, place } from "./index-writer";
import { TrackRecord } from "../abi/records";
import { TrackTables } from "../box/track-tables";
import { word } from "../memory/words";

/**
 * A fixed width over a base; the few samples that do not fit (sync samples, mostly) follow as exceptions, marked by the
 * highest value of the width.
 */
export function encodeSizes(writer: IndexWriter, record: usize, track: TrackTables): void {
  const samples: u64 = track.samples;
  const sizes = track.sizes;
  const end = word(sizes, track.samples);
  let base = track.constantSize;
  let highest = base;
  if (sizes != 0) {
    // Four at once: what fills up the last four must change nothing.
    v128.store(end, i32x4.splat(load<u32>(sizes)));
    let low = v128.load(sizes);
    let high = low;
    for (let from = sizes; from < end; from += 16) {
      const four = v128.load(from);
      low = i32x4.min_u(low, four);
      high = i32x4.max_u(high, four);
    }
    base = lowestLane(low);
    highest = ~lowestLane(v128.not(high));
    v128.store(end, i32x4.splat(base));
  }
  place(writer, record, TrackRecord.SIZES_OFFSET);
  store<u32>(record, base, TrackRecord.SIZES_BASE);
  store<u64>(record, track.bytes, TrackRecord.BYTES);
  if (base == highest) {
    store<u32>(record, base, TrackRecord.CONSTANT_SIZE);
    return close(writer, record, TrackRecord.SIZES_OFFSET);
  }
  let width: u32 = 4;
  let exceptions: u32 = 0;
  let best = samples << 2;
  for (let narrower: u32 = 3; narrower > 0; narrower--) {
    const mark = markOf(narrower);
    const above = highest - base < mark ? 0 : countAbove(sizes, end, base + mark);
    const length = samples * narrower + ((<u64>above) << 2);
    if (length > best) continue;
    width = narrower;
    exceptions = above;
    best = length;
  }
  store<u32>(record, width, TrackRecord.SIZES_WIDTH);
  store<u32>(record, exceptions, TrackRecord.SIZES_EXCEPTIONS);
  putNarrowed(writer.next, sizes, end, base, width);
  writer.next += <usize>samples * width;
  close(writer, record, TrackRecord.SIZES_OFFSET);
  const mark = markOf(width);
  for (let from = sizes; exceptions > 0; from += 4) {
    const over = load<u32>(from) - base;
    if (over < mark) continue;
    store<u32>(writer.next, over);
    writer.next += 4;
    exceptions--;
  }
}

/** Writes what each of the u32 from `from` to `end`, filled up to whole fours, is above `base` in `width` bytes, the highest of them at most. */
function putNarrowed(to: usize, from: usize, end: usize, base: u32, width: u32): void {
  const mark = markOf(width);
  const kept = memory.data(16, 16);
  for (let i: u32 = 0; i < width << 2; i++) store<u8>(kept + i, (i / width) * 4 + (i % width));
  for (; from < end; from += 16, to += width << 2) {
    const over = i32x4.min_u(i32x4.sub(v128.load(from), i32x4.splat(base)), i32x4.splat(mark));
    v128.store(to, i8x16.swizzle(over, v128.load(kept)));
  }
}

/** The highest value of `width` bytes. */
function markOf(width: u32): u32 {
  return u32.MAX_VALUE >> (32 - (width << 3));
}

function lowestLane(x: v128): u32 {
  const pair = i32x4.min_u(x, v128.shuffle<u32>(x, x, 2, 3, 2, 3));
  return min(<u32>i32x4.extract_lane(pair, 0), <u32>i32x4.extract_lane(pair, 1));
}

/** How many of the u32 from `from` to `end`, filled up to whole fours, are not below `limit`. */
function countAbove(from: usize, end: usize, limit: u32): u32 {
  let counts = i32x4.splat(0);
  for (; from < end; from += 16) counts = i32x4.sub(counts, i32x4.ge_u(v128.load(from), i32x4.splat(limit)));
  const pair = i32x4.add(counts, v128.shuffle<u32>(counts, counts, 2, 3, 2, 3));
  return i32x4.extract_lane(pair, 0) + i32x4.extract_lane(pair, 1);
}
