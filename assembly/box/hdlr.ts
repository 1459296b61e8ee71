import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "../read/track-tables";

/** Handler reference, ISO/IEC 14496-12 clause 8.4.3. The name that follows is not used, so it may lack its NUL. */
export function readHdlr(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  if (failed()) return;
  if (box.end - box.body < 12) return failIn(box, Status.BadBoxSize);
  track.handler = u32be(box.body + 8);
}
