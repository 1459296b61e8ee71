/** What a track's boxes say, in plain native arrays: the common ground of progressive and fragmented files. */

/** Samples a track may have, and all tracks together; a minute of 48 kHz PCM has 2.9 million. */
export const MAX_SAMPLES: u32 = 1 << 28;

/** `count` samples of `value` ticks each (durations, or composition offsets as i32). */
export namespace Run {
  export const COUNT: usize = 0; // u32
  export const VALUE: usize = 4; // u32 or i32
  export const SIZE: usize = 8;
}

/** Samples that lie one after another in the file. */
export namespace Chunk {
  export const OFFSET: usize = 0; // u64, in the file
  export const SAMPLES: usize = 8; // u32
  export const DESCRIPTION: usize = 12; // u32, from 1
  export const SIZE: usize = 16;
}

@unmanaged
export class TrackTables {
  id: u32;
  handler: u32;
  timescale: u32;
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
  /** Chunk records. */
  chunks: usize;
  chunkCount: u32;
  /** Decode time of the first sample in the file. */
  baseDts: u64;
  warnings: u32;

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
  const next = runs + <usize>used * Run.SIZE;
  store<u32>(next, count, Run.COUNT);
  store<u32>(next, value, Run.VALUE);
  return used + 1;
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
    const last = syncs + ((<usize>(used - 1)) << 2);
    store<u32>(last, load<u32>(last) + count);
    return used;
  }
  store<u32>(syncs + ((<usize>used) << 2), count);
  return used + 1;
}
