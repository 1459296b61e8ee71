/** Finer ticks for tracks whose own are coarser than a millisecond. */
import { Code } from "../abi/codes";
import { Run, sumDurations, TrackTables } from "../box/track-tables";

/** Ticks a second from which on half a tick is no more than a millisecond. */
const FINE: u32 = 500;
/** Of pictures: those that a cut hides take a tick each, and together less than one that is shown. */
const FINE_PICTURES: u32 = 2_000;
/** What coarser timescales are doubled to, as the common muxer does for video. */
const ENOUGH: u32 = 10_000;
/** Where pictures are so many that one lasts fewer ticks, it is made to last twice as many. */
const FINE_PICTURE: u64 = 300;
/** No timescale is made finer than that for it. */
const FINEST: u32 = 500_000;

/**
 * Doubles the timescale of a track of less than 500 ticks a second, or of pictures of less than 2,000, until it has 10,000, and that of pictures that last less
 * than 300 ticks until they last 600, so that what is cut and joined can lie within a millisecond of where it belongs, and what is hidden takes no time.
 * All times of the track stay what they are. Does less where a duration or a composition offset would grow too large. The track's edits stay as the file has them.
 */
export function refineTimescale(track: TrackTables): void {
  track.fineness = 1;
  const isVideo = track.handler == Code.vide;
  const enough: u32 = track.timescale >= (isVideo ? FINE_PICTURES : FINE) ? 0 : ENOUGH;
  const total = isVideo ? sumDurations(track) : 0;
  const picture = total / max(1, track.samples);
  const isShort = total > 0 && picture < FINE_PICTURE;
  if (enough == 0 && !isShort) return;
  let largest: u32 = 0;
  for (let i: u32 = 0; i < track.durationRuns; i++) {
    largest = max(largest, load<u32>(track.durations + <usize>i * Run.SIZE, Run.VALUE));
  }
  for (let i: u32 = 0; i < track.offsetRuns; i++) {
    largest = max(largest, <u32>abs<i64>(load<i32>(track.offsets + <usize>i * Run.SIZE, Run.VALUE)));
  }
  let factor: u32 = 1;
  while (
    (track.timescale * factor < enough ||
      (isShort && picture * factor < 2 * FINE_PICTURE && track.timescale * factor < FINEST)) &&
    <u64>largest * factor * 2 <= <u64>i32.MAX_VALUE
  ) {
    factor *= 2;
  }
  if (factor == 1) return;
  multiply(track.durations, track.durationRuns, factor);
  multiply(track.offsets, track.offsetRuns, factor);
  track.timescale *= factor;
  // What is too large stays so.
  track.baseDts = min<u64>(track.baseDts, (<u64>1) << 54) * factor;
  track.fineness = factor;
}

function multiply(runs: usize, count: u32, factor: u32): void {
  const end = runs + <usize>count * Run.SIZE;
  for (let run = runs; run < end; run += Run.SIZE) store<u32>(run, load<u32>(run, Run.VALUE) * factor, Run.VALUE);
}
