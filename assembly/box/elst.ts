import { Status } from "../abi/names";
import { Box, fullBoxVersion, tableCount } from "../memory/reader";
import { fail, failed } from "../memory/status";
import { TrackTables } from "./track-tables";
import { u32be, u64be } from "../memory/reader";
import { Code } from "../abi/codes";
import { MovieTrack } from "../abi/records";
import { beginBox, beginFullBox, endBox, put32, put64, Writer } from "../memory/writer";

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

/**
 * Writes `edts` around it.
 * @param track MovieTrack
 * @param fragmented the media are those of all fragments
 */
export function writeEdts(out: Writer, track: usize, fragmented: bool): void {
  const delay = load<u64>(track, MovieTrack.EDIT_DELAY);
  // 0 is all of the media that the fragments hold (clause 8.6.6.1).
  const length = fragmented ? 0 : load<u64>(track, MovieTrack.EDIT_DURATION);
  const time = load<i64>(track, MovieTrack.EDIT_TIME);
  const wide = delay >= u32.MAX_VALUE || length >= u32.MAX_VALUE || time > i32.MAX_VALUE;
  const edts = beginBox(out, Code.edts);
  const elst = beginFullBox(out, Code.elst, u32(wide), 0);
  put32(out, delay > 0 ? 2 : 1);
  if (delay > 0) putEdit(out, delay, -1, wide);
  putEdit(out, length, time, wide);
  endBox(out, elst);
  endBox(out, edts);
}

function putEdit(out: Writer, duration: u64, time: i64, wide: bool): void {
  if (wide) {
    put64(out, duration);
    put64(out, time);
  } else {
    put32(out, <u32>duration);
    put32(out, <u32>time);
  }
  put32(out, 0x1_0000);
}
