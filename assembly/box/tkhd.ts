import { Status } from "../abi/names";
import { Box, failIn, fullBoxFlags, fullBoxVersion, u16be, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "./track-tables";
import { Code } from "../abi/codes";
import { MovieTrack } from "../abi/records";
import { beginFullBox, endBox, put16, put32, put64, putBytes, putZeros, setU32be, Writer } from "../memory/writer";
import { putUnityMatrix } from "./matrix";
import { Presentation } from "./presentation";

/** Whether all fields are there. */
export function isWholeTkhd(box: Box): bool {
  return box.end - box.body >= 84 && box.end - box.body >= <usize>(load<u8>(box.body) == 1 ? 96 : 84);
}

/** The id of a whole box. */
export function tkhdTrackId(box: Box): u32 {
  return u32be(box.body + (load<u8>(box.body) == 1 ? 20 : 12));
}

/** Where width and height stand, 16.16 each. */
function sizeAt(box: Box): usize {
  return box.body + (load<u8>(box.body) == 1 ? 88 : 76);
}

/** Sets width and height, 16.16, in the copy of a box that lies `shift` bytes behind it. */
export function setTkhdSize(box: Box, shift: usize, width: u32, height: u32): void {
  setU32be(sizeAt(box) + shift, width);
  setU32be(sizeAt(box) + shift + 4, height);
}

/** Track header, ISO/IEC 14496-12 clause 8.3.2. */
export function readTkhd(box: Box, track: TrackTables): void {
  const version = fullBoxVersion(box, 1);
  if (failed()) return;
  const rest = box.body + (version == 1 ? 36 : 24);
  if (!isWholeTkhd(box)) return failIn(box, Status.BadBoxSize);
  track.tkhdFlags = fullBoxFlags(box);
  track.id = tkhdTrackId(box);
  if (track.id == 0) return failIn(box, Status.Inconsistent);
  track.layer = u16be(rest + 8);
  track.alternateGroup = u16be(rest + 10);
  track.volume = u16be(rest + 12);
  track.matrix = rest + 16;
  track.width = u32be(sizeAt(box));
  track.height = u32be(sizeAt(box) + 4);
}

/** @param track MovieTrack; @param duration of the presentation, movie ticks */
export function writeTkhd(out: Writer, track: usize, duration: u64): void {
  const wide = duration >= u32.MAX_VALUE;
  const box = beginFullBox(out, Code.tkhd, u32(wide), load<u32>(track, MovieTrack.TKHD_FLAGS) & 15);
  putZeros(out, wide ? 16 : 8);
  put32(out, load<u32>(track, MovieTrack.ID));
  put32(out, 0);
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  putZeros(out, 8);
  put16(out, load<u16>(track + Presentation.LAYER));
  put16(out, load<u16>(track + Presentation.ALTERNATE_GROUP));
  // Text has the place of the picture it comes with, but is never turned.
  const text = load<u32>(track, MovieTrack.HANDLER) == Code.sbtl;
  put16(out, text ? 0 : load<u16>(track + Presentation.VOLUME));
  put16(out, 0);
  if (text) putUnityMatrix(out);
  else putBytes(out, track + Presentation.MATRIX, 36);
  put32(out, load<u32>(track + Presentation.WIDTH));
  put32(out, load<u32>(track + Presentation.WIDTH, 4));
  endBox(out, box);
}
