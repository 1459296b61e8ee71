import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { Box, failIn, fullBoxVersion, peekBox, readBox, u32be } from "../memory/reader";
import { failed } from "../memory/status";
import { AUDIO_ENTRY, audioVersion } from "./audio-entry";
import { TrackTables } from "./track-tables";
import { VISUAL_ENTRY } from "./visual-entry";
import { beginFullBox, endBox, put32, putBytes, Writer } from "../memory/writer";

/** Bytes of all sample entries of a track: they are kept with every plan, and have some hundred bytes in recordings. */
const LARGEST = 256 << 10;

/** Sample descriptions, ISO/IEC 14496-12 clause 8.5.2. Entries are kept as they are. */
export function readStsd(box: Box, track: TrackTables, entry: Box): void {
  fullBoxVersion(box, 1);
  if (failed()) return;
  if (box.end - box.body < 8) return failIn(box, Status.BadBoxSize);
  const count = u32be(box.body + 4);
  let pointer = stsdEntries(box);
  track.entries = pointer;
  for (let i: u32 = 0; i < count; i++) {
    // Each entry starts with six reserved bytes and the data reference index.
    if (!readBox(entry, pointer, box.end) || entry.end - entry.body < 8) {
      return failIn(box, Status.BadDescription);
    }
    const type = entry.type;
    // encv enca enct encs: clause 8.12, protected media
    if (type >> 8 == 0x656e63) track.encrypted = true;
    pointer = entry.end;
  }
  if (pointer - track.entries > <usize>LARGEST) return failIn(box, Status.LargeDescription);
  track.entryCount = count;
  track.entriesLength = <u32>(pointer - track.entries);
}

/** Where the sample entries of a box begin. */
export function stsdEntries(stsd: Box): usize {
  return stsd.body + 8;
}

/** Where the boxes inside a sample entry start: after the fields of its handler's kind, and of QuickTime's versions. */
export function entryChildren(entry: Box, handler: u32): usize {
  if (handler == Code.vide) return entry.body + VISUAL_ENTRY;
  if (handler != Code.soun || entry.end - entry.body < AUDIO_ENTRY) return entry.end;
  const version = audioVersion(entry);
  return entry.body + AUDIO_ENTRY + (version == 1 ? 16 : version == 2 ? 36 : 0);
}

/** Finds a child of a sample entry (also inside QuickTime's `wave`). False when there is none, or its body has not the `least` bytes. */
export function findInEntry(entry: Box, handler: u32, type: u32, found: Box, least: usize = 0): bool {
  let pointer = entryChildren(entry, handler);
  let limit = entry.end;
  while (peekBox(found, pointer, limit)) {
    if (found.type == type) return found.end - found.body >= least;
    pointer = found.end;
    if (found.type == Code.wave) {
      pointer = found.body;
      limit = found.end;
    }
  }
  return false;
}

/** @param entries `count` sample entries of `length` bytes in all */
export function writeStsd(out: Writer, count: u32, entries: usize, length: u32): void {
  const box = beginFullBox(out, Code.stsd, 0, 0);
  put32(out, count);
  putBytes(out, entries, length);
  endBox(out, box);
}
