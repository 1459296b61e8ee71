/** The file order of a segment's samples as columns of its index. */
import { CODES_ROOM, packCodes, putVarint, trackBits, varintLength } from "../index/columns";
import { close, copyColumn, IndexWriter, place } from "./index-writer";
import { Order } from "./order";
import { IndexHeader, TrackRecord } from "../abi/records";
import { failed, reserve } from "../memory/status";
import { Run, TrackTables } from "../box/track-tables";

/** Writes the file order: runs of the tracks, and jumps of the file offset. */
export function encodeOrder(writer: IndexWriter, order: Order, tracks: u32, samples: u32): void {
  const bits = trackBits(tracks);
  const asBits = (<u64>samples + 7) >> 3;
  const kind: u32 = tracks == 2 && runsExceed(order, asBits) ? 1 : 0;
  store<u32>(writer.start, kind, IndexHeader.ORDER_KIND);
  place(writer, writer.start, IndexHeader.ORDER_OFFSET);
  let to = writer.next;
  if (kind == 1) {
    putBits(to, order, samples);
    to += <usize>asBits;
  } else {
    for (let run = order.runs; run < order.runsEnd; run += Run.SIZE) {
      to = putVarint(to, ((<u64>load<u32>(run, Run.COUNT)) << bits) | load<u32>(run, Run.VALUE));
    }
  }
  writer.next = to;
  close(writer, writer.start, IndexHeader.ORDER_OFFSET);
  copyColumn(writer, writer.start, IndexHeader.JUMPS_OFFSET, order.jumps, order.jumpsEnd - order.jumps);
}

/** Writes one bit a sample. */
function putBits(to: usize, order: Order, samples: u32): void {
  const codes = reserve(<u64>samples + CODES_ROOM);
  if (failed()) return;
  let at = codes;
  for (let run = order.runs; run < order.runsEnd; run += Run.SIZE) {
    const next = at + load<u32>(run, Run.COUNT);
    // Eight at once: those that are too many are overwritten.
    for (; at < next; at += 8) store<u64>(at, <u64>load<u32>(run, Run.VALUE) * 0x0101_0101_0101_0101);
    at = next;
  }
  packCodes(to, codes, at, 1);
}

/** Whether run lengths of two tracks take more than `limit` bytes, of which each takes at least one. */
function runsExceed(order: Order, limit: u64): bool {
  let run = order.runs;
  if ((order.runsEnd - run) / Run.SIZE > limit) return true;
  let length: u64 = 0;
  for (; run < order.runsEnd; run += Run.SIZE) length += varintLength((<u64>load<u32>(run, Run.COUNT)) << 1);
  return length > limit;
}

/** Writes the runs of sample descriptions of a track. */
export function encodeEntries(writer: IndexWriter, record: usize, track: TrackTables): void {
  place(writer, record, TrackRecord.ENTRIES_OFFSET);
  let description: u32 = 1;
  let samples: u32 = 0;
  let to = writer.next;
  if (track.entryCount == 1) samples = track.samples;
  else
    for (let run = track.adjacent; run < track.adjacentEnd; run += Run.SIZE) {
      const next = load<u32>(run, Run.VALUE);
      if (next != description && samples > 0) {
        to = putVarint(putVarint(to, samples), description);
        samples = 0;
      }
      description = next;
      samples += load<u32>(run, Run.COUNT);
    }
  writer.next = putVarint(putVarint(to, samples), description);
  close(writer, record, TrackRecord.ENTRIES_OFFSET);
}
