/** Where samples lie: the chunks of all tracks merged into runs in file order. */
import { Status } from "./abi";
import { insideRegion, MediaRegions } from "./media-regions";
import { MAX_TRACKS, Movie, trackAt } from "./moov";
import { cleared, fail, failed, reserve } from "./status";
import { Chunk, TrackTables } from "./track-tables";
import { fourcc } from "./reader";

/** Samples of one track and one sample description, adjacent in the file. */
export namespace OrderRun {
  export const OFFSET: usize = 0; // u64
  export const SLOT: usize = 8; // u32
  export const SAMPLES: usize = 12; // u32
  export const DESCRIPTION: usize = 16; // u32
  export const BYTES: usize = 24; // u64
  export const SIZE: usize = 32;
}

@unmanaged
export class Order {
  runs: usize;
  count: u32;
}

/**
 * Merges by file offset. A track whose own chunks go backwards keeps its sample order; the merge then jumps.
 * Fails with `OutsideFile` when a sample does not lie in media data, or when samples overlap so much that together they
 * are larger than the file.
 */
export function mergeOrder(movie: Movie, fileSize: u64, media: MediaRegions, order: Order): void {
  let chunks: u64 = 0;
  for (let i: u32 = 0; i < movie.trackCount; i++) chunks += trackAt(movie, i).chunkCount;
  order.runs = reserve(chunks * OrderRun.SIZE);
  const heads = reserve(MAX_TRACKS * 8);
  if (failed()) return;
  // Two u32 a track: the next chunk and the next sample.
  memory.fill(heads, 0, MAX_TRACKS * 8);
  let to = order.runs;
  let last: usize = 0;
  let expected: u64 = 0;
  let total: u64 = 0;
  const heap = newHeap(movie);
  if (failed()) return;
  while (heap.count > 0) {
    const slot = load<u32>(heap.entries, HEAP_SLOT);
    const offset = load<u64>(heap.entries);
    const track = trackAt(movie, slot);
    const head = heads + ((<usize>slot) << 3);
    const chunk = track.chunks + <usize>load<u32>(head) * Chunk.SIZE;
    const samples = load<u32>(chunk, Chunk.SAMPLES);
    const bytes = sumSizes(track, load<u32>(head, 4), samples);
    if (!insideRegion(media, offset, bytes)) {
      return fail(Status.OutsideFile, fourcc(0x73, 0x74, 0x63, 0x6f), track.stbl);
    }
    total += bytes;
    if (total > fileSize) return fail(Status.OutsideFile, fourcc(0x73, 0x74, 0x73, 0x7a), track.stbl);
    store<u32>(head, load<u32>(head) + 1);
    store<u32>(head, load<u32>(head, 4) + samples, 4);
    if (load<u32>(head) < track.chunkCount) {
      store<u64>(heap.entries, load<u64>(track.chunks + <usize>load<u32>(head) * Chunk.SIZE, Chunk.OFFSET));
    } else moveLast(heap);
    sink(heap, 0);
    const description = load<u32>(chunk, Chunk.DESCRIPTION);
    if (
      last != 0 &&
      offset == expected &&
      load<u32>(last, OrderRun.SLOT) == <u32>slot &&
      load<u32>(last, OrderRun.DESCRIPTION) == description
    ) {
      store<u32>(last, load<u32>(last, OrderRun.SAMPLES) + samples, OrderRun.SAMPLES);
      store<u64>(last, load<u64>(last, OrderRun.BYTES) + bytes, OrderRun.BYTES);
    } else {
      store<u64>(to, offset, OrderRun.OFFSET);
      store<u32>(to, slot, OrderRun.SLOT);
      store<u32>(to, samples, OrderRun.SAMPLES);
      store<u32>(to, description, OrderRun.DESCRIPTION);
      store<u64>(to, bytes, OrderRun.BYTES);
      last = to;
      to += OrderRun.SIZE;
    }
    expected = offset + bytes;
  }
  order.count = <u32>((to - order.runs) / OrderRun.SIZE);
}

/** The next chunk of each track that has one left, the lowest offset (then the lowest slot) on top. */
@unmanaged
class Heap {
  /** 16 bytes each: u64 offset, u32 slot. */
  entries: usize;
  count: u32;
}

const HEAP_SLOT: usize = 8;

function newHeap(movie: Movie): Heap {
  const heap = changetype<Heap>(cleared(offsetof<Heap>()));
  heap.entries = cleared(MAX_TRACKS * 16);
  if (failed()) return heap;
  for (let i: u32 = 0; i < movie.trackCount; i++) {
    const track = trackAt(movie, i);
    if (track.chunkCount == 0) continue;
    const entry = heap.entries + ((<usize>heap.count) << 4);
    heap.count += 1;
    store<u64>(entry, load<u64>(track.chunks, Chunk.OFFSET));
    store<u32>(entry, i, HEAP_SLOT);
  }
  for (let i: u32 = heap.count; i > 0; i--) sink(heap, i - 1);
  return heap;
}

/** The last entry takes the place of the first. */
function moveLast(heap: Heap): void {
  heap.count -= 1;
  memory.copy(heap.entries, heap.entries + ((<usize>heap.count) << 4), 16);
}

function sink(heap: Heap, from: u32): void {
  for (let at = from; ;) {
    let least = at;
    for (let child = at * 2 + 1; child < min(at * 2 + 3, heap.count); child++)
      if (below(heap, child, least)) least = child;
    if (least == at) return;
    const a = heap.entries + ((<usize>at) << 4);
    const b = heap.entries + ((<usize>least) << 4);
    const entry = v128.load(a);
    v128.store(a, v128.load(b));
    v128.store(b, entry);
    at = least;
  }
}

function below(heap: Heap, a: u32, b: u32): bool {
  const left = heap.entries + ((<usize>a) << 4);
  const right = heap.entries + ((<usize>b) << 4);
  const difference = load<u64>(left) != load<u64>(right);
  return difference ? load<u64>(left) < load<u64>(right) : load<u32>(left, HEAP_SLOT) < load<u32>(right, HEAP_SLOT);
}

function sumSizes(track: TrackTables, first: u32, samples: u32): u64 {
  if (track.sizes == 0) return <u64>samples * track.constantSize;
  let sum: u64 = 0;
  let pointer = track.sizes + ((<usize>first) << 2);
  for (const end = pointer + ((<usize>samples) << 2); pointer < end; pointer += 4) sum += load<u32>(pointer);
  return sum;
}
