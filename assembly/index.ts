/** Written by `npm run abi` from abi/schema.ts: change it there. */

import { Status } from "./abi/names";
import * as calls from "./calls";
import { begin, outcome } from "./memory/status";

export { abiVersion, allocate, reset, result, rewind } from "./use";

/**
 * Classifies the top-level box whose first `length` bytes (at least 8) are at `pointer`. Result: `length` a Scan,
 * `box` its type, `total` its size with header, 0 when it extends to the end of the file.
 */
export function scan(pointer: usize, length: u32, offset: f64, complete: u32): Status {
  begin();
  calls.scan(pointer, length, <u64>offset, complete != 0);
  return outcome();
}

/**
 * Builds a segment index from `count` extents of a file of `size` bytes. Result: the index; `listPointer` a
 * MovieClock.
 */
export function index(extents: usize, count: u32, buffer: usize, size: f64): Status {
  begin();
  calls.index(extents, count, buffer, <u64>size);
  return outcome();
}

/** Checks that an index can be walked safely. */
export function check(index: usize, length: u32): Status {
  begin();
  calls.check(index, length);
  return outcome();
}

/** Fills the answer of a Selection. */
export function select(index: usize, trackIndex: u32, selection: usize): Status {
  begin();
  calls.select(index, trackIndex, selection);
  return outcome();
}

/**
 * Divides the samples of a track into groups of pictures: one ends at the first sync sample that is presented
 * `least` ticks or more after its own; what precedes the first sync sample is one by itself. Result: Group
 * records.
 */
export function groups(index: usize, trackIndex: u32, least: f64): Status {
  begin();
  calls.groups(index, trackIndex, <u64>least);
  return outcome();
}

/**
 * Fills a Selected record, but for `shown`, with what is true of samples given by number; its `presentedEnd` is
 * where the sample behind them is presented when that is a sync sample. Result: `count` 1 when they begin with a
 * sync sample, and 2 more when one follows them.
 */
export function run(index: usize, trackIndex: u32, first: u32, count: u32, selected: usize): Status {
  begin();
  calls.run(index, trackIndex, first, count, selected);
  return outcome();
}

/** Fills the counts of PieceTrack records. Result: `total` bytes of media, `count` fragments. */
export function measure(index: usize, tracks: usize): Status {
  begin();
  calls.measure(index, tracks);
  return outcome();
}

/**
 * Writes a piece's entries of one table of the track `trackIndex`. `before`: samples (stss) or chunks (stsc) in
 * front of the piece, or the output offset of its media (stco, co64). Writes `most` entries at most, those behind
 * the first `from` bytes. Result: the entries.
 */
export function table(
  index: usize,
  tracks: usize,
  trackIndex: u32,
  kind: u32,
  before: f64,
  from: f64,
  most: u32,
): Status {
  begin();
  calls.table(index, tracks, trackIndex, kind, <u64>before, <u64>from, most);
  return outcome();
}

/**
 * Lists a piece's media bytes in output order, of `most` runs of samples at most. `state`: what the call before
 * handed out, 0 at first. Result: Span records; the state.
 */
export function spans(index: usize, tracks: usize, most: u32, state: usize): Status {
  begin();
  calls.spans(index, tracks, most, state);
  return outcome();
}

/**
 * Writes the headers of an output. `timescale`: movie ticks a second; `duration`: movie ticks of the longest
 * media. Result: the bytes; the list is of Splice records; `total` the bytes with all splices filled.
 */
export function movie(
  tracks: usize,
  count: u32,
  timescale: u32,
  duration: f64,
  fragmented: u32,
  wide: u32,
  chapters: usize,
  chapterCount: u32,
): Status {
  begin();
  calls.movie(tracks, count, timescale, <u64>duration, fragmented != 0, wide != 0, chapters, chapterCount);
  return outcome();
}

/**
 * Writes the next fragments of a piece, of `most` samples or those of one fragment more, its first one numbered
 * `sequence`. `state` as in `spans`. Result: their headers; the list is of Fragment records; the spans; the state.
 */
export function fragments(index: usize, tracks: usize, sequence: u32, most: u32, state: usize): Status {
  begin();
  calls.fragments(index, tracks, sequence, most, state);
  return outcome();
}

/**
 * Writes the next of a piece's entries of `sidx` or `tfra`, for fragments as in `fragments`. `offset`: where its
 * first fragment starts in the output; `hiddenStart`, `hiddenEnd`: ticks of `timescale` at its start and end that
 * are not presented. Result: the entries; the state.
 */
export function accessEntries(
  index: usize,
  tracks: usize,
  kind: u32,
  timescale: u32,
  offset: f64,
  hiddenStart: f64,
  hiddenEnd: f64,
  most: u32,
  state: usize,
): Status {
  begin();
  calls.accessEntries(index, tracks, kind, timescale, <u64>offset, <u64>hiddenStart, <u64>hiddenEnd, most, state);
  return outcome();
}

/**
 * Writes the head of a `sidx` box for `count` references. `start`: ticks; `distance`: bytes between the box and
 * the first fragment.
 */
export function sidxHead(trackId: u32, timescale: u32, start: f64, distance: f64, count: u32): Status {
  begin();
  calls.sidxHead(trackId, timescale, <u64>start, <u64>distance, count);
  return outcome();
}

/**
 * Writes an `mfra` box for one track without its `count` entries. Result: the bytes; `count` how many of the last
 * ones go behind the entries.
 */
export function mfra(trackId: u32, count: u32): Status {
  begin();
  calls.mfra(trackId, count);
  return outcome();
}

/** Result: the sample entry of captions. */
export function captionEntry(): Status {
  begin();
  calls.captionEntry();
  return outcome();
}

/** Writes the entries of a table of the captions, whose samples are one chunk at `start`. */
export function captionTable(blocks: usize, count: u32, kind: u32, start: f64): Status {
  begin();
  calls.captionTable(blocks, count, kind, <u64>start);
  return outcome();
}

/** Writes the samples of a block. `offset`: minutes that the clock shown is ahead of UTC. */
export function captions(block: usize, offset: i32): Status {
  begin();
  calls.captions(block, offset);
  return outcome();
}

/** Writes `moof` and the header of `mdat` for a block. */
export function captionFragment(block: usize, trackId: u32, sequence: u32): Status {
  begin();
  calls.captionFragment(block, trackId, sequence);
  return outcome();
}

/** Moves a `moof` of a file, and the media behind it, from one offset to another, in place. Result: the box. */
export function moveFragment(pointer: usize, length: u32, from: f64, to: f64): Status {
  begin();
  calls.moveFragment(pointer, length, <u64>from, <u64>to);
  return outcome();
}

/**
 * Writes the sample entry `type`, `avc1` or `hvc1`, of parameter sets, each behind its length in four bytes.
 * Result: the entry; `count` how many pictures may precede one in decoding and follow it in output, 4294967295
 * when that is not told.
 */
export function videoEntry(sets: usize, length: u32, type: u32): Status {
  begin();
  calls.videoEntry(sets, length, type);
  return outcome();
}

/**
 * Writes the sample entry of an AudioSpecificConfig. Result: the entry; `count` the samples of a frame; `total`
 * samples a second.
 */
export function aacEntry(config: usize, length: u32): Status {
  begin();
  calls.aacEntry(config, length);
  return outcome();
}

/** Writes `ftyp` and `moov` of a stream of LiveTrack records. Result: the bytes. */
export function liveMovie(tracks: usize, count: u32): Status {
  begin();
  calls.liveMovie(tracks, count);
  return outcome();
}

/**
 * Writes `moof` and the header of `mdat` for LiveRun records, whose LiveSample records lie one behind the other,
 * as their media does. Result: the bytes.
 */
export function liveFragment(runs: usize, count: u32, samples: usize, sequence: u32): Status {
  begin();
  calls.liveFragment(runs, count, samples, sequence);
  return outcome();
}

/**
 * Writes a `moov` whose sample entry of a track has the parameter sets that stand in a sample, in place of its own
 * of their types. Result: the box; nothing when it has all of them already.
 */
export function renewedMovie(moov: usize, length: u32, trackId: u32, sample: usize, sampleLength: u32): Status {
  begin();
  calls.renewedMovie(moov, length, trackId, sample, sampleLength);
  return outcome();
}

/** Writes `prft`: that ticks of a track were captured so many microseconds after 1970. Result: the box. */
export function producerTime(trackId: u32, wallUs: f64, mediaTime: f64): Status {
  begin();
  calls.producerTime(trackId, <u64>wallUs, <u64>mediaTime);
  return outcome();
}

/** Reads `prft`. Result: a ProducerTime; none when it states another time than that of capture or encoding. */
export function readProducerTime(pointer: usize, length: u32): Status {
  begin();
  calls.readProducerTime(pointer, length);
  return outcome();
}

/** Lists every sample of an index, in file order. Result: SampleRecord records. */
export function samples(index: usize): Status {
  begin();
  calls.samples(index);
  return outcome();
}

/**
 * Lists a kept top-level box at `offset` in the file and the boxes inside it, parents first. Result: BoxRecord
 * records.
 */
export function boxes(pointer: usize, length: u32, offset: f64): Status {
  begin();
  calls.boxes(pointer, length, <u64>offset);
  return outcome();
}

/**
 * Collects the parameter sets of the first sample entry, each behind its length as samples have it, filled up to
 * `least` bytes by supplemental enhancement information: at least 16 more than they have, or 0 for none. Result:
 * them; `count` the bytes of a length, 0 without any; `total` the bytes of the entry.
 */
export function parameterSets(entries: usize, length: u32, least: u32): Status {
  begin();
  calls.parameterSets(entries, length, least);
  return outcome();
}

/** Rewrites the name of a sample entry to the one that allows parameter sets in the samples. Result: the entry. */
export function inbandEntry(entry: usize, length: u32): Status {
  begin();
  calls.inbandEntry(entry, length);
  return outcome();
}

/**
 * Leaves out of sample entries what only tells of the file they came from: bit rates, and lengths of all its
 * samples. Result: the entries.
 */
export function plainEntries(handler: u32, entries: usize, length: u32): Status {
  begin();
  calls.plainEntries(handler, entries, length);
  return outcome();
}

/**
 * Gives the sample entries of H.265 the name `type`, `hvc1` or `hev1`; the first one only where all parameter sets
 * stand in the entry. Result: the entries.
 */
export function namedEntries(entries: usize, length: u32, type: u32): Status {
  begin();
  calls.namedEntries(entries, length, type);
  return outcome();
}

/** Writes the codecs of all sample entries. Result: Codec records. */
export function codecs(handler: u32, entries: usize, length: u32): Status {
  begin();
  calls.codecs(handler, entries, length);
  return outcome();
}

/**
 * Writes a silent sample for a sample entry. Result: it, of length 0 when none is known of the codec; `count` its
 * duration in ticks of `timescale`.
 */
export function silentSample(entry: usize, length: u32, timescale: u32): Status {
  begin();
  calls.silentSample(entry, length, timescale);
  return outcome();
}

/**
 * Writes the boxes of a file of `count` equal samples of `size` bytes and `duration` ticks. Result: 16 bytes of
 * the start, then `moov`.
 */
export function silentMovie(entry: usize, length: u32, timescale: u32, count: u32, size: u32, duration: u32): Status {
  begin();
  calls.silentMovie(entry, length, timescale, count, size, duration);
  return outcome();
}

/**
 * How far a timecode goes on in `ticks` of `timescale`, by its sample entry. Result: `total` what its number grows
 * by, 0 when the entry is none of 32-bit timecodes; `count` the number that follows the last one of a day, 0 when
 * it counts on.
 */
export function timecodeStep(entry: usize, length: u32, ticks: f64, timescale: u32): Status {
  begin();
  calls.timecodeStep(entry, length, <u64>ticks, timescale);
  return outcome();
}

/** Raises a sample entry so that it states what another one needs, too. Result: the entry. */
export function coveringEntry(entry: usize, length: u32, other: usize, otherLength: u32): Status {
  begin();
  calls.coveringEntry(entry, length, other, otherLength);
  return outcome();
}
