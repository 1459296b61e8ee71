import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be, u64be } from "../memory/reader";
import { failed } from "../memory/status";

/** What `mvhd` says (clause 8.2.2). */
@unmanaged
export class MovieHeader {
  timescale: u32;
  /** Seconds since 1904-01-01T00:00:00Z; 0 when not stated. */
  creationTime: u64;
  /** 36 bytes in the metadata buffer. */
  matrix: usize;
}

/** Movie header, ISO/IEC 14496-12 clause 8.2.2. */
export function readMvhd(box: Box, movie: MovieHeader): void {
  const version = fullBoxVersion(box, 1);
  if (failed()) return;
  if (box.end - box.body < (version == 1 ? 112 : 100)) return failIn(box, Status.BadBoxSize);
  movie.creationTime = version == 1 ? u64be(box.body + 4) : u32be(box.body + 4);
  movie.timescale = u32be(box.body + (version == 1 ? 20 : 12));
  movie.matrix = box.body + (version == 1 ? 48 : 36);
  if (movie.timescale == 0) failIn(box, Status.BadTimescale);
}
