/** What a track's boxes say, in plain native arrays: the common ground of progressive and fragmented files. */
import { Warning } from "../abi/names";
import { failed } from "../memory/status";
import { word } from "../memory/words";

/** Samples a track may have, and all tracks together; a minute of 48 kHz PCM has 2.9 million. */
export const MAX_SAMPLES: u32 = 1 << 28;

/**
 * Samples that may follow one another without a sync sample: a day and a half of 30 pictures a second. What is decoded before a cut
 * begins, and a fragment, reach from one sync sample to the next, and are worked on as a whole.
 */
export const MAX_GROUP = 1 << 22;

/** Ticks that a track may last, or begin after 0: whole numbers of JavaScript reach as far. */
export const MAX_TIME: u64 = 1 << 53;

/** `count` samples that have a value in common: a duration, a composition offset as i32, … */
export namespace Run {
  export const COUNT: usize = 0; // u32
  export const VALUE: usize = 4; // u32 or i32
  export const SIZE: usize = 8;
}

/** Samples that lie one after another in the file. Behind a track's last chunk stands a record at END_OFFSET, of no description and no bytes. */
export namespace Chunk {
  export const OFFSET: usize = 0; // u64, in the file
  export const SAMPLES: usize = 8; // u32
  export const DESCRIPTION: usize = 12; // u32, from 1
  export const BYTES: usize = 16; // u64
  export const SIZE: usize = 24;
}

/** Above the offset of any byte of a file. */
export const END_OFFSET: u64 = (1 << 58) - 1;

/** Writes the record behind the last chunk. */
export function endChunks(chunk: usize): void {
  store<u64>(chunk, END_OFFSET, Chunk.OFFSET);
  store<u32>(chunk, 0, Chunk.DESCRIPTION);
  store<u64>(chunk, 0, Chunk.BYTES);
}

/** What `trak` says: where its tables lie in the metadata buffer, and the fields of its headers. */
@unmanaged
export class TrackTables {
  id: u32;
  handler: u32;
  timescale: u32;
  /** Ticks that one of the file's own was made to be. */
  fineness: u32;
  tkhdFlags: u32;
  width: u32;
  height: u32;
  layer: u32;
  alternateGroup: u32;
  volume: u32;
  language: u32;
  /** 36 bytes in the metadata buffer. */
  matrix: usize;
  /** Sample entries in the metadata buffer. */
  entries: usize;
  entriesLength: u32;
  entryCount: u32;
  encrypted: bool;
  /** `elst` entries in the metadata buffer. */
  edits: usize;
  editCount: u32;
  editVersion: u32;
  /** The `stbl` box, for errors. */
  stbl: usize;

  samples: u32;
  /** Bytes of each sample when `sizes` is 0. */
  constantSize: u32;
  /** u32 a sample, or 0. */
  sizes: usize;
  /** Run records. */
  durations: usize;
  durationRuns: u32;
  /** Run records. */
  offsets: usize;
  offsetRuns: u32;
  /** u32 lengths: sync samples, non-sync samples, sync samples, … */
  syncs: usize;
  syncRuns: u32;
  /** Whether they are what a missing `stss` says. */
  syncsImplied: bool;
  /** Bytes of all samples. */
  bytes: u64;
  /** Chunk records. */
  chunks: usize;
  chunkCount: u32;
  /** Decode time of the first sample in the file. */
  baseDts: u64;
  warnings: u32;

  // found by `mergeOrder`
  /** Run records: samples adjacent in the file, and their sample description. */
  adjacent: usize;
  adjacentEnd: usize;

  // `trex` defaults (clause 8.8.3)
  hasTrex: bool;
  defaultDescription: u32;
  defaultDuration: u32;
  defaultSize: u32;
  defaultFlags: u32;

  // counted over all fragments before anything is allocated
  runCount: u32;
  added: u32;
  ownDurations: u32;
  ownOffsets: u32;
  ownFlags: u32;
  defaultSizes: u32;
  mixedSizes: bool;

  // filled fragment by fragment
  nextDts: u64;
  /** Added to the decode times that the fragments state. */
  clockShift: i64;
  /** How often they started anew. */
  restarts: u32;
}

/** Ticks of all samples of a track so far. */
export function sumDurations(track: TrackTables): u64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < track.durationRuns; i++) {
    const run = track.durations + <usize>i * Run.SIZE;
    sum += <u64>load<u32>(run, Run.COUNT) * load<u32>(run, Run.VALUE);
  }
  return sum;
}

/** Writes a run; returns the address after it. */
export function putRun(run: usize, count: u32, value: u32): usize {
  store<u32>(run, count, Run.COUNT);
  store<u32>(run, value, Run.VALUE);
  return run + Run.SIZE;
}

/** Appends `count` samples of `value` to run records at `runs`, joining equal neighbours. Returns the number of runs. */
export function appendRun(runs: usize, used: u32, count: u32, value: u32): u32 {
  if (count == 0) return used;
  if (used > 0) {
    const last = runs + <usize>(used - 1) * Run.SIZE;
    if (load<u32>(last, Run.VALUE) == value) {
      store<u32>(last, load<u32>(last, Run.COUNT) + count, Run.COUNT);
      return used;
    }
  }
  putRun(runs + <usize>used * Run.SIZE, count, value);
  return used + 1;
}

/**
 * Fits `count` run records as a file has them to the track's samples, and joins equal neighbours. Where they do not cover
 * it exactly, that is noted as `repair`; what is missing repeats the last duration, or has the composition offset 0.
 * There is room for one run more. Returns the number of runs.
 */
export function fitRuns(runs: usize, count: u32, track: TrackTables, repair: Warning): u32 {
  if (failed()) return 0;
  const end = runs + <usize>count * Run.SIZE;
  let left = track.samples;
  let to = runs;
  let samples: u32 = 0;
  let value: u32 = 0;
  let last: u32 = 0;
  let entry = runs;
  for (; entry < end && left > 0; entry += Run.SIZE) {
    const more = min(load<u32>(entry, Run.COUNT), left);
    if (more < load<u32>(entry, Run.COUNT)) track.warnings |= repair;
    last = load<u32>(entry, Run.VALUE);
    if (more == 0) continue;
    if (last != value && samples > 0) {
      to = putRun(to, samples, value);
      samples = 0;
    }
    value = last;
    samples += more;
    left -= more;
  }
  if (left > 0 || entry < end) track.warnings |= repair;
  if (samples > 0) to = putRun(to, samples, value);
  return appendRun(runs, <u32>((to - runs) / Run.SIZE), left, repair == Warning.DurationsRepaired ? last : 0);
}

/** Appends `count` samples to alternating sync runs. Returns the number of runs. */
export function appendSync(syncs: usize, used: u32, count: u32, sync: bool): u32 {
  if (count == 0) return used;
  if (used == 0 && !sync) {
    store<u32>(syncs, 0);
    used = 1;
  }
  // Even runs are sync samples.
  if (used > 0 && ((used & 1) == 1) == sync) {
    const last = word(syncs, used - 1);
    store<u32>(last, load<u32>(last) + count);
    return used;
  }
  store<u32>(word(syncs, used), count);
  return used + 1;
}
