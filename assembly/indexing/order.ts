/** Where samples lie: the chunks of all tracks merged into runs in file order. */
import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { shrinkTo } from "../memory/arena";
import { putVarint, zigzag } from "../index/columns";
import { MediaRegions, regionEnd } from "../read/media-regions";
import { MAX_TRACKS, Movie, trackAt } from "../read/moov";
import { fail, failed, make, reserve } from "../memory/status";
import { Chunk, endChunks, putRun, Run } from "../box/track-tables";

/** All samples in file order. A run holds samples of one track and one sample description, adjacent in the file. */
@unmanaged
export class Order {
  /** Run records: samples, and the index of their track. */
  runs: usize;
  runsEnd: usize;
  /** The index's jump column. */
  jumps: usize;
  jumpsEnd: usize;
}

/** Where the merge stands in one track. Heads form a list, in the order in which their next chunks lie in the file. */
@unmanaged
class Head {
  /** Offset and track of the next chunk: chunks at the same offset go by track. */
  key: u64;
  trackIndex: u32;
  chunk: usize;
  /** Where the track's next run is put. */
  run: usize;
  next: Head;
}

/** What has been merged. */
@unmanaged
class Merged {
  /** Where the last chunk ended. */
  end: u64;
  /** Samples of all tracks that are left. */
  left: u64;
  /** Chunks of all tracks. */
  chunks: u64;
  /** Where the next run is put. */
  run: usize;
}

/** Bytes of a jump at most: two varints, of a number of samples and of a distance. */
const JUMP: u64 = 16;

/**
 * Merges by file offset. A track whose own chunks go backwards keeps its sample order; the merge then jumps.
 * Fails with `OutsideFile` when samples overlap so much that together they are larger than the file. Returns 0, or, when a
 * sample does not lie in media data, the `stbl` of its track.
 */
export function mergeOrder(movie: Movie, fileSize: u64, media: MediaRegions, order: Order): usize {
  const merged = make<Merged>();
  const list = listHeads(movie, merged);
  if (failed()) return 0;
  order.runs = reserve(merged.chunks * Run.SIZE);
  order.jumps = reserve(merged.chunks * JUMP);
  if (failed()) return 0;
  merged.run = order.runs;
  let jumps = order.jumps;
  let jumped = merged.left;
  let total: u64 = 0;
  let mediaEnd: i64 = -1;
  let lastTrack: u32 = u32.MAX_VALUE;
  let latest = list;
  while (merged.left > 0) {
    const head = list.next;
    const next = head.next;
    const start = head.key / MAX_TRACKS;
    if (start != merged.end || head.trackIndex == lastTrack) {
      jumps = putVarint(putVarint(jumps, jumped - merged.left), zigzag(<i64>(start - merged.end)));
      jumped = merged.left;
      merged.end = start;
      mediaEnd = regionEnd(media, start);
    }
    const turns = takeTurns(merged, head, next);
    if (!turns) takeRun(merged, head, next.key);
    lastTrack = turns ? next.trackIndex : head.trackIndex;
    const stbl = trackAt(movie, lastTrack).stbl;
    if (<i64>merged.end > mediaEnd) return stbl;
    total += merged.end - start;
    if (total > fileSize) {
      fail(Status.OutsideFile, Code.stsz, stbl);
      return 0;
    }
    // Where many tracks take turns, each one's place is behind the one before.
    list.next = turns ? next.next : next;
    if (turns) insert(next, list);
    if (latest == head || latest.key > head.key) latest = list;
    insert(head, latest);
    latest = head;
  }
  shrinkTo(jumps);
  order.runsEnd = merged.run;
  order.jumpsEnd = jumps;
  for (let head = list.next; head != head.next; head = head.next) {
    trackAt(movie, head.trackIndex).adjacentEnd = head.run;
  }
  return 0;
}

/** What stands before the heads of all tracks in their list. Its last one lies behind all chunks, and is its own next. */
function listHeads(movie: Movie, merged: Merged): Head {
  const list = newHead();
  const last = newHead();
  last.chunk = reserve(Chunk.SIZE);
  if (failed()) return list;
  endChunks(last.chunk);
  last.key = u64.MAX_VALUE;
  last.next = last;
  list.next = last;
  for (let trackIndex: u32 = 0; trackIndex < movie.trackCount; trackIndex++) {
    const track = trackAt(movie, trackIndex);
    const head = newHead();
    track.adjacent = reserve(<u64>track.chunkCount * Run.SIZE);
    if (failed()) return list;
    head.trackIndex = trackIndex;
    move(head, track.chunks, track.adjacent);
    insert(head, list);
    merged.left += track.samples;
    merged.chunks += track.chunkCount;
  }
  return list;
}

/**
 * Two tracks mostly take turns, a chunk each: takes the chunks of `head` and `next` as long as they do, without a hole and
 * before those of other tracks. False when they do not.
 */
function takeTurns(merged: Merged, head: Head, next: Head): bool {
  const others = next.next.key / MAX_TRACKS;
  const trackIndex = head.trackIndex;
  const nextTrack = next.trackIndex;
  const first = head.chunk;
  let chunk = first;
  let nextChunk = next.chunk;
  let chunkRun = head.run;
  let nextRun = next.run;
  let run = merged.run;
  let end = merged.end;
  let left = merged.left;
  for (;;) {
    const middle = end + load<u64>(chunk, Chunk.BYTES);
    if (load<u64>(nextChunk, Chunk.OFFSET) != middle || middle == end) break;
    const after = middle + load<u64>(nextChunk, Chunk.BYTES);
    if (load<u64>(chunk + Chunk.SIZE, Chunk.OFFSET) != after || after == middle || after > others) break;
    // With chunks that have no bytes, it may be the same track's turn again.
    if (load<u64>(nextChunk + Chunk.SIZE, Chunk.OFFSET) == after) break;
    const samples = load<u32>(chunk, Chunk.SAMPLES);
    const nextSamples = load<u32>(nextChunk, Chunk.SAMPLES);
    chunkRun = putRun(chunkRun, samples, load<u32>(chunk, Chunk.DESCRIPTION));
    nextRun = putRun(nextRun, nextSamples, load<u32>(nextChunk, Chunk.DESCRIPTION));
    run = putRun(putRun(run, samples, trackIndex), nextSamples, nextTrack);
    left -= samples + nextSamples;
    end = after;
    chunk += Chunk.SIZE;
    nextChunk += Chunk.SIZE;
  }
  if (chunk == first) return false;
  merged.run = run;
  merged.end = end;
  merged.left = left;
  move(head, chunk, chunkRun);
  move(next, nextChunk, nextRun);
  return true;
}

/** Takes the chunks of `head` that lie one behind the other and are described alike, up to the one at `limit`. */
function takeRun(merged: Merged, head: Head, limit: u64): void {
  let chunk = head.chunk;
  const description = load<u32>(chunk, Chunk.DESCRIPTION);
  let samples: u32 = 0;
  let end = merged.end;
  do {
    samples += load<u32>(chunk, Chunk.SAMPLES);
    end += load<u64>(chunk, Chunk.BYTES);
    chunk += Chunk.SIZE;
  } while (
    load<u64>(chunk, Chunk.OFFSET) == end &&
    load<u32>(chunk, Chunk.DESCRIPTION) == description &&
    keyOf(chunk, head.trackIndex) < limit
  );
  merged.run = putRun(merged.run, samples, head.trackIndex);
  merged.end = end;
  merged.left -= samples;
  move(head, chunk, putRun(head.run, samples, description));
}

function newHead(): Head {
  return make<Head>();
}

function move(head: Head, chunk: usize, run: usize): void {
  head.chunk = chunk;
  head.run = run;
  head.key = keyOf(chunk, head.trackIndex);
}

/** Puts a head at its place in the list behind `before`. */
function insert(head: Head, before: Head): void {
  while (before.next.key < head.key) before = before.next;
  head.next = before.next;
  before.next = head;
}

function keyOf(chunk: usize, trackIndex: u32): u64 {
  return load<u64>(chunk, Chunk.OFFSET) * MAX_TRACKS + trackIndex;
}
