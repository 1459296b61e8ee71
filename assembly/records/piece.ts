/** Which samples go into an output. `src/wasm/records/piece.ts` writes and reads the same. */

/**
 * Which samples of a track to take. The host fills the first part, `selectSamples` the second. Times are ticks of the
 * track on the segment's presentation timeline.
 */
export namespace Selection {
  export const START: usize = 0; // i64
  export const END: usize = 8; // i64, exclusive
  export const RULES: usize = 16; // u32, bits of SelectionRule
  export const PREROLL: usize = 20; // u32, ticks of hidden samples wanted before the first presented one
  // selected
  export const FIRST: usize = 24; // u32
  export const COUNT: usize = 28; // u32, 0 = nothing fits
  export const DTS: usize = 32; // i64, of the first sample
  export const PTS: usize = 40; // i64, of the first sample
  export const PRESENTED_END: usize = 48; // i64, latest end of a selected sample's presentation
  export const LAST_DTS: usize = 56; // i64, of the last sample
  export const LAST_DURATION: usize = 64; // u32
  export const SHOWN: usize = 72; // i64, presentation time of the sample shown at START, else of the first one
  export const SIZE: usize = 80;
}

export const enum SelectionRule {
  /** Start at the last sync sample presented at or before START, else at the first one; without it, where START falls. */
  FromSync = 1,
  /** End so that no sample left out is presented before one that is taken. */
  Closed = 2,
  /** Start at the first sync sample from START on. */
  NextSync = 4,
}

/**
 * One track of one piece: which samples of a segment's track go into the output and where they land. The host fills the
 * first part, `measure` the second. One record a slot of the segment index, in slot order.
 */
export namespace PieceTrack {
  export const FIRST: usize = 0; // u32, first sample, from 0
  export const COUNT: usize = 4; // u32, 0 = the track is left out
  export const DTS: usize = 8; // i64, decode time of the first sample, output ticks
  export const TIMESCALE: usize = 16; // u32, of the output track
  export const LAST_DURATION: usize = 20; // u32, output ticks, of the last sample
  export const OFFSET_SHIFT: usize = 24; // i32, added to every composition offset, output ticks
  export const DESCRIPTION_BASE: usize = 28; // u32, output sample description index of the first description, from 1
  export const TRACK_ID: usize = 32; // u32, of the output track
  export const PREFIX: usize = 36; // u32, inline bytes before every sync sample
  export const OUTPUT_FLAGS: usize = 80; // u32, bits of TrackFlag over the whole output track
  /** i64, output ticks: in fragments, samples decoded before but presented after this are presented right then. */
  export const PRESENTED_UNTIL: usize = 88;
  // measured
  export const STTS_ENTRIES: usize = 40; // u32
  export const CTTS_ENTRIES: usize = 44; // u32
  export const SYNC_SAMPLES: usize = 48; // u32
  export const CHUNKS: usize = 52; // u32
  export const STSC_ENTRIES: usize = 56; // u32
  export const TRAFS: usize = 60; // u32, track fragments as fragmented MP4
  export const TRUNS: usize = 64; // u32, track runs in them
  export const FLAGS: usize = 68; // u32, bits of TrackFlag over the piece
  export const BYTES: usize = 72; // u64, prefix included
  export const SIZE: usize = 96;
}
