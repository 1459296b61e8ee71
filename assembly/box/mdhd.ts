import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u16be, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "../read/track-tables";

/** Media header, ISO/IEC 14496-12 clause 8.4.2. Its duration is not used: the sample tables say it better. */
export function readMdhd(box: Box, track: TrackTables): void {
  const version = fullBoxVersion(box, 1);
  if (failed()) return;
  if (box.end - box.body < (version == 1 ? 36 : 24)) return failIn(box, Status.BadBoxSize);
  track.timescale = u32be(box.body + (version == 1 ? 20 : 12));
  track.language = u16be(box.body + (version == 1 ? 32 : 20));
  if (track.timescale == 0) failIn(box, Status.BadTimescale);
}
