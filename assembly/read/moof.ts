/** Movie fragments to track tables (ISO/IEC 14496-12 clause 8.8): counted first, so that nothing has to grow. */
import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { isSync } from "../box/sample-flags";
import { readTfdt } from "../box/tfdt";
import { BASE_DATA_OFFSET, DEFAULT_BASE_IS_MOOF, FragmentDefaults, readTfhd, tfhdTrackId } from "../box/tfhd";
import {
  COMPOSITION,
  DATA_OFFSET,
  DURATION,
  FIRST_SAMPLE_FLAGS,
  readTrun,
  SAMPLE_FLAGS,
  SAMPLE_SIZE,
  TrackRun,
} from "../box/trun";
import { JUMP_RUNS, jumpTo } from "./decode-times";
import { Movie, trackAt, trackById } from "./moov";
import { Box, failIn, newBox, nextBox, u32be } from "../memory/reader";
import { fail, failed, fileOffsetOf, make, reserve } from "../memory/status";
import {
  appendRun,
  appendSync,
  Chunk,
  END_OFFSET,
  endChunks,
  MAX_SAMPLES,
  MAX_TIME,
  sumDurations,
  TrackTables,
} from "../box/track-tables";
import { word } from "../memory/words";

/** Samples without an entry of their own that are written out one by one (a constant size is not). */
const MAX_DEFAULT_SIZES: u32 = 4 << 20;
const CHUNK: u32 = <u32>Chunk.SIZE;

/** What a pass over the fragments is for. */
export const enum Pass {
  /** Where the fragments' media ends. */
  Reach,
  /** How much the tables grow. */
  Count,
  Fill,
}

/** The reading heads of one pass over the fragments. */
@unmanaged
export class FragmentReader {
  movie: Movie;
  traf: Box;
  box: Box;
  defaults: FragmentDefaults;
  run: TrackRun;
  pass: Pass;
  /** What the data offsets of the current track fragment count from. */
  base: u64;
  /** Where the next run without a data offset starts. */
  position: u64;
  /** Where the media ends that was met in a pass for it. */
  reach: u64;
}

/** A reader of the movie fragments that belong to a movie. */
export function newFragmentReader(movie: Movie): FragmentReader {
  const reader = make<FragmentReader>();
  reader.movie = movie;
  reader.traf = newBox();
  reader.box = newBox();
  reader.defaults = make<FragmentDefaults>();
  reader.run = make<TrackRun>();
  return reader;
}

/** Takes one `moof`, for whatever the pass is. */
export function readMoof(reader: FragmentReader, moof: Box): void {
  const moofOffset = fileOffsetOf(moof.start);
  reader.position = moofOffset;
  const traf = reader.traf;
  traf.end = moof.body;
  while (nextBox(traf, moof)) {
    if (traf.type == Code.traf) readTraf(reader, moofOffset);
  }
}

function readTraf(reader: FragmentReader, moofOffset: u64): void {
  const box = reader.box;
  const traf = reader.traf;
  let track: TrackTables | null = null;
  box.end = traf.body;
  while (nextBox(box, traf)) {
    if (box.type == Code.tfhd) {
      if (track != null) return failIn(box, Status.DuplicateBox);
      track = trackById(reader.movie, tfhdTrackId(box));
      if (track == null) return failIn(box, Status.UnknownTrack);
      readTfhd(box, track, reader.defaults);
      if (reader.defaults.flags & BASE_DATA_OFFSET) reader.position = reader.defaults.baseDataOffset;
      else if (reader.defaults.flags & DEFAULT_BASE_IS_MOOF) reader.position = moofOffset;
      // Without either flag the second and later tracks count from the end of the track before (clause 8.8.7.1).
      reader.base = reader.position;
    } else if (box.type == Code.tfdt) {
      if (track == null) return fail(Status.MissingBox, Code.tfhd, traf.start);
      const dts = readTfdt(box);
      if (dts > MAX_TIME) return failIn(box, Status.Overflow);
      if (reader.pass == Pass.Fill) jumpTo(track, dts);
      else if (reader.pass == Pass.Count) track.ownDurations += JUMP_RUNS;
    } else if (box.type == Code.trun) {
      if (track == null) return fail(Status.MissingBox, Code.tfhd, traf.start);
      readTrun(box, reader.run);
      if (failed()) return;
      if (reader.pass == Pass.Count) countRun(reader, track);
      else if (!place(reader)) return failIn(box, Status.OutsideFile);
      else if (reader.pass == Pass.Fill) fillRun(reader, track);
      else reachRun(reader);
    }
  }
  if (!failed() && track == null) fail(Status.MissingBox, Code.tfhd, traf.start);
}

/** Where a run's media starts. False when that is before the file. */
function place(reader: FragmentReader): bool {
  const run = reader.run;
  if (!(run.flags & DATA_OFFSET)) return true;
  const at = <i64>reader.base + run.dataOffset;
  if (at >= 0) reader.position = <u64>at;
  return at >= 0;
}

function reachRun(reader: FragmentReader): void {
  const run = reader.run;
  let bytes: u64 = 0;
  if (run.flags & SAMPLE_SIZE) {
    const end = run.sizes + <usize>run.samples * run.entrySize;
    for (let at = run.sizes; at < end; at += run.entrySize) bytes += u32be(at);
  } else bytes = <u64>run.samples * reader.defaults.size;
  reader.position = min(reader.position, END_OFFSET) + min(bytes, END_OFFSET);
  if (run.samples > 0) reader.reach = max(reader.reach, reader.position);
}

function countRun(reader: FragmentReader, track: TrackTables): void {
  const run = reader.run;
  const samples = run.samples;
  if (samples == 0) return;
  if (<u64>track.samples + track.added + samples > MAX_SAMPLES) {
    return failIn(reader.box, Status.TooMany);
  }
  if (run.flags & SAMPLE_SIZE || (track.runCount > 0 && track.constantSize != reader.defaults.size)) {
    track.mixedSizes = true;
  }
  if (!(run.flags & SAMPLE_SIZE)) {
    // Runs without any field of their own cost no bytes, so their count is bounded here.
    track.defaultSizes += samples;
    if (reader.defaults.size == 0 && samples > 0xffff) return failIn(reader.box, Status.TooMany);
  }
  if (track.runCount == 0 && track.samples == 0) track.constantSize = reader.defaults.size;
  else if (track.sizes != 0 || track.constantSize != reader.defaults.size) track.mixedSizes = true;
  track.added += samples;
  track.ownDurations += run.flags & DURATION ? samples : 1;
  track.ownOffsets += run.flags & COMPOSITION ? samples : 1;
  track.ownFlags += run.flags & SAMPLE_FLAGS ? samples : 2;
  track.runCount++;
}

/** After counting: makes room for what the fragments add to each track's tables. */
export function makeRoom(movie: Movie): void {
  for (let i: u32 = 0; i < movie.trackCount && !failed(); i++) {
    const track = trackAt(movie, i);
    track.nextDts = sumDurations(track);
    if (track.runCount == 0) continue;
    if (track.mixedSizes) {
      if (track.defaultSizes > MAX_DEFAULT_SIZES || (track.samples > MAX_DEFAULT_SIZES && track.sizes == 0)) {
        return fail(Status.TooMany, Code.trun, track.stbl);
      }
      const sizes = reserve((<u64>track.samples + track.added) * 4 + 16);
      if (failed()) return;
      if (track.sizes != 0) memory.copy(sizes, track.sizes, (<usize>track.samples) << 2);
      else for (let k: u32 = 0; k < track.samples; k++) store<u32>(word(sizes, k), track.constantSize);
      track.sizes = sizes;
    }
    track.durations = grown(track.durations, track.durationRuns * 8, <u64>track.ownDurations * 8);
    track.offsets = grown(track.offsets, track.offsetRuns * 8, <u64>track.ownOffsets * 8 + 8);
    if (track.offsetRuns == 0) track.offsetRuns = appendRun(track.offsets, 0, track.samples, 0);
    track.syncs = grown(track.syncs, track.syncRuns * 4, <u64>track.ownFlags * 4 + 8);
    track.chunks = grown(track.chunks, track.chunkCount * CHUNK, (<u64>track.runCount + 1) * CHUNK);
  }
}

function grown(table: usize, used: usize, more: u64): usize {
  const copy = reserve(<u64>used + more + 16);
  if (!failed() && used > 0) memory.copy(copy, table, used);
  return copy;
}

/** Adds the samples of a run to the tables of its track: one chunk. */
function fillRun(reader: FragmentReader, track: TrackTables): void {
  const run = reader.run;
  if (run.samples == 0) return;
  if (reader.position >= END_OFFSET) return fail(Status.OutsideFile, Code.stco, track.stbl);
  fillDurations(reader, track);
  if (track.nextDts > MAX_TIME) return failIn(reader.box, Status.Overflow);
  const bytes = fillSizes(reader, track);
  const chunk = track.chunks + <usize>track.chunkCount * CHUNK;
  store<u64>(chunk, reader.position, Chunk.OFFSET);
  store<u32>(chunk, run.samples, Chunk.SAMPLES);
  store<u32>(chunk, reader.defaults.description, Chunk.DESCRIPTION);
  store<u64>(chunk, bytes, Chunk.BYTES);
  endChunks(chunk + Chunk.SIZE);
  track.bytes += bytes;
  track.chunkCount += 1;
  reader.position += bytes;
  fillFlags(reader, track);
  fillOffsets(reader, track);
  track.samples += run.samples;
}

function fillDurations(reader: FragmentReader, track: TrackTables): void {
  const run = reader.run;
  const samples = run.samples;
  const step = run.entrySize;
  let used = track.durationRuns;
  let time = <u64>samples * reader.defaults.duration;
  if (run.flags & DURATION) {
    time = 0;
    for (let i: u32 = 0, at = run.durations; i < samples; i++, at += step) {
      const duration = u32be(at);
      time += duration;
      used = appendRun(track.durations, used, 1, duration);
    }
  } else used = appendRun(track.durations, used, samples, reader.defaults.duration);
  track.durationRuns = used;
  track.nextDts += time;
}

/** Returns the bytes of all samples. */
function fillSizes(reader: FragmentReader, track: TrackTables): u64 {
  const run = reader.run;
  const samples = run.samples;
  if (track.sizes == 0) return <u64>samples * track.constantSize;
  const step = run.entrySize;
  const own = (run.flags & SAMPLE_SIZE) != 0;
  let bytes: u64 = 0;
  let to = word(track.sizes, track.samples);
  for (let i: u32 = 0, at = run.sizes; i < samples; i++, at += step, to += 4) {
    const size = own ? u32be(at) : reader.defaults.size;
    store<u32>(to, size);
    bytes += size;
  }
  return bytes;
}

function fillOffsets(reader: FragmentReader, track: TrackTables): void {
  const run = reader.run;
  const samples = run.samples;
  const step = run.entrySize;
  let used = track.offsetRuns;
  if (run.flags & COMPOSITION) {
    for (let i: u32 = 0, at = run.offsets; i < samples; i++, at += step) {
      used = appendRun(track.offsets, used, 1, u32be(at));
    }
  } else used = appendRun(track.offsets, used, samples, 0);
  track.offsetRuns = used;
}

// Samples of this track fragment that carry no own flags take the first sample's, then the default (clause 8.8.8.1).
function fillFlags(reader: FragmentReader, track: TrackTables): void {
  const run = reader.run;
  let used = track.syncRuns;
  let i: u32 = 0;
  if (run.flags & FIRST_SAMPLE_FLAGS) {
    used = appendSync(track.syncs, used, 1, isSync(run.firstFlags));
    i = 1;
  }
  if (run.flags & SAMPLE_FLAGS) {
    for (let at = run.sampleFlags + <usize>i * run.entrySize; i < run.samples; i++, at += run.entrySize) {
      used = appendSync(track.syncs, used, 1, isSync(u32be(at)));
    }
  } else used = appendSync(track.syncs, used, run.samples - i, isSync(reader.defaults.sampleFlags));
  track.syncRuns = used;
}
