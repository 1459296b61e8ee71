/** Counts of an index's own track records: those of the piece that takes all of every track, in its own timescale. */
import { uniformity } from "./measure";
import { bound, openPiece, Piece } from "./piece";
import { Movie, trackAt } from "./moov";
import { TrackFlag } from "./abi/names";
import { IndexHeader, PieceTrack, TrackRecord } from "./abi/records";
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
    const flags = load<u32>(record, TrackRecord.FLAGS);
    const samples = load<u32>(record, TrackRecord.SAMPLES);
    store<u32>(record, flags | uniformity(flags, record, samples, table.durationRuns + own), TrackRecord.FLAGS);
    const composed = flags & TrackFlag.Offsets;
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
  const runsEnd = track.adjacentEnd;
  let stscEntries: u32 = 0;
  let shape: u64 = 0;
  for (let run = track.adjacent; run < runsEnd; run += Run.SIZE) {
    stscEntries += u32(load<u64>(run) != shape);
    shape = load<u64>(run);
  }
  let trafs: u32 = 0;
  let truns: u32 = 0;
  let run = track.adjacent;
  // Samples of the runs that were passed, and of the fragments.
  let passed: u32 = 0;
  let begin: u32 = 0;
  for (let fragment: u32 = 1; begin < track.samples; fragment++) {
    const end = fragment < piece.fragments ? bound(piece, fragment, slot) : track.samples;
    if (end == begin) continue;
    // A run that the fragment before ended in goes on here.
    const first = passed > begin ? run - Run.SIZE : run;
    let description = passed > begin ? load<u32>(first, Run.VALUE) : 0;
    trafs += u32(passed > begin);
    for (; passed < end; run += Run.SIZE) {
      trafs += u32(load<u32>(run, Run.VALUE) != description);
      description = load<u32>(run, Run.VALUE);
      passed += load<u32>(run, Run.COUNT);
    }
    truns += <u32>((run - first) / Run.SIZE);
    // The last sample of a uniform track is a run of its own.
    const lone = end == track.samples && load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Uniform;
    if (lone && end - max(begin, passed - load<u32>(run - Run.SIZE, Run.COUNT)) > 1) truns++;
    begin = end;
  }
  store<u32>(record, <u32>((runsEnd - track.adjacent) / Run.SIZE), TrackRecord.CHUNKS);
  store<u32>(record, stscEntries, TrackRecord.STSC_ENTRIES);
  store<u32>(record, trafs, TrackRecord.TRAFS);
  store<u32>(record, truns, TrackRecord.TRUNS);
}
