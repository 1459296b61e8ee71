import { Status } from "../abi/names";
import { Box, failIn, fullBoxFlags, fullBoxVersion, u16be, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "../read/track-tables";

/** Track header, ISO/IEC 14496-12 clause 8.3.2. */
export function readTkhd(box: Box, track: TrackTables): void {
  const version = fullBoxVersion(box, 1);
  if (failed()) return;
  const rest = box.body + (version == 1 ? 36 : 24);
  if (box.end - box.body < (version == 1 ? 96 : 84)) return failIn(box, Status.BadBoxSize);
  track.tkhdFlags = fullBoxFlags(box);
  track.id = u32be(box.body + (version == 1 ? 20 : 12));
  if (track.id == 0) return failIn(box, Status.Inconsistent);
  track.layer = u16be(rest + 8);
  track.alternateGroup = u16be(rest + 10);
  track.volume = u16be(rest + 12);
  track.matrix = rest + 16;
  track.width = u32be(rest + 52);
  track.height = u32be(rest + 56);
}
