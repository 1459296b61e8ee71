import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { TrackTables } from "./track-tables";
import { Code } from "../abi/codes";
import { beginFullBox, endBox, put32, Writer } from "../memory/writer";

/** Track a `trex` speaks of, 0 after a failure. */
export function trexTrackId(box: Box): u32 {
  fullBoxVersion(box, 0);
  if (!failed() && box.end - box.body < 24) failIn(box, Status.BadBoxSize);
  return failed() ? 0 : u32be(box.body + 4);
}

/** Track extends, ISO/IEC 14496-12 clause 8.8.3: the defaults of a track's fragments. */
export function readTrex(box: Box, track: TrackTables): void {
  track.hasTrex = true;
  track.defaultDescription = u32be(box.body + 8);
  track.defaultDuration = u32be(box.body + 12);
  track.defaultSize = u32be(box.body + 16);
  track.defaultFlags = u32be(box.body + 20);
}

/** Writes the box: the first sample description, and no other defaults. @param sampleFlags of samples without flags of their own */
export function writeTrex(out: Writer, trackId: u32, sampleFlags: u32): void {
  const box = beginFullBox(out, Code.trex, 0, 0);
  put32(out, trackId);
  put32(out, 1);
  put32(out, 0);
  put32(out, 0);
  put32(out, sampleFlags);
  endBox(out, box);
}
