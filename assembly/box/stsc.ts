import { Code } from "../abi/codes";
import { Status, Warning } from "../abi/names";
import { shrinkTo } from "../memory/arena";
import { Box, failIn, fullBoxVersion, nativeWords, tableCount } from "../memory/reader";
import { fail, failed, reserve } from "../memory/status";
import { beginTable, setU32be, Writer } from "../memory/writer";
import { CO64_ENTRY, countOffsets, offsetAt, readOffsets, STCO_ENTRY } from "./stco";
import { Chunk, END_OFFSET, endChunks, TrackTables } from "./track-tables";
import { word } from "../memory/words";

/** Bytes of an entry. */
export const STSC_ENTRY: usize = 12;

/**
 * Sample-to-chunk (ISO/IEC 14496-12 clause 8.7.4) together with chunk offsets (clause 8.7.5, `stco` or `co64`): the
 * track's chunks. Together they must hold every sample; what they hold beyond is ignored, with a warning.
 */
export function readChunks(stsc: Box, offsets: Box, track: TrackTables): void {
  fullBoxVersion(stsc, 0);
  fullBoxVersion(offsets, 0);
  const wide = offsets.type == Code.co64;
  const runs = tableCount(stsc, 4, STSC_ENTRY);
  const chunks = countOffsets(offsets, wide);
  if (failed()) return;
  track.chunks = reserve((<u64>chunks + 1) * Chunk.SIZE);
  const table = nativeWords(stsc.body + 8, <u64>runs * 3);
  let at = readOffsets(offsets, wide, chunks);
  if (failed()) return;
  let highest: u64 = 0;
  let left = track.samples;
  let run = table;
  const end = run + <usize>runs * STSC_ENTRY;
  let chunk: u32 = 1;
  let to = track.chunks;
  if (runs == 0 ? left > 0 : load<u32>(run) != 1) return failIn(stsc, Status.BadTable);
  for (; run < end && left > 0; run += STSC_ENTRY) {
    const perChunk = load<u32>(run, 4);
    const description = load<u32>(run, 8);
    const until: u64 = run + STSC_ENTRY < end ? load<u32>(run, STSC_ENTRY) : <u64>chunks + 1;
    if (
      until <= chunk ||
      until > <u64>chunks + 1 ||
      description == 0 ||
      description > track.entryCount ||
      perChunk == 0
    ) {
      return fail(Status.BadTable, stsc.type, stsc.body + 8 + (run - table));
    }
    let count = <u32>until - chunk;
    let samples = <u64>count * perChunk;
    if (samples > left) {
      count = (left - 1) / perChunk + 1;
      samples = <u64>count * perChunk;
    }
    chunk += count;
    highest |= setChunks(to, count, at, wide, perChunk, description);
    to += <usize>count * Chunk.SIZE;
    at += <usize>count * (wide ? CO64_ENTRY : STCO_ENTRY);
    if (samples > left) {
      store<u32>(to - Chunk.SIZE, perChunk - <u32>(samples - left), Chunk.SAMPLES);
      samples = left;
      track.warnings |= Warning.ChunksRepaired;
    }
    left -= <u32>samples;
  }
  if (chunk <= chunks || run < end) track.warnings |= Warning.ChunksRepaired;
  if (left > 0) return failIn(stsc, Status.Inconsistent);
  track.chunkCount = <u32>((to - track.chunks) / Chunk.SIZE);
  endChunks(to);
  if (highest >= END_OFFSET) return fail(Status.OutsideFile, Code.stco, track.stbl);
  sumChunks(track, to);
  // What was only read for this.
  shrinkTo(table);
}

/** Sets `count` chunks that have as many samples each, but for their bytes. Returns the bits of their offsets, which are read at `at`. */
function setChunks(chunk: usize, count: u32, at: usize, wide: bool, samples: u32, description: u32): u64 {
  let bits: u64 = 0;
  const end = chunk + <usize>count * Chunk.SIZE;
  for (; chunk < end; chunk += Chunk.SIZE, at += wide ? CO64_ENTRY : STCO_ENTRY) {
    const offset = offsetAt(at, wide);
    bits |= offset;
    store<u64>(chunk, offset, Chunk.OFFSET);
    store<u32>(chunk, samples, Chunk.SAMPLES);
    store<u32>(chunk, description, Chunk.DESCRIPTION);
  }
  return bits;
}

/** Begins the box, whose entries follow. Give the result to `endBox`. */
export function beginStsc(out: Writer, entries: u32): usize {
  return beginTable(out, Code.stsc, 0, entries);
}

/** Sets an entry. @param firstChunk from 1 */
export function setStscEntry(at: usize, firstChunk: u32, samples: u32, description: u32): void {
  setU32be(at, firstChunk);
  setU32be(at + 4, samples);
  setU32be(at + 8, description);
}

/** Sets the bytes of the track's chunks, the last of which ends at `end`. */
function sumChunks(track: TrackTables, end: usize): void {
  let total: u64 = 0;
  let size = track.sizes;
  for (let chunk = track.chunks; chunk < end; chunk += Chunk.SIZE) {
    const samples = load<u32>(chunk, Chunk.SAMPLES);
    let bytes = <u64>samples * track.constantSize;
    if (size != 0) {
      const next = word(size, samples);
      for (; size < next; size += 4) bytes += load<u32>(size);
    }
    store<u64>(chunk, bytes, Chunk.BYTES);
    total += bytes;
  }
  track.bytes = total;
}
