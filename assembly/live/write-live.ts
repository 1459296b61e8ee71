/** Headers and movie fragments of a stream that is recorded as it comes. */
import { Code } from "../abi/codes";
import { TrackFlag } from "../abi/names";
import { LiveRun, LiveSample, LiveTrack, MovieTrack } from "../abi/records";
import { putUnityMatrix } from "../box/matrix";
import { writeMfhd } from "../box/mfhd";
import { findInEntry } from "../box/stsd";
import { displayedWidth } from "../box/pasp";
import { Presentation } from "../box/presentation";
import { NON_SYNC_FLAGS, SYNC_FLAGS } from "../box/sample-flags";
import { writeTfdt } from "../box/tfdt";
import { writeTfhd } from "../box/tfhd";
import { beginTrun, COMPOSITION, DURATION, putTrunEntry, SAMPLE_FLAGS, SAMPLE_SIZE } from "../box/trun";
import { visualHeight, visualWidth } from "../box/visual-entry";
import { newBox, readBox } from "../memory/reader";
import { cleared, failed, output } from "../memory/status";
import { beginBox, endBox, newWriter, setU32be, Writer } from "../memory/writer";
import { writeMovie } from "../write/write-movie";

/** Ticks a second of the movie: nothing is told in them. */
const MOVIE_TIMESCALE: u32 = 1000;
/** "und", packed. */
const UNDETERMINED: u16 = 0x55c4;
const FULL_VOLUME: u16 = 0x0100;

/** Writes the headers. RESULT: the bytes. @param tracks `count` LiveTrack records */
export function writeLiveMovie(tracks: usize, count: u32): void {
  const movies = cleared(<usize>count * MovieTrack.SIZE);
  if (failed()) return;
  for (let i: u32 = 0; i < count; i++) {
    const from = tracks + <usize>i * LiveTrack.SIZE;
    const to = movies + <usize>i * MovieTrack.SIZE;
    const handler = load<u32>(from, LiveTrack.HANDLER);
    const entry = load<u32>(from, LiveTrack.ENTRY);
    const length = load<u32>(from, LiveTrack.ENTRY_LENGTH);
    store<u32>(to, load<u32>(from, LiveTrack.ID), MovieTrack.ID);
    store<u32>(to, handler, MovieTrack.HANDLER);
    store<u32>(to, load<u32>(from, LiveTrack.TIMESCALE), MovieTrack.TIMESCALE);
    store<u32>(to, 1, MovieTrack.DESCRIPTION_COUNT);
    store<u32>(to, entry, MovieTrack.DESCRIPTION_POINTER);
    store<u32>(to, length, MovieTrack.DESCRIPTION_LENGTH);
    store<i64>(to, -1, MovieTrack.EDIT_TIME);
    store<u16>(to + Presentation.LANGUAGE, UNDETERMINED);
    const matrix = newWriter(36);
    if (matrix == null) return;
    putUnityMatrix(matrix);
    memory.copy(to + Presentation.MATRIX, matrix.start, 36);
    if (handler == Code.vide) storeSize(to + Presentation.WIDTH, entry, length);
    else {
      store<u32>(to, TrackFlag.AllSync, MovieTrack.FLAGS);
      store<u16>(to + Presentation.VOLUME, FULL_VOLUME);
    }
  }
  if (!failed()) writeMovie(movies, count, MOVIE_TIMESCALE, 0, true, false, 0, 0);
}

/** The size that the pictures are shown at, 16.16 and 16.16: as in the sample entry, wider or narrower by `pasp`. */
export function storeSize(to: usize, entry: usize, length: u32): void {
  const box = newBox();
  const pasp = newBox();
  if (failed() || !readBox(box, entry, entry + length)) return;
  let width = (<u64>visualWidth(box)) << 16;
  if (findInEntry(box, Code.vide, Code.pasp, pasp)) width = displayedWidth(pasp, width);
  store<u32>(to, <u32>width);
  store<u32>(to, visualHeight(box) << 16, 4);
}

/** Writes `moof` and the header of `mdat`. RESULT: the bytes. @param runs `count` LiveRun records, their samples one behind the other */
export function writeLiveFragment(runs: usize, count: u32, samples: usize, sequence: u32): void {
  let total: u64 = 0;
  for (let i: u32 = 0; i < count; i++) total += load<u32>(runs + <usize>i * LiveRun.SIZE, LiveRun.SAMPLES);
  const out = newWriter(64 + <u64>count * 128 + total * 16);
  if (out == null) return;
  const moof = beginBox(out, Code.moof);
  writeMfhd(out, sequence);
  let sample = samples;
  let media: u32 = 0;
  const places = cleared(<usize>count * 8);
  if (failed()) return;
  for (let i: u32 = 0; i < count; i++) {
    const run = runs + <usize>i * LiveRun.SIZE;
    const until = sample + <usize>load<u32>(run, LiveRun.SAMPLES) * LiveSample.SIZE;
    store<u32>(places + <usize>i * 8, media, 4);
    store<u32>(places + <usize>i * 8, <u32>writeRun(out, run, sample, until));
    for (; sample < until; sample += LiveSample.SIZE) media += load<u32>(sample, LiveSample.BYTES);
  }
  endBox(out, moof);
  const header = <u32>(out.next - moof) + 8;
  // Where the media of each run lies is known now.
  for (let i: u32 = 0; i < count; i++) {
    const place = load<u32>(places + <usize>i * 8);
    setU32be(place, header + load<u32>(places + <usize>i * 8, 4));
  }
  endBox(out, beginBox(out, Code.mdat), media);
  output(out.start, out.next - out.start);
}

/** Writes `traf` of a run. Returns where its data offset stands. */
function writeRun(out: Writer, run: usize, from: usize, until: usize): usize {
  const allSync = load<u32>(run, LiveRun.ALL_SYNC) != 0;
  let composed = false;
  for (let sample = from; sample < until; sample += LiveSample.SIZE) {
    composed = composed || load<i32>(sample, LiveSample.COMPOSITION_OFFSET) != 0;
  }
  const traf = beginBox(out, Code.traf);
  writeTfhd(out, 0, load<u32>(run, LiveRun.TRACK_ID), 0, 0, 0, 0);
  writeTfdt(out, load<u64>(run, LiveRun.DTS));
  const fields = DURATION | SAMPLE_SIZE | (allSync ? 0 : SAMPLE_FLAGS) | (composed ? COMPOSITION : 0);
  const trun = beginTrun(out, fields, <u32>((until - from) / LiveSample.SIZE), 0);
  const place = out.next - 4;
  for (let sample = from; sample < until; sample += LiveSample.SIZE) {
    const flags = load<u32>(sample, LiveSample.SYNC) ? SYNC_FLAGS : NON_SYNC_FLAGS;
    const offset = load<i32>(sample, LiveSample.COMPOSITION_OFFSET);
    putTrunEntry(
      out,
      fields,
      load<u32>(sample, LiveSample.DURATION),
      load<u32>(sample, LiveSample.BYTES),
      flags,
      offset,
    );
  }
  endBox(out, trun);
  endBox(out, traf);
  return place;
}
