import { Status, Warning } from "../abi";
import { Box, fullBoxVersion, tableCount, u32be, u64be, fourcc } from "../reader";
import { fail, failed, reserve } from "../status";
import { Chunk, TrackTables } from "../track-tables";

/**
 * Sample-to-chunk (ISO/IEC 14496-12 clause 8.7.4) together with chunk offsets (clause 8.7.5, `stco` or `co64`): the
 * track's chunks. Together they must hold every sample; what they hold beyond is ignored, with a warning.
 */
export function readChunks(stsc: Box, offsets: Box, track: TrackTables): void {
  fullBoxVersion(stsc, 0);
  fullBoxVersion(offsets, 0);
  const wide = offsets.type == fourcc(0x63, 0x6f, 0x36, 0x34); // co64
  const runs = tableCount(stsc, 4, 12);
  const chunks = tableCount(offsets, 4, wide ? 8 : 4);
  if (failed()) return;
  track.chunks = reserve(<u64>chunks * Chunk.SIZE);
  if (failed()) return;
  let left = track.samples;
  let run = stsc.body + 8;
  const end = run + <usize>runs * 12;
  let chunk: u32 = 1;
  let to = track.chunks;
  if (runs == 0 ? left > 0 : u32be(run) != 1) return fail(Status.BadTable, stsc.type, stsc.start);
  for (; run < end && left > 0; run += 12) {
    const perChunk = u32be(run + 4);
    const description = u32be(run + 8);
    const until: u64 = run + 12 < end ? u32be(run + 12) : <u64>chunks + 1;
    if (until <= chunk || until > <u64>chunks + 1) return fail(Status.BadTable, stsc.type, run);
    if (description == 0 || description > track.entryCount || perChunk == 0) {
      return fail(Status.BadTable, stsc.type, run);
    }
    for (; chunk < <u32>until && left > 0; chunk++, to += Chunk.SIZE) {
      const at = offsets.body + 8 + ((<usize>(chunk - 1)) << (wide ? 3 : 2));
      const samples = min(perChunk, left);
      if (perChunk > left) track.warnings |= Warning.ChunksRepaired;
      store<u64>(to, wide ? u64be(at) : u32be(at), Chunk.OFFSET);
      store<u32>(to, samples, Chunk.SAMPLES);
      store<u32>(to, description, Chunk.DESCRIPTION);
      left -= samples;
    }
  }
  if (chunk <= chunks || run < end) track.warnings |= Warning.ChunksRepaired;
  if (left > 0) return fail(Status.Inconsistent, stsc.type, stsc.start);
  track.chunkCount = <u32>((to - track.chunks) / Chunk.SIZE);
}
