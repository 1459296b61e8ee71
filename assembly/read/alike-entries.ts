/** Sample descriptions that stand in a track several times. */
import { u32be } from "../memory/reader";
import { Chunk, TrackTables } from "../box/track-tables";

/**
 * Lets a track whose sample entries are all the same byte by byte have one of them: editors write one for each part that they joined, and
 * nothing changes where the next one begins.
 */
export function joinAlikeEntries(track: TrackTables): void {
  const count = track.entryCount;
  const first = track.entries;
  if (count < 2) return;
  const size = <usize>u32be(first);
  if (size < 8 || size * count != track.entriesLength) return;
  for (let entry = first + size; entry < first + size * count; entry += size) {
    if (memory.compare(first, entry, size) != 0) return;
  }
  track.entryCount = 1;
  track.entriesLength = <u32>size;
  const end = track.chunks + <usize>track.chunkCount * Chunk.SIZE;
  for (let chunk = track.chunks; chunk < end; chunk += Chunk.SIZE) store<u32>(chunk, 1, Chunk.DESCRIPTION);
}
