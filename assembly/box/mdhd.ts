import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u16be, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { Presentation } from "./presentation";
import { TrackTables } from "./track-tables";
import { Code } from "../abi/codes";
import { MovieTrack } from "../abi/records";
import { beginFullBox, endBox, put16, put32, put64, putZeros, Writer } from "../memory/writer";

/** Media header, ISO/IEC 14496-12 clause 8.4.2. Its duration is not used: the sample tables say it better. */
export function readMdhd(box: Box, track: TrackTables): void {
  const version = fullBoxVersion(box, 1);
  if (failed()) return;
  if (box.end - box.body < (version == 1 ? 36 : 24)) return failIn(box, Status.BadBoxSize);
  track.timescale = u32be(box.body + (version == 1 ? 20 : 12));
  track.language = u16be(box.body + (version == 1 ? 32 : 20));
  if (track.timescale == 0) failIn(box, Status.BadTimescale);
}

/** @param track MovieTrack */
export function writeMdhd(out: Writer, track: usize, fragmented: bool): void {
  const duration = fragmented ? 0 : load<u64>(track, MovieTrack.DURATION);
  const wide = duration >= u32.MAX_VALUE;
  const box = beginFullBox(out, Code.mdhd, u32(wide), 0);
  putZeros(out, wide ? 16 : 8);
  put32(out, load<u32>(track, MovieTrack.TIMESCALE));
  if (wide) put64(out, duration);
  else put32(out, <u32>duration);
  put16(out, load<u16>(track + Presentation.LANGUAGE));
  put16(out, 0);
  endBox(out, box);
}
