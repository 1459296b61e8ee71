/**
 * What a track decodes before it presents anything. Many readers know edit lists not at all, or in part; therefore these
 * samples take next to no time: they are decoded one tick apart, at most some samples' time ahead, the hidden ones are presented
 * one tick apart right before the presentation starts, in their order, and the sample that is on screen then is presented from then on.
 * In fragments the hidden ones, and that one, may be earlier.
 * Where decoding begins in an earlier segment, all of that one is decoded so, in front of what goes on from it.
 * What is decoded behind them keeps its own time: readers seek by decode times less the delay that the edit list tells.
 */
import { TrackFlag } from "../abi/names";
import { PieceTrack, TrackRecord } from "../abi/records";
import { newOffsetCursor, newRunCursor, OffsetCursor, RunCursor, skipRuns } from "../index/cursors";
import { recordOf } from "../index/segment-index";
import { shrinkTo } from "../memory/arena";
import { failed, reserve } from "../memory/status";
import { Piece, pieceTrack, rescale } from "./piece";
import { countBefore } from "./select-samples";
import { sortByTime } from "./sort-by-time";

const NONE: u32 = u32.MAX_VALUE;

/** Times are output ticks, samples are counted from the first one of the piece. All 0: nothing changes. */
@unmanaged
export class Preroll {
  /** From this sample on nothing changes, or no decode time. */
  led: u32;
  ledDecoding: u32;
  /** Whether samples have composition offsets that otherwise have none. */
  offsets: bool;
  /** Those from there to this one are decoded by so much earlier than otherwise. */
  moved: u32;
  movedBy: i64;
  /** Samples that are decoded `apart`. */
  count: u32;
  /** Ticks between them, one in most cases, and further ones between the first and the next. */
  apart: u32;
  ahead: u32;
  /** Those that are not presented. */
  hidden: u32;
  /** The sample that is on screen when the presentation starts. */
  shown: u32;
  /** Decode times of the first sample, and of the one behind those one tick apart. */
  first: i64;
  behind: i64;
  /** When the presentation starts, and the sample on screen is presented. */
  start: i64;
  onScreen: i64;
  /** How much earlier they, and that one, could be presented, were it not for `hiddenEarly` and `shownEarly`. */
  slack: i64;
  /** Where the presentation of the hidden ones ends: with that start, or where those of later pieces begin. */
  hiddenEnd: i64;
  /** For each of the first `ranked` samples its place among the hidden ones, NONE for others; 0: the first ones in order. */
  ranks: usize;
  ranked: u32;

  /** Decode time of a sample that would be decoded at `natural`. */
  dts(sample: u32, natural: i64): i64 {
    if (sample >= this.ledDecoding) return sample < this.moved ? natural - this.movedBy : natural;
    if (sample >= this.count) return this.behind;
    return this.first + <i64>sample * this.apart + (sample == 0 ? 0 : this.ahead);
  }

  /** Presentation time of a sample that would be presented at `natural`. */
  pts(sample: u32, natural: i64): i64 {
    if (sample >= this.led) return natural;
    if (sample == this.shown) return this.onScreen;
    if (sample >= this.ranked) return natural;
    const rank = this.ranks == 0 ? sample : load<u32>(this.ranks + ((<usize>sample) << 2));
    if (rank == NONE) return natural;
    return this.hiddenEnd - <i64>(this.hidden - rank) * this.apart - (rank == 0 ? this.ahead : 0);
  }
}

/** The pre-roll of one track of a piece. */
export function prerollOf(piece: Piece, trackIndex: u32): Preroll {
  return changetype<Preroll>(piece.prerolls + <usize>trackIndex * offsetof<Preroll>());
}

/** Samples in decode order, one after another; times are the segment's ticks. */
@unmanaged
class LedSamples {
  runs: RunCursor;
  offsets: OffsetCursor;
  /** Decode time of the next sample from the piece's first one on. */
  time: i64;
  base: i64;
  from: u32;
  to: u32;

  /** The next sample's decode time in the ticks of the output track, were it not for the pre-roll. */
  dts(): i64 {
    return this.base + rescale(this.time, this.from, this.to);
  }

  /** How many of the next samples, `most` at most and all of one duration, are decoded before `limit`. */
  decodedBefore(limit: i64, most: u32): u32 {
    let low: u32 = 0;
    let high = most;
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      const dts = this.base + rescale(this.time + <i64>middle * this.runs.value, this.from, this.to);
      if (dts < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The number of samples that follow, `most` at most, with the duration of the next one. */
  alike(most: u32): u32 {
    if (this.runs.left == 0) this.runs.refill();
    return min(most, this.runs.left);
  }

  /** Passes over samples with the duration of the next one. */
  passAlike(count: u32): void {
    this.runs.left -= count;
    this.time += <i64>count * this.runs.value;
  }

  /** Passes over the next sample. Returns its presentation time from the piece's first decode time on. */
  pass(): i64 {
    if (this.runs.left == 0) this.runs.refill();
    this.runs.left--;
    const pts = this.time + this.offsets.next();
    this.time += this.runs.value;
    return pts;
  }
}

/** Finds the pre-roll of a track of a piece whose PieceTrack says that there may be one. */
export function findPreroll(piece: Piece, trackIndex: u32): void {
  const preroll = prerollOf(piece, trackIndex);
  const track = pieceTrack(piece, trackIndex);
  const record = recordOf(piece.index, trackIndex);
  const samples = load<u32>(track, PieceTrack.COUNT);
  const start = load<i64>(track, PieceTrack.START);
  const behind = start - load<i64>(track, PieceTrack.DELAY);
  const led = changetype<LedSamples>(reserve(offsetof<LedSamples>()));
  const runs = newRunCursor();
  const offsets = newOffsetCursor();
  if (failed()) return;
  const sampleFirst = load<u32>(track, PieceTrack.FIRST);
  led.runs = runs;
  led.offsets = offsets;
  led.from = load<u32>(record, TrackRecord.TIMESCALE);
  led.to = load<u32>(track, PieceTrack.TIMESCALE);
  led.base = load<i64>(track, PieceTrack.DTS);
  led.time = 0;
  runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
  const firstDts = load<i64>(record, TrackRecord.FIRST_DTS) + <i64>skipRuns(runs, sampleFirst);
  // What is decoded from the start on is presented from then on: no composition offset is negative.
  let count: u32 = 0;
  let before: u32 = 0;
  const leads = load<u32>(track, PieceTrack.LEADS) != 0;
  while (before < samples) {
    const alike = led.alike(samples - before);
    const early = led.decodedBefore(behind, alike);
    const passed = leads ? alike : led.decodedBefore(start + 1, alike);
    if (early > 0) count = before + min(early, passed);
    led.passAlike(passed);
    before += passed;
    if (passed < alike) break;
  }
  preroll.shown = NONE;
  preroll.apart = load<u32>(track, PieceTrack.APART);
  preroll.ahead = load<u32>(track, PieceTrack.AHEAD);
  runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
  skipRuns(runs, sampleFirst);
  offsets.open(piece.index, record);
  offsets.skip(sampleFirst);
  led.time = 0;
  const reordered = (load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets) != 0;
  const usual = <i64>load<u32>(track, PieceTrack.USUAL);
  const shown = load<i64>(track, PieceTrack.SHOWN) - firstDts;
  preroll.start = start;
  preroll.hiddenEnd = start - load<u32>(track, PieceTrack.HIDDEN_BEHIND);
  preroll.offsets = usual > 0 && !reordered;
  const hidden = reordered ? rankHidden(preroll, led, before, shown) : findHidden(preroll, led, before, shown);
  count = max(count, hidden);
  // So is the one on screen: in fragments it may be presented earlier than it was recorded to be.
  const last = preroll.shown + 1;
  const isAhead = usual > 0 && hidden > 0 && preroll.shown != NONE && count < last && last < samples;
  if (isAhead) count = last;
  if (leads) count = samples;
  if (failed() || (count == 0 && preroll.shown == NONE)) return;
  runs.open(piece.index, record, TrackRecord.DURATIONS_OFFSET);
  skipRuns(runs, sampleFirst);
  let latest = latestFirst(preroll, count);
  if (isAhead) {
    led.time = skipRuns(runs, count - 1);
    latest = min<i64>(latest, led.dts() - (count - 1));
    led.time += skipRuns(runs, 1);
  } else led.time = skipRuns(runs, count);
  if (usual > 0 && count > 0 && count < samples) {
    preroll.count = preroll.ledDecoding = count;
    preroll.first = onGrid(preroll, led.dts(), usual, latest);
  } else {
    const decodesEarly = count > 0;
    // Where the last of them is the one on screen, it can be decoded as late as what follows.
    if (decodesEarly && preroll.shown == count - 1 && !leads && (count == samples || led.dts() > behind)) count--;
    preroll.count = count;
    // Behind an earlier segment it may be decoded as late as what follows, too.
    preroll.ledDecoding = decodesEarly ? count + 1 : 0;
    preroll.behind = behind;
    preroll.first = min<i64>(latest, behind - <i64>count * preroll.apart) - preroll.ahead;
  }
  preroll.slack = latest - preroll.first;
  if (preroll.shown < preroll.ledDecoding)
    preroll.slack = min<i64>(preroll.slack, start - preroll.dts(preroll.shown, start));
  beEarly(
    preroll,
    track,
    samples,
    led.base + rescale(shown, led.from, led.to) + load<i32>(track, PieceTrack.OFFSET_SHIFT),
  );
  preroll.led = max(preroll.ledDecoding, preroll.ranked);
  if (preroll.shown != NONE) preroll.led = max(preroll.led, preroll.shown + 1);
}

/** Lets all be as early as it is in fragments. @param recorded when the sample on screen was recorded to be presented */
function beEarly(preroll: Preroll, track: usize, samples: u32, recorded: i64): void {
  const shown = preroll.shown;
  const early = load<u32>(track, PieceTrack.DECODED_EARLY);
  const onScreen = preroll.start - load<u32>(track, PieceTrack.SHOWN_EARLY);
  preroll.first -= early;
  preroll.behind -= early;
  preroll.hiddenEnd -= load<u32>(track, PieceTrack.HIDDEN_EARLY);
  // The sample on screen has to be decoded earlier, too, unless it is the last one: the plan says how long that lasts.
  if (early > 0 && preroll.count > 0 && shown < samples - 1) {
    preroll.moved = shown + 1;
    preroll.movedBy = early;
  }
  const natural = min(preroll.start, recorded);
  const isEarly = shown < max(preroll.ledDecoding, preroll.moved);
  preroll.onScreen = isEarly ? onScreen : max(onScreen, natural);
}

/** The latest that the first of `count` samples can be decoded so that, a tick apart, none is decoded after it is presented. */
function latestFirst(preroll: Preroll, count: u32): i64 {
  const hiddenStart = preroll.hiddenEnd - <i64>preroll.hidden * preroll.apart;
  let latest = hiddenStart;
  if (preroll.ranks != 0) {
    for (let i: u32 = 0; i < min(count, preroll.ranked); i++) {
      const rank = load<u32>(preroll.ranks + ((<usize>i) << 2));
      if (rank != NONE && i > rank) latest = min<i64>(latest, hiddenStart - <i64>(i - rank) * preroll.apart);
    }
  }
  return latest;
}

/**
 * When the first sample is decoded so that those a tick apart are, in the mean, a multiple of `usual` before the `next` one: ffmpeg
 * guesses a frame rate from decode times and rounds by it, so that two pictures fall on one time where the guess is too low.
 */
function onGrid(preroll: Preroll, next: i64, usual: i64, latest: i64): i64 {
  const count = preroll.count;
  const wanted = next - usual - (count - 1) / 2;
  let most = min<i64>(latest, next - count);
  if (preroll.shown < count) most = min<i64>(most, preroll.start - preroll.shown);
  return wanted <= most ? wanted : wanted - ((wanted - most + usual - 1) / usual) * usual;
}

/**
 * Finds out of the first `count` samples the one that is on screen at `shown`, and how many come before it. Those of one duration
 * and one composition offset are passed in one step. Returns how many samples there are up to the last one that is hidden.
 */
function findHidden(preroll: Preroll, samples: LedSamples, count: u32, shown: i64): u32 {
  const offsets = samples.offsets;
  let alike: u32 = 0;
  for (let i: u32 = 0; i < count; i += alike) {
    alike = min(samples.alike(count - i), offsets.alike());
    const step = samples.runs.value;
    const pts = samples.time + offsets.next();
    if (alike > 1) offsets.skip(alike - 1);
    samples.passAlike(alike);
    const before = countBefore(pts, step, alike, shown);
    // Of those that last no time the last one is shown.
    if (before < alike && pts + <i64>before * step == shown) preroll.shown = i + (step == 0 ? alike - 1 : before);
    if (before == 0) continue;
    preroll.hidden += before;
    preroll.ranked = i + before;
  }
  return preroll.ranked;
}

/** The same where presentation has another order than decoding; finds the place of all that are hidden, too. */
function rankHidden(preroll: Preroll, samples: LedSamples, count: u32, shown: i64): u32 {
  const ranks = reserve(<u64>count * 4);
  const times = reserve(<u64>count * 8);
  const order = reserve(<u64>count * 4);
  if (failed()) return 0;
  let hidden: u32 = 0;
  let upTo: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const pts = samples.pass();
    if (pts == shown) preroll.shown = i;
    if (pts >= shown) continue;
    store<i64>(times + ((<usize>i) << 3), pts);
    store<u32>(order + ((<usize>hidden) << 2), i);
    hidden++;
    upTo = i + 1;
  }
  preroll.hidden = hidden;
  preroll.ranked = upTo;
  if (hidden > 0) {
    const sorted = sortByTime(order, hidden, times);
    if (failed()) return 0;
    memory.fill(ranks, 0xff, <usize>upTo * 4);
    for (let i: u32 = 0; i < hidden; i++) {
      store<u32>(ranks + ((<usize>load<u32>(sorted + ((<usize>i) << 2))) << 2), i);
    }
    preroll.ranks = ranks;
  }
  shrinkTo(times);
  return upTo;
}
