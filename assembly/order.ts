/** Where samples lie: the chunks of all tracks merged into runs in file order. */
import { Status } from "./abi";
import { shrinkTo } from "./arena";
import { putVarint, zigzag } from "./columns";
import { MediaRegions, regionEnd } from "./media-regions";
import { MAX_TRACKS, Movie, trackAt } from "./moov";
import { fourcc } from "./reader";
import { cleared, fail, failed, reserve } from "./status";
import { Chunk, putRun, Run, TrackTables } from "./track-tables";

/** All samples in file order. A run holds samples of one track and one sample description, adjacent in the file. */
@unmanaged
export class Order {
  /** Run records: samples, and the slot of their track. */
  runs: usize;
  runsEnd: usize;
  /** The index's jump column. */
  jumps: usize;
  jumpsEnd: usize;
}

/** Where the merge stands in one track. Heads form a list, in the order in which their next chunks lie in the file. */
@unmanaged
class Head {
  /** Offset and slot of the next chunk: chunks at the same offset go by slot. */
  key: u64;
  chunk: usize;
  /** Bytes of the track before its next chunk: u64 a sample, or 0. */
  sums: usize;
  constantSize: u32;
  /** Where the track's next run is put. */
  run: usize;
  next: Head;

  /** Takes its place in the list behind `before`. */
  @inline
  insert(before: Head): void {
    while (before.next.key < this.key) before = before.next;
    this.next = before.next;
    before.next = this;
  }
}

/** Bytes of a jump at most: two varints, of a number of samples and of a distance. */
const JUMP: u64 = 16;

/**
 * Merges by file offset. A track whose own chunks go backwards keeps its sample order; the merge then jumps.
 * Fails with `OutsideFile` when a sample does not lie in media data, or when samples overlap so much that together they
 * are larger than the file.
 */
export function mergeOrder(movie: Movie, fileSize: u64, media: MediaRegions, order: Order): void {
  const list = newHead();
  const last = newHead();
  if (failed()) return;
  list.next = last;
  last.key = u64.MAX_VALUE;
  let left: u64 = 0;
  let chunks: u64 = 0;
  for (let slot: u32 = 0; slot < movie.trackCount; slot++) {
    const track = trackAt(movie, slot);
    const head = newHead();
    track.adjacent = reserve(<u64>track.chunkCount * Run.SIZE);
    if (failed()) return;
    head.chunk = track.chunks;
    head.key = keyOf(head.chunk, slot);
    head.run = track.adjacent;
    head.sums = sumSizes(track);
    head.constantSize = track.constantSize;
    head.insert(list);
    left += track.samples;
    chunks += track.chunkCount;
  }
  order.runs = reserve(chunks * Run.SIZE);
  order.jumps = reserve(chunks * JUMP);
  if (failed()) return;
  let head = list.next;
  let run = order.runs;
  let jumps = order.jumps;
  let jumped = left;
  let total: u64 = 0;
  let end: u64 = 0;
  while (left > 0) {
    const start = head.key / MAX_TRACKS;
    jumps = putVarint(putVarint(jumps, jumped - left), zigzag(<i64>(start - end)));
    jumped = left;
    end = start;
    // All runs up to the next jump. A call in here would cost more than the rest of it.
    let slot: u32;
    do {
      const next = head.next;
      let chunk = head.chunk;
      const description = load<u32>(chunk, Chunk.DESCRIPTION);
      slot = slotOf(head.key);
      let samples: u32 = 0;
      let sums = head.sums;
      let key: u64;
      do {
        const count = load<u32>(chunk, Chunk.SAMPLES);
        if (sums != 0) {
          const next = sums + ((<usize>count) << 3);
          end += load<u64>(next) - load<u64>(sums);
          sums = next;
        } else end += <u64>count * head.constantSize;
        samples += count;
        chunk += Chunk.SIZE;
        key = keyOf(chunk, slot);
      } while (key / MAX_TRACKS == end && key < next.key && load<u32>(chunk, Chunk.DESCRIPTION) == description);
      head.chunk = chunk;
      head.sums = sums;
      head.key = key;
      head.run = putRun(head.run, samples, description);
      run = putRun(run, samples, slot);
      left -= samples;
      if (key > next.key) {
        head.insert(next);
        head = next;
      }
    } while (head.key / MAX_TRACKS == end && slotOf(head.key) != slot);
    const box = trackAt(movie, slot).stbl;
    if (<i64>end > regionEnd(media, start)) return fail(Status.OutsideFile, fourcc(0x73, 0x74, 0x63, 0x6f), box);
    total += end - start;
    if (total > fileSize) return fail(Status.OutsideFile, fourcc(0x73, 0x74, 0x73, 0x7a), box);
  }
  shrinkTo(jumps);
  order.runsEnd = run;
  order.jumpsEnd = jumps;
  for (; head != last; head = head.next) trackAt(movie, slotOf(head.key)).adjacentEnd = head.run;
}

function newHead(): Head {
  return changetype<Head>(cleared(offsetof<Head>()));
}

/** For each sample the bytes of those before it, and of all: u64 each; 0 when all have one size. Sets the track's bytes. */
function sumSizes(track: TrackTables): usize {
  track.bytes = <u64>track.samples * track.constantSize;
  if (track.sizes == 0) return 0;
  const sums = reserve((<u64>track.samples + 1) << 3);
  if (failed()) return 0;
  let sum: u64 = 0;
  let to = sums;
  const end = track.sizes + ((<usize>track.samples) << 2);
  for (let from = track.sizes; from < end; from += 4, to += 8) {
    store<u64>(to, sum);
    sum += load<u32>(from);
  }
  store<u64>(to, sum);
  track.bytes = sum;
  return sums;
}

function keyOf(chunk: usize, slot: u32): u64 {
  return load<u64>(chunk, Chunk.OFFSET) * MAX_TRACKS + slot;
}

function slotOf(key: u64): u32 {
  return <u32>(key % MAX_TRACKS);
}
