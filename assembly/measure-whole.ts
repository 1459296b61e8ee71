/** Counts of an index's own track records: those of the piece that takes all of every track, in its own timescale. */
import { openPiece, Piece } from "./piece";
import { Movie, trackAt } from "./moov";
import { PieceTrack } from "./records/piece";
import { IndexHeader, TrackFlag, TrackRecord } from "./records/summary";
import { recordOf } from "./segment-index";
import { splitFragments } from "./split-fragments";
import { cleared, failed } from "./status";
import { Run, TrackTables } from "./track-tables";

/** Fills the counts; what `measurePiece` would find, told from the tables and runs that the index was made of. */
export function measureWhole(index: usize, movie: Movie): void {
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
  for (let slot: u32 = 0; slot < slots; slot++) countRuns(piece, slot, recordOf(index, slot), trackAt(movie, slot));
}

// A run of the file is a chunk; fragments divide it into the runs of their `traf`s.
function countRuns(piece: Piece, slot: u32, record: usize, track: TrackTables): void {
  const lastBound = piece.bounds + ((<usize>(piece.fragments * piece.slots)) << 2);
  const stride = (<usize>piece.slots) << 2;
  let bound = piece.bounds + ((<usize>slot) << 2);
  let run = track.adjacent;
  let stscEntries: u32 = 0;
  let trafs: u32 = 0;
  let truns: u32 = 0;
  let chunk: u64 = 0;
  /** The sample description of the `traf` that is open, or 0. */
  let traf: u32 = 0;
  let sample: u32 = 0;
  let runEnd: u32 = 0;
  let fragmentEnd: u32 = 0;
  while (sample < track.samples) {
    if (sample == runEnd) {
      stscEntries += u32(load<u64>(run) != chunk);
      chunk = load<u64>(run);
      run += Run.SIZE;
      runEnd += <u32>chunk;
    }
    while (sample == fragmentEnd) {
      bound += stride;
      fragmentEnd = bound < lastBound ? load<u32>(bound) : u32.MAX_VALUE;
      traf = 0;
    }
    truns++;
    trafs += u32(<u32>(chunk >> 32) != traf);
    traf = <u32>(chunk >> 32);
    sample = min(runEnd, fragmentEnd);
  }
  store<u32>(record, <u32>((track.adjacentEnd - track.adjacent) / Run.SIZE), TrackRecord.CHUNKS);
  store<u32>(record, stscEntries, TrackRecord.STSC_ENTRIES);
  store<u32>(record, trafs, TrackRecord.TRAFS);
  store<u32>(record, truns, TrackRecord.TRUNS);
}
