/** How a file ends: behind its last box, inside it, or in bytes that are no box at all. */
import { Code } from "../abi/codes";
import { Status, Warning } from "../abi/names";
import { Extent } from "../abi/records";
import { isMediaData } from "./media-regions";
import { u32be, u64be } from "../memory/reader";
import { fail, failed, locate, make } from "../memory/status";

/** What the last boxes of a file amount to: how many of them are whole, and what to warn of. */
@unmanaged
export class FileEnd {
  /** Extents in front of what is left out. */
  whole: u32;
  warnings: u32;
  /** Whether the file ends inside its last box, which starts at `offset`. */
  cut: bool;
  /** Whether that is an `mdat`. */
  mediaCut: bool;
  type: u32;
  offset: u64;
}

/**
 * Looks at the last extent: the host hands over what it has of a box that the file ends in, if only a part of its header,
 * and of the last box where that says nothing of its size. What precedes holds all the same. Fails when the file ends inside
 * `ftyp` or `moov`.
 */
export function readFileEnd(extents: usize, count: u32, buffer: usize, fileSize: u64): FileEnd {
  const end = make<FileEnd>();
  if (failed()) return end;
  end.whole = count;
  if (count == 0) return end;
  const extent = extents + <usize>(count - 1) * Extent.SIZE;
  const header = buffer + load<u32>(extent, Extent.BUFFER_OFFSET);
  const length = load<u32>(extent, Extent.LENGTH);
  end.offset = load<u64>(extent, Extent.FILE_OFFSET);
  if (length < 8) {
    leaveOut(end, Warning.TrailingBytes);
    return end;
  }
  end.type = u32be(header + 4);
  let size: u64 = u32be(header);
  if (size == 0) {
    // The box takes the rest of the file; but zeros are no box.
    if (end.type != 0) return end;
    leaveOut(end, Warning.TrailingBytes);
    // Instead of its media: what a power cut did not let a file system write of a fragment reads as zeros.
    if (count > 1 && typeOf(extent - Extent.SIZE, buffer) == Code.moof) leaveOut(end, Warning.LastFragmentDropped);
    return end;
  }
  if (size == 1) size = length < 16 ? u64.MAX_VALUE : u64be(header + 8);
  end.cut = size > fileSize - end.offset;
  if (isMediaData(extent, buffer)) {
    end.mediaCut = end.cut;
    if (end.cut) end.warnings = Warning.MediaPastEnd;
  } else if (end.cut && end.type == Code.moof) {
    leaveOut(end, Warning.LastFragmentDropped);
  } else if (end.cut && (end.type == Code.ftyp || end.type == Code.moov)) {
    failAtEnd(end);
  } else if (size != length) leaveOut(end, Warning.TrailingBytes);
  return end;
}

function typeOf(extent: usize, buffer: usize): u32 {
  return u32be(buffer + load<u32>(extent, Extent.BUFFER_OFFSET) + 4);
}

function leaveOut(end: FileEnd, warning: Warning): void {
  end.whole -= 1;
  end.warnings = warning;
}

/** Notes that a fragment of the file's end is left out. */
export function dropFragment(end: FileEnd): void {
  end.warnings = Warning.LastFragmentDropped;
}

/** Fails because of where the file ends. */
export function failAtEnd(end: FileEnd): void {
  // Any address stands for the place: what the box has is not looked at.
  locate(changetype<usize>(end), end.offset);
  fail(Status.Truncated, end.type, changetype<usize>(end));
}
