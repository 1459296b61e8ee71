import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "./track-tables";
import { Code } from "../abi/codes";
import { beginFullBox, endBox, put32, putBytes, putZeros, Writer } from "../memory/writer";

/** Handler reference, ISO/IEC 14496-12 clause 8.4.3. The name that follows is not used, so it may lack its NUL. */
export function readHdlr(box: Box, track: TrackTables): void {
  fullBoxVersion(box, 0);
  if (failed()) return;
  if (box.end - box.body < 12) return failIn(box, Status.BadBoxSize);
  track.handler = u32be(box.body + 8);
}

/** Whether more than a NUL, or the count of an empty name, follows the fields. */
export function isNamedHdlr(box: Box): bool {
  return box.end - box.body > 25;
}

/** Writes the box with an empty name. */
export function writeHdlr(out: Writer, handler: u32): void {
  const box = beginFullBox(out, Code.hdlr, 0, 0);
  put32(out, 0);
  put32(out, handler);
  putZeros(out, 13); // reserved, and an empty name
  endBox(out, box);
}

/**
 * Writes the box of a file as MPEG-4 has it: QuickTime's has a component type where that has 0, and a count in front of the name
 * where that has a NUL behind it.
 */
export function writeHdlrOf(out: Writer, kept: Box): void {
  const name = kept.body + 24;
  const isCounted = kept.end > name && u32be(kept.body + 4) != 0 && <usize>load<u8>(name) < kept.end - name;
  if (!isCounted) return putBytes(out, kept.start, kept.end - kept.start);
  const box = beginFullBox(out, Code.hdlr, 0, 0);
  put32(out, 0);
  put32(out, u32be(kept.body + 8));
  putZeros(out, 12);
  putBytes(out, name + 1, load<u8>(name));
  putZeros(out, 1);
  endBox(out, box);
}
