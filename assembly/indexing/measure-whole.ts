/** Counts of an index's own track records: those of the piece that takes all of every track, in its own timescale. */
import { uniformity } from "../piece/measure";
import { openFragments, PAGE_SAMPLES } from "../piece/fragment-walk";
import { openPiece } from "../piece/open-piece";
import { bound, Piece } from "../piece/piece";
import { Movie, trackAt } from "../read/moov";
import { TrackFlag } from "../abi/names";
import { IndexHeader, PieceTrack, TrackRecord } from "../abi/records";
import { recordOf } from "../index/segment-index";
import { cleared, failed, make, reserve } from "../memory/status";
import { Run, TrackTables } from "../box/track-tables";
import { objectAt, setObject } from "../memory/words";

/** Fills the counts; what `measurePiece` would find, told from the tables and runs that the index was made of. */
export function measureWhole(index: usize, movie: Movie): void {
  const trackCount = load<u32>(index, IndexHeader.TRACK_COUNT);
  const tracks = cleared(<usize>trackCount * PieceTrack.SIZE);
  if (failed()) return;
  for (let trackIndex: u32 = 0; trackIndex < trackCount; trackIndex++) {
    const record = recordOf(index, trackIndex);
    const table = trackAt(movie, trackIndex);
    const track = tracks + <usize>trackIndex * PieceTrack.SIZE;
    store<u32>(track, load<u32>(record, TrackRecord.SAMPLES), PieceTrack.COUNT);
    store<i64>(track, load<i64>(record, TrackRecord.FIRST_DTS), PieceTrack.DTS);
    store<u32>(track, load<u32>(record, TrackRecord.TIMESCALE), PieceTrack.TIMESCALE);
    store<u32>(track, load<u32>(record, TrackRecord.LAST_DURATION), PieceTrack.LAST_DURATION);
    store<i64>(track, i64.MIN_VALUE, PieceTrack.SHOWN);
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
  const counters = reserve(<u64>trackCount * 4);
  if (failed()) return;
  for (let trackIndex: u32 = 0; trackIndex < trackCount; trackIndex++) {
    const counter = make<RunCounter>();
    if (failed()) return;
    counter.run = trackAt(movie, trackIndex).adjacent;
    setObject(counters, trackIndex, counter);
  }
  const walk = openFragments(piece);
  while (walk.nextPage(PAGE_SAMPLES)) {
    for (let trackIndex: u32 = 0; trackIndex < trackCount; trackIndex++) {
      objectAt<RunCounter>(counters, trackIndex).count(piece, trackIndex);
    }
  }
  store<u32>(index, walk.before + piece.fragments, IndexHeader.FRAGMENTS);
  for (let trackIndex: u32 = 0; trackIndex < trackCount; trackIndex++) {
    const record = recordOf(index, trackIndex);
    const counter = objectAt<RunCounter>(counters, trackIndex);
    store<u32>(record, counter.trafs, TrackRecord.TRAFS);
    store<u32>(record, counter.truns, TrackRecord.TRUNS);
    countChunks(record, trackAt(movie, trackIndex));
  }
}

// A run of the file is a chunk.
function countChunks(record: usize, track: TrackTables): void {
  let stscEntries: u32 = 0;
  let shape: u64 = 0;
  for (let run = track.adjacent; run < track.adjacentEnd; run += Run.SIZE) {
    stscEntries += u32(load<u64>(run) != shape);
    shape = load<u64>(run);
  }
  store<u32>(record, <u32>((track.adjacentEnd - track.adjacent) / Run.SIZE), TrackRecord.CHUNKS);
  store<u32>(record, stscEntries, TrackRecord.STSC_ENTRIES);
}

/** Counts the runs of one track's `traf`s: fragments divide those of the file. */
@unmanaged
class RunCounter {
  trafs: u32;
  truns: u32;
  /** The next run of the file. */
  run: usize;
  /** Samples of the runs that were passed, and of the fragments. */
  passed: u32;
  begun: u32;

  /** Goes on over the fragments of the piece at present. */
  count(piece: Piece, trackIndex: u32): void {
    const record = recordOf(piece.index, trackIndex);
    for (let fragment: u32 = 1; fragment <= piece.fragments; fragment++) {
      const end = bound(piece, fragment, trackIndex);
      if (end == this.begun) continue;
      // A run that the fragment before ended in goes on here.
      const goesOn = this.passed > this.begun;
      const first = goesOn ? this.run - Run.SIZE : this.run;
      let description = goesOn ? load<u32>(first, Run.VALUE) : 0;
      let run = this.run;
      let passed = this.passed;
      let trafs = u32(goesOn);
      for (; passed < end; run += Run.SIZE) {
        trafs += u32(load<u32>(run, Run.VALUE) != description);
        description = load<u32>(run, Run.VALUE);
        passed += load<u32>(run, Run.COUNT);
      }
      this.trafs += trafs;
      this.truns += <u32>((run - first) / Run.SIZE);
      // The last sample of a uniform track is a run of its own.
      const lone =
        end == load<u32>(record, TrackRecord.SAMPLES) &&
        (load<u32>(record, TrackRecord.FLAGS) & TrackFlag.Uniform) != 0;
      if (lone && end - max(this.begun, passed - load<u32>(run - Run.SIZE, Run.COUNT)) > 1) this.truns += 1;
      this.run = run;
      this.passed = passed;
      this.begun = end;
    }
  }
}
