/**
 * What a track decodes before it presents anything. Many readers know edit lists not at all, or in part; therefore these
 * samples take next to no time: they are decoded one tick apart, the hidden ones are presented one tick apart right
 * before the presentation starts, in their order, and the sample that is on screen then is presented from then on.
 */
import { newOffsetCursor, newRunCursor, skipRuns } from "./cursors";
import { Piece, pieceTrack, rescale } from "./piece";
import { PieceTrack } from "./records/piece";
import { TrackFlag, TrackRecord } from "./records/summary";
import { recordOf } from "./segment-index";
import { cleared, failed, reserve } from "./status";

const NONE: u32 = u32.MAX_VALUE;

/** Times are output ticks, samples are counted from the first one of the piece. */
@unmanaged
export class Preroll {
  /** Samples that are decoded one tick apart. */
  count: u32;
  /** Those that are not presented. */
  hidden: u32;
  /** Decode time of the first sample. */
  first: i64;
  /** When the presentation starts; i64.MIN_VALUE = the track has no pre-roll, and nothing here changes a time. */
  start: i64;

  get none(): bool {
    return this.start == i64.MIN_VALUE;
  }

  /** The sample that is on screen then. */
  shown: u32;
  /** For each of the first `ranked` samples its place among the hidden ones, NONE for others; 0 = the first ones in their order. */
  ranks: usize;
  ranked: u32;

  /** Decode time of a sample that would be decoded at `natural`. */
  dts(sample: u32, natural: i64): i64 {
    if (sample < this.count) return this.first + sample;
    return max(natural, this.start);
  }

  /** Presentation time of a sample that would be presented at `natural`. */
  pts(sample: u32, natural: i64): i64 {
    if (sample == this.shown) return this.start;
    if (sample >= this.ranked) return natural;
    const rank = this.ranks == 0 ? sample : load<u32>(this.ranks + ((<usize>sample) << 2));
    return rank == NONE ? natural : this.start - this.hidden + rank;
  }
}

/** The pre-roll of one track of a piece, found once. */
export function prerollOf(piece: Piece, slot: u32): Preroll {
  if (piece.prerolls == 0) piece.prerolls = cleared(<usize>piece.slots * sizeof<usize>());
  if (failed()) return changetype<Preroll>(0);
  const at = piece.prerolls + <usize>slot * sizeof<usize>();
  if (load<usize>(at) == 0) store<usize>(at, changetype<usize>(findPreroll(piece, slot)));
  return changetype<Preroll>(load<usize>(at));
}

function findPreroll(piece: Piece, slot: u32): Preroll {
  const preroll = changetype<Preroll>(cleared(offsetof<Preroll>()));
  if (failed()) return preroll;
  preroll.start = i64.MIN_VALUE;
  preroll.shown = NONE;
  const track = pieceTrack(piece, slot);
  const record = recordOf(piece.index, slot);
  const shown = load<i64>(track, PieceTrack.SHOWN);
  const samples = load<u32>(track, PieceTrack.COUNT);
  if (shown == i64.MIN_VALUE || samples == 0) return preroll;
  const start = load<i64>(track, PieceTrack.START);
  const base = load<i64>(track, PieceTrack.DTS);
  const from = load<u32>(record, TrackRecord.TIMESCALE);
  const to = load<u32>(track, PieceTrack.TIMESCALE);
  const runs = newRunCursor();
  if (failed()) return preroll;
  runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
  skipRuns(runs, load<u32>(track, PieceTrack.FIRST));
  let time: i64 = 0;
  let count: u32 = 0;
  for (; count < samples && base + rescale(time, from, to) < start; count++) {
    if (runs.left == 0) runs.refill();
    runs.left--;
    time += runs.value;
  }
  if (count == 0) return preroll;
  rankHidden(preroll, piece, slot, count, shown);
  if (failed()) return preroll;
  // Where the last of them is the one on screen, it can be decoded as late as it is presented.
  const spaced = count == samples || base + rescale(time, from, to) > start;
  if (preroll.shown == count - 1 && spaced) count--;
  preroll.count = count;
  preroll.start = start;
  let length: u32 = max(count, preroll.hidden);
  if (preroll.ranks != 0) {
    for (let i: u32 = 0; i < preroll.ranked; i++) {
      const rank = load<u32>(preroll.ranks + ((<usize>i) << 2));
      // None is decoded after it is presented.
      if (rank != NONE && i > rank) length = max(length, preroll.hidden + (i - rank));
    }
  }
  preroll.first = start - length;
  return preroll;
}

// Finds out of the first `count` samples the one that is shown first and the place of all that come before it.
function rankHidden(preroll: Preroll, piece: Piece, slot: u32, count: u32, shown: i64): void {
  const record = recordOf(piece.index, slot);
  const first = load<u32>(pieceTrack(piece, slot), PieceTrack.FIRST);
  const reordered = (load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets) != 0;
  const runs = newRunCursor();
  const offsets = newOffsetCursor();
  const times = reordered ? reserve(<u64>count * 8) : 0;
  const order = reordered ? reserve(<u64>count * 4) : 0;
  if (failed()) return;
  runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
  offsets.open(piece.index, record);
  let dts = load<i64>(record, TrackRecord.FIRST_DTS) + <i64>skipRuns(runs, first);
  offsets.skip(first);
  let hidden: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (runs.left == 0) runs.refill();
    runs.left--;
    const pts = dts + offsets.next();
    dts += runs.value;
    if (pts == shown) preroll.shown = i;
    if (pts >= shown) continue;
    if (reordered) {
      store<i64>(times + ((<usize>i) << 3), pts);
      store<u32>(order + ((<usize>hidden) << 2), i);
    }
    hidden++;
  }
  preroll.hidden = hidden;
  preroll.ranked = hidden;
  if (!reordered || hidden == 0) return;
  const sorted = sortByTime(order, hidden, times);
  const ranks = reserve(<u64>count * 4);
  if (failed()) return;
  memory.fill(ranks, 0xff, <usize>count * 4);
  for (let i: u32 = 0; i < hidden; i++) {
    store<u32>(ranks + ((<usize>load<u32>(sorted + ((<usize>i) << 2))) << 2), i);
  }
  preroll.ranks = ranks;
  preroll.ranked = count;
}

// Merge sort, stable, since hostile files have groups of a million pictures. Returns where the sorted numbers are.
function sortByTime(order: usize, count: u32, times: usize): usize {
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
