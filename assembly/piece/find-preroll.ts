/** Finds the pre-roll of a track of a piece (see Preroll). */
import { TrackFlag } from "../abi/names";
import { PieceTrack, TrackRecord } from "../abi/records";
import { shrinkTo } from "../memory/arena";
import { failed, reserve } from "../memory/status";
import { LedSamples, openLed } from "./led-samples";
import { Piece, pieceTrack, rescale } from "./piece";
import { NONE, Preroll, prerollOf } from "./preroll";
import { countBefore } from "./select-samples";
import { sortByTime } from "./sort-by-time";
import { word } from "../memory/words";

/** Finds the pre-roll of a track of a piece whose PieceTrack says that there may be one. */
export function findPreroll(piece: Piece, trackIndex: u32): void {
  const preroll = prerollOf(piece, trackIndex);
  const track = pieceTrack(piece, trackIndex);
  const led = openLed(piece, trackIndex);
  if (failed()) return;
  const samples = load<u32>(track, PieceTrack.COUNT);
  const usual = <i64>load<u32>(track, PieceTrack.USUAL);
  const leads = load<u32>(track, PieceTrack.LEADS) != 0;
  const shown = load<i64>(track, PieceTrack.SHOWN) - led.firstDts;
  const reordered = (load<u32>(led.record, TrackRecord.FLAGS) & TrackFlag.Offsets) != 0;
  preroll.start = load<i64>(track, PieceTrack.START);
  preroll.behind = preroll.start - load<i64>(track, PieceTrack.DELAY);
  preroll.hiddenEnd = preroll.start - load<u32>(track, PieceTrack.HIDDEN_BEHIND);
  preroll.apart = load<u32>(track, PieceTrack.APART);
  preroll.ahead = load<u32>(track, PieceTrack.AHEAD);
  preroll.shown = NONE;
  preroll.offsets = usual > 0 && !reordered;
  // What is decoded from the start on is presented from then on: no composition offset is negative.
  const before = leads ? samples : led.decodedUntil(preroll.start + 1, samples);
  let count = led.decodedUntil(preroll.behind, before);
  led.rewind();
  led.openOffsets();
  const hidden = reordered ? rankHidden(preroll, led, before, shown) : findHidden(preroll, led, before, shown);
  count = max(count, hidden);
  // So is the one on screen: in fragments it may be presented earlier than it was recorded to be.
  const last = preroll.shown + 1;
  const isAhead = usual > 0 && hidden > 0 && preroll.shown != NONE && count < last && last < samples;
  if (isAhead) count = last;
  if (leads) count = samples;
  if (failed() || (count == 0 && preroll.shown == NONE)) return;
  let latest = latestFirst(preroll, count);
  led.rewind();
  if (isAhead) {
    led.skip(count - 1);
    latest = min<i64>(latest, led.dts() - (count - 1));
    led.skip(1);
  } else led.skip(count);
  if (usual > 0 && count > 0 && count < samples) decodeOnGrid(preroll, count, led.dts(), usual, latest);
  else decodeAhead(preroll, count, !leads && (count == samples || led.dts() > preroll.behind), latest);
  findSlack(preroll, latest);
  const recorded = led.base + rescale(shown, led.from, led.to) + load<i32>(track, PieceTrack.OFFSET_SHIFT);
  beEarly(preroll, track, samples, recorded);
  preroll.led = max(preroll.ledDecoding, preroll.ranked);
  if (preroll.shown != NONE) preroll.led = max(preroll.led, preroll.shown + 1);
}

/**
 * Decodes the first `count` samples so that they are, in the mean, a multiple of `usual` before the `next` one: ffmpeg guesses a frame
 * rate from decode times and rounds by it, so that two pictures fall on one time where the guess is too low.
 */
function decodeOnGrid(preroll: Preroll, count: u32, next: i64, usual: i64, latest: i64): void {
  const wanted = next - usual - (count - 1) / 2;
  let most = min<i64>(latest, next - count);
  if (preroll.shown < count) most = min<i64>(most, preroll.start - preroll.shown);
  preroll.count = preroll.ledDecoding = count;
  preroll.first = wanted <= most ? wanted : wanted - ((wanted - most + usual - 1) / usual) * usual;
}

/** Decodes the first `count` samples ahead of `behind`. @param mayJoin whether the last of them can be decoded at `behind`, where it is the one on screen */
function decodeAhead(preroll: Preroll, count: u32, mayJoin: bool, latest: i64): void {
  const isEarly = count > 0;
  if (isEarly && mayJoin && preroll.shown == count - 1) count--;
  preroll.count = count;
  // Behind an earlier segment the next one may be decoded as late as what follows, too.
  preroll.ledDecoding = isEarly ? count + 1 : 0;
  preroll.first = min<i64>(latest, preroll.behind - <i64>count * preroll.apart) - preroll.ahead;
}

/** Notes how much earlier what is hidden, and the sample on screen, could be presented. */
function findSlack(preroll: Preroll, latest: i64): void {
  preroll.slack = latest - preroll.first;
  if (preroll.shown >= preroll.ledDecoding) return;
  preroll.slack = min<i64>(preroll.slack, preroll.start - preroll.dts(preroll.shown, preroll.start));
}

/** Moves the pre-roll to where it is in fragments, which present it earlier. @param recorded when the sample on screen was recorded to be presented */
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
      const rank = load<u32>(word(preroll.ranks, i));
      if (rank != NONE && i > rank) latest = min<i64>(latest, hiddenStart - <i64>(i - rank) * preroll.apart);
    }
  }
  return latest;
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

/** `findHidden` where presentation has another order than decoding; ranks all hidden samples by presentation, too. */
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
    store<u32>(word(order, hidden), i);
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
      store<u32>(word(ranks, load<u32>(word(sorted, i))), i);
    }
    preroll.ranks = ranks;
  }
  shrinkTo(times);
  return upTo;
}
