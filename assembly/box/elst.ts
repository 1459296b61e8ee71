import { Status } from "../abi/names";
import { Box, fullBoxVersion, tableCount } from "../memory/reader";
import { fail, failed } from "../memory/status";
import { TrackTables } from "../read/track-tables";
import { u32be, u64be } from "../memory/reader";

/** Edit list, ISO/IEC 14496-12 clause 8.6.6. Entries are kept as they are and resolved once all is known. */
export function readElst(box: Box, track: TrackTables): void {
  track.editVersion = fullBoxVersion(box, 1);
  if (failed()) return;
  const count = tableCount(box, 4, editSize(track.editVersion));
  if (failed()) return;
  track.edits = box.body + 8;
  track.editCount = count;
  for (let i: u32 = 0; i < count; i++) {
    const entry = track.edits + <usize>i * editSize(track.editVersion);
    const mediaTime = editMediaTime(entry, track.editVersion);
    // A rate other than 1 is a dwell or a trick mode; only the integer part is in use (16.16).
    const rate = u32be(entry + editSize(track.editVersion) - 4);
    if (mediaTime < -1 || (mediaTime >= 0 && rate != 0x1_0000)) return fail(Status.BadEditList, box.type, entry);
  }
}

/** Bytes of one entry. */
export function editSize(version: u32): usize {
  return version == 1 ? 20 : 12;
}

/** Ticks of the movie timescale. */
export function editDuration(entry: usize, version: u32): u64 {
  return version == 1 ? u64be(entry) : u32be(entry);
}

/** Ticks of the track's timescale, -1 for an empty edit. */
export function editMediaTime(entry: usize, version: u32): i64 {
  return version == 1 ? <i64>u64be(entry + 8) : <i64>(<i32>u32be(entry + 4));
}
