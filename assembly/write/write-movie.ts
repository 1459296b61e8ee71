/** `ftyp` and `moov` of an output, progressive or the init segment of a fragmented one; table entries are spliced in. */
import { Code } from "../abi/codes";
import { TrackFlag } from "../abi/names";
import { MovieTrack, Result, Splice } from "../abi/records";
import { chaptersBound, writeChapters } from "../box/chpl";
import { writeFtyp } from "../box/ftyp";
import { writeMehd } from "../box/mehd";
import { writeMvhd } from "../box/mvhd";
import { NON_SYNC_FLAGS, SYNC_FLAGS } from "../box/sample-flags";
import { writeTrex } from "../box/trex";
import { MovieWriter } from "./movie-writer";
import { failed, listed, output, reserve, RESULT } from "../memory/status";
import { writeMovieDescription, writeUserData } from "./write-kept";
import { writeTrak } from "./write-trak";
import { beginBox, endBox, endUnlessEmpty, newWriter, Writer } from "../memory/writer";

/** Flags of `tkhd` (clause 8.3.2.3). */
const TRACK_ENABLED: u32 = 1;
const TRACK_IN_MOVIE: u32 = 2;

/**
 * Writes the headers. RESULT: the bytes and their length; A: address and count of the splices (high and low half);
 * B: the length with all splices.
 * @param fragmented writes `mvex` and empty tables instead of splices
 * @param wide chunk offsets of 64 bits
 * @param timescale movie ticks a second
 * @param duration movie ticks of the longest media: readers stop there, whatever edit lists say
 * @param chapters `chapterCount` Chapter records
 */
export function writeMovie(
  tracks: usize,
  count: u32,
  timescale: u32,
  duration: u64,
  fragmented: bool,
  wide: bool,
  chapters: usize,
  chapterCount: u32,
): void {
  let room: u64 = 512 + chaptersBound(chapterCount);
  for (let i: u32 = 0; i < count; i++) {
    const track = tracks + <usize>i * MovieTrack.SIZE;
    // A track writes its own kept boxes and, the first one, those of its movie.
    room += 1024 + <u64>load<u32>(track, MovieTrack.DESCRIPTION_LENGTH) + load<u32>(track, MovieTrack.KEPT_LENGTH);
  }
  const out = newWriter(room);
  const movie = changetype<MovieWriter>(reserve(offsetof<MovieWriter>()));
  const splices = reserve(<u64>count * 8 * Splice.SIZE);
  if (out == null || failed()) return;
  movie.out = out;
  movie.splices = splices;
  movie.spliceCount = 0;
  movie.spliced = 0;
  writeFtyp(out, fragmented);
  const moov = beginBox(out, Code.moov);
  enableTracks(tracks, count);
  let highest: u32 = 0;
  for (let i: u32 = 0; i < count; i++)
    highest = max(highest, load<u32>(tracks + <usize>i * MovieTrack.SIZE, MovieTrack.ID));
  writeMvhd(out, timescale, duration, highest + 1);
  for (let i: u32 = 0; i < count; i++) {
    writeTrak(movie, tracks, count, i, fragmented, wide);
  }
  if (fragmented) writeMvex(out, tracks, count, duration);
  const udta = beginBox(out, Code.udta);
  if (count > 0) writeUserData(out, tracks);
  writeChapters(out, chapters, chapterCount);
  endUnlessEmpty(out, udta);
  if (count > 0) writeMovieDescription(out, tracks);
  endBox(out, moov, movie.spliced);
  const length = out.next - out.start;
  output(out.start, length);
  listed(movie.splices, movie.spliceCount);
  store<u64>(RESULT, <u64>length + movie.spliced, Result.TOTAL);
}

/** Where no track is enabled, nothing would be shown: writers that leave the flags out mean all of them. */
function enableTracks(tracks: usize, count: u32): void {
  const end = tracks + <usize>count * MovieTrack.SIZE;
  for (let track = tracks; track < end; track += MovieTrack.SIZE) {
    if (load<u32>(track, MovieTrack.TKHD_FLAGS) & TRACK_ENABLED) return;
  }
  for (let track = tracks; track < end; track += MovieTrack.SIZE) {
    const flags = load<u32>(track, MovieTrack.TKHD_FLAGS) | TRACK_ENABLED | TRACK_IN_MOVIE;
    store<u32>(track, flags, MovieTrack.TKHD_FLAGS);
  }
}

function writeMvex(out: Writer, tracks: usize, count: u32, duration: u64): void {
  const mvex = beginBox(out, Code.mvex);
  writeMehd(out, duration);
  for (let i: u32 = 0; i < count; i++) {
    const track = tracks + <usize>i * MovieTrack.SIZE;
    const allSync = (load<u32>(track, MovieTrack.FLAGS) & TrackFlag.AllSync) != 0;
    writeTrex(out, load<u32>(track, MovieTrack.ID), allSync ? SYNC_FLAGS : NON_SYNC_FLAGS);
  }
  endBox(out, mvex);
}
