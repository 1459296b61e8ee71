import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be, u64be } from "../memory/reader";
import { failed } from "../memory/status";
import { Code } from "../abi/codes";
import { beginFullBox, endBox, put16, put32, put64, putZeros, Writer } from "../memory/writer";
import { putUnityMatrix } from "./matrix";

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

/**
 * Writes the box. No clock goes into an output: creation and modification times are 0 everywhere.
 * @param duration ticks of `timescale`
 * @param nextTrack an identifier that no track has
 */
export function writeMvhd(out: Writer, timescale: u32, duration: u64, nextTrack: u32): void {
  const wide = duration >= u32.MAX_VALUE;
  const box = beginFullBox(out, Code.mvhd, u32(wide), 0);
  putZeros(out, wide ? 16 : 8);
  put32(out, timescale);
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  put32(out, 0x1_0000);
  put16(out, 0x100);
  putZeros(out, 10);
  putUnityMatrix(out);
  putZeros(out, 24);
  put32(out, nextTrack);
  endBox(out, box);
}
