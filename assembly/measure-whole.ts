/** Counts of an index's own track records: those of the piece that takes all of every track, in its own timescale. */
import { bound, openPiece, Piece } from "./piece";
import { Movie, trackAt } from "./moov";
import { Order, OrderRun } from "./order";
import { PieceTrack } from "./records/piece";
import { IndexHeader, TrackFlag, TrackRecord } from "./records/summary";
import { recordOf } from "./segment-index";
import { splitFragments } from "./split-fragments";
import { cleared, failed } from "./status";
import { Run } from "./track-tables";

/** Fills the counts; what `measurePiece` would find, told from the tables and runs that the index was made of. */
export function measureWhole(index: usize, movie: Movie, order: Order): void {
  const slots = load<u32>(index, IndexHeader.TRACK_COUNT);
  const tracks = cleared(<usize>slots * PieceTrack.SIZE);
  if (failed()) return;
  for (let slot: u32 = 0; slot < slots; slot++) {
    const record = recordOf(index, slot);
    const table = trackAt(movie, slot);
    const track = tracks + <usize>slot * PieceTrack.SIZE;
    store<u32>(track, load<u32>(record, TrackRecord.SAMPLES), PieceTrack.COUNT);
    store<i64>(track, load<i64>(record, TrackRecord.FIRST_DTS), PieceTrack.DTS);
    store<u32>(track, load<u32>(record, TrackRecord.TIMESCALE), PieceTrack.TIMESCALE);
    store<u32>(track, load<u32>(record, TrackRecord.LAST_DURATION), PieceTrack.LAST_DURATION);
    // Equal runs are joined already; the last sample has an entry of its own.
    const last = table.durations + <usize>(table.durationRuns - 1) * Run.SIZE;
    const own = u32(load<u32>(last, Run.COUNT) > 1);
    store<u32>(record, table.durationRuns + own, TrackRecord.STTS_ENTRIES);
    const composed = load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Offsets;
    store<u32>(record, composed ? table.offsetRuns : 1, TrackRecord.CTTS_ENTRIES);
  }
  const piece = openPiece(index, tracks);
  if (failed()) return;
  splitFragments(piece);
  if (failed()) return;
  store<u32>(index, piece.fragments, IndexHeader.FRAGMENTS);
  countRuns(piece, order);
}

/** Where the counting of one track stands. */
@unmanaged
class Counted {
  sample: u32;
  fragment: u32;
  /** First sample of the next fragment. */
  until: u32;
  chunks: u32;
  /** Samples of the chunk before. */
  samples: u32;
  description: u32;
  stscEntries: u32;
  trafs: u32;
  truns: u32;
  /** Number of the fragment of the last `traf`, from 1. */
  lastFragment: u32;
  lastDescription: u32;
}

// A run of the file is a chunk; fragments divide it into the runs of their `traf`s.
function countRuns(piece: Piece, order: Order): void {
  const counts = cleared(<usize>piece.slots * offsetof<Counted>());
  if (failed()) return;
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    changetype<Counted>(counts + <usize>slot * offsetof<Counted>()).until = endOf(piece, 0, slot);
  }
  const end = order.runs + <usize>order.count * OrderRun.SIZE;
  for (let run = order.runs; run < end; run += OrderRun.SIZE) {
    const slot = load<u32>(run, OrderRun.SLOT);
    const counted = changetype<Counted>(counts + <usize>slot * offsetof<Counted>());
    const samples = load<u32>(run, OrderRun.SAMPLES);
    const description = load<u32>(run, OrderRun.DESCRIPTION);
    counted.chunks += 1;
    counted.stscEntries += u32(samples != counted.samples) | u32(description != counted.description);
    counted.samples = samples;
    counted.description = description;
    let sample = counted.sample;
    const next = sample + samples;
    while (sample < next) {
      while (sample >= counted.until) {
        counted.fragment += 1;
        counted.until = endOf(piece, counted.fragment, slot);
      }
      const fragment = counted.fragment + 1;
      counted.truns += 1;
      counted.trafs += u32(counted.lastFragment != fragment) | u32(counted.lastDescription != description);
      counted.lastFragment = fragment;
      counted.lastDescription = description;
      sample = min(next, counted.until);
    }
    counted.sample = next;
  }
  for (let slot: u32 = 0; slot < piece.slots; slot++) {
    const record = recordOf(piece.index, slot);
    const counted = changetype<Counted>(counts + <usize>slot * offsetof<Counted>());
    store<u32>(record, counted.chunks, TrackRecord.CHUNKS);
    store<u32>(record, counted.stscEntries, TrackRecord.STSC_ENTRIES);
    store<u32>(record, counted.trafs, TrackRecord.TRAFS);
    store<u32>(record, counted.truns, TrackRecord.TRUNS);
  }
}

/** First sample of `slot` after `fragment`; the last fragment has no end. */
function endOf(piece: Piece, fragment: u32, slot: u32): u32 {
  return fragment + 1 < piece.fragments ? bound(piece, fragment + 1, slot) : u32.MAX_VALUE;
}
