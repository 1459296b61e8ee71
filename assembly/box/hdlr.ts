import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "../read/track-tables";
import { Code } from "../abi/codes";
import { beginFullBox, endBox, put32, putZeros, Writer } from "../memory/writer";

/** Handler reference, ISO/IEC 14496-12 clause 8.4.3. The name that follows is not used, so it may lack its NUL. */
export function readHdlr(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  if (failed()) return;
  if (box.end - box.body < 12) return failIn(box, Status.BadBoxSize);
  track.handler = u32be(box.body + 8);
}

/** Writes the box with an empty name. */
export function writeHdlr(out: Writer, handler: u32): void {
  const box = beginFullBox(out, Code.hdlr, 0, 0);
  put32(out, 0);
  put32(out, handler);
  putZeros(out, 13); // reserved, and an empty name
  endBox(out, box);
}
