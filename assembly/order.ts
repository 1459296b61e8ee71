/** Where samples lie: the chunks of all tracks merged into runs in file order. */
import { Status } from "./abi";
import { insideRegion, MediaRegions } from "./media-regions";
import { MAX_TRACKS, Movie, trackAt } from "./moov";
import { cleared, fail, failed, reserve } from "./status";
import { Chunk } from "./track-tables";
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

/** Where the merge stands in one track. */
@unmanaged
class Head {
  /** Offset of the next chunk, END_OFFSET when there is none. */
  offset: u64;
  chunk: usize;
  chunksEnd: usize;
  /** Size of the next sample, or 0 when all have `constantSize`. */
  size: usize;
  constantSize: u32;
  stbl: usize;
}

/** Above every chunk's offset. */
const END_OFFSET: u64 = u64.MAX_VALUE;

/**
 * Merges by file offset. A track whose own chunks go backwards keeps its sample order; the merge then jumps.
 * Fails with `OutsideFile` when a sample does not lie in media data, or when samples overlap so much that together they
 * are larger than the file.
 */
export function mergeOrder(movie: Movie, fileSize: u64, media: MediaRegions, order: Order): void {
  let chunks: u64 = 0;
  for (let i: u32 = 0; i < movie.trackCount; i++) chunks += trackAt(movie, i).chunkCount;
  order.runs = reserve(chunks * OrderRun.SIZE);
  const heads = newHeads(movie);
  const heap = newHeap(heads, movie.trackCount);
  if (failed()) return;
  const pair = movie.trackCount <= 2;
  const other = changetype<Head>(heads + offsetof<Head>());
  let to = order.runs - OrderRun.SIZE;
  let expected: u64 = 0;
  let total: u64 = 0;
  let lastSlot: u32 = u32.MAX_VALUE;
  let lastDescription: u32 = 0;
  for (; chunks > 0; chunks--) {
    // Picture and sound alternate without a pattern: a comparison, not a branch.
    const slot = pair ? u32(other.offset < changetype<Head>(heads).offset) : load<u32>(heap.entries, HEAP_SLOT);
    const head = changetype<Head>(heads + <usize>slot * offsetof<Head>());
    const chunk = head.chunk;
    const offset = head.offset;
    const samples = load<u32>(chunk, Chunk.SAMPLES);
    const description = load<u32>(chunk, Chunk.DESCRIPTION);
    const bytes = takeSizes(head, samples);
    total += bytes;
    if (!insideRegion(media, offset, bytes)) return fail(Status.OutsideFile, fourcc(0x73, 0x74, 0x63, 0x6f), head.stbl);
    if (total > fileSize) return fail(Status.OutsideFile, fourcc(0x73, 0x74, 0x73, 0x7a), head.stbl);
    nextChunk(head);
    if (!pair) {
      if (head.offset != END_OFFSET) store<u64>(heap.entries, head.offset);
      else moveLast(heap);
      sink(heap, 0);
    }
    if (offset == expected && lastSlot == slot && lastDescription == description) {
      store<u32>(to, load<u32>(to, OrderRun.SAMPLES) + samples, OrderRun.SAMPLES);
      store<u64>(to, load<u64>(to, OrderRun.BYTES) + bytes, OrderRun.BYTES);
    } else {
      to += OrderRun.SIZE;
      store<u64>(to, offset, OrderRun.OFFSET);
      store<u32>(to, slot, OrderRun.SLOT);
      store<u32>(to, samples, OrderRun.SAMPLES);
      store<u32>(to, description, OrderRun.DESCRIPTION);
      store<u64>(to, bytes, OrderRun.BYTES);
      lastSlot = slot;
      lastDescription = description;
    }
    expected = offset + bytes;
  }
  order.count = <u32>((to - order.runs) / OrderRun.SIZE) + 1;
}

function newHeads(movie: Movie): usize {
  const heads = cleared(<usize>max(movie.trackCount, 2) * offsetof<Head>());
  if (failed()) return heads;
  changetype<Head>(heads + offsetof<Head>()).offset = END_OFFSET;
  for (let i: u32 = 0; i < movie.trackCount; i++) {
    const track = trackAt(movie, i);
    const head = changetype<Head>(heads + <usize>i * offsetof<Head>());
    // The chunk before the first: nextChunk goes to that.
    head.chunk = track.chunks - Chunk.SIZE;
    head.chunksEnd = track.chunks + <usize>track.chunkCount * Chunk.SIZE;
    head.size = track.sizes;
    head.constantSize = track.constantSize;
    head.stbl = track.stbl;
    nextChunk(head);
  }
  return heads;
}

function nextChunk(head: Head): void {
  const next = head.chunk + Chunk.SIZE;
  head.chunk = next;
  // A chunk at END_OFFSET lies outside of any file, as does one right before it.
  head.offset = next < head.chunksEnd ? min(load<u64>(next, Chunk.OFFSET), END_OFFSET - 1) : END_OFFSET;
}

function takeSizes(head: Head, samples: u32): u64 {
  let pointer = head.size;
  if (pointer == 0) return <u64>samples * head.constantSize;
  let sum: u64 = 0;
  const end = pointer + ((<usize>samples) << 2);
  for (; pointer < end; pointer += 4) sum += load<u32>(pointer);
  head.size = end;
  return sum;
}

/** The next chunk of each track that has one left, the lowest offset (then the lowest slot) on top. */
@unmanaged
class Heap {
  /** 16 bytes each: u64 offset, u32 slot. */
  entries: usize;
  count: u32;
}

const HEAP_SLOT: usize = 8;

function newHeap(heads: usize, tracks: u32): Heap {
  const heap = changetype<Heap>(cleared(offsetof<Heap>()));
  heap.entries = cleared(MAX_TRACKS * 16);
  if (failed()) return heap;
  for (let i: u32 = 0; i < tracks; i++) {
    const head = changetype<Head>(heads + <usize>i * offsetof<Head>());
    if (head.offset == END_OFFSET) continue;
    const entry = heap.entries + ((<usize>heap.count) << 4);
    heap.count += 1;
    store<u64>(entry, head.offset);
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
