/** The file order of a segment's samples as columns of its index. */
import { putVarint, varintLength, zigzag } from "./columns";
import { close, IndexWriter, place } from "./encode-index";
import { Order, OrderRun } from "./order";
import { IndexHeader, TrackRecord } from "./records/summary";

/** Bits that tell `tracks` slots apart. */
export function slotBits(tracks: u32): u32 {
  return tracks <= 1 ? 0 : 32 - clz<u32>(tracks - 1);
}

/** Writes the file order: track runs, jumps of the file offset, and each track's runs of sample descriptions. */
export function encodeOrder(writer: IndexWriter, order: Order, tracks: u32, samples: u32): void {
  const bits = slotBits(tracks);
  const end = order.runs + <usize>order.count * OrderRun.SIZE;
  const asBits = (<u64>samples + 7) >> 3;
  const kind: u32 = tracks == 2 && runsExceed(order.runs, end, asBits) ? 1 : 0;
  store<u32>(writer.start, kind, IndexHeader.ORDER_KIND);
  place(writer, writer.start, IndexHeader.ORDER_OFFSET);
  let to = writer.next;
  if (kind == 1) {
    putBits(to, order.runs, end);
    to += <usize>asBits;
  } else {
    for (let run = order.runs; run < end; run += OrderRun.SIZE) {
      to = putVarint(to, ((<u64>load<u32>(run, OrderRun.SAMPLES)) << bits) | load<u32>(run, OrderRun.SLOT));
    }
  }
  writer.next = to;
  close(writer, writer.start, IndexHeader.ORDER_OFFSET);
  encodeJumps(writer, order, end);
}

/** Whether run lengths of two tracks take more than `limit` bytes, of which each takes at least one. */
function runsExceed(run: usize, end: usize, limit: u64): bool {
  if ((end - run) / OrderRun.SIZE > limit) return true;
  let length: u64 = 0;
  for (; run < end; run += OrderRun.SIZE) length += varintLength((<u64>load<u32>(run, OrderRun.SAMPLES)) << 1);
  return length > limit;
}

// One bit a sample, whole words at a time: what is written past the last sample is overwritten by what follows.
function putBits(to: usize, run: usize, end: usize): void {
  let word: u64 = 0;
  let filled: u32 = 0;
  for (; run < end; run += OrderRun.SIZE) {
    const ones: u64 = load<u32>(run, OrderRun.SLOT) == 1 ? u64.MAX_VALUE : 0;
    let left = load<u32>(run, OrderRun.SAMPLES);
    while (left > 0) {
      const taken = min(left, 64 - filled);
      word |= (ones >> (64 - taken)) << filled;
      filled += taken;
      left -= taken;
      if (filled < 64) continue;
      store<u64>(to, word);
      to += 8;
      word = 0;
      filled = 0;
    }
  }
  store<u64>(to, word);
}

// Where a run does not start where the one before it ended, or only its sample description changes (a jump of 0):
// samples since the last jump, then the distance.
function encodeJumps(writer: IndexWriter, order: Order, end: usize): void {
  place(writer, writer.start, IndexHeader.JUMPS_OFFSET);
  let to = writer.next;
  let ordinal: u64 = 0;
  let jumped: u64 = 0;
  let expected: u64 = 0;
  let slot: u32 = u32.MAX_VALUE;
  for (let run = order.runs; run < end; run += OrderRun.SIZE) {
    const offset = load<u64>(run, OrderRun.OFFSET);
    if (offset != expected || load<u32>(run, OrderRun.SLOT) == slot) {
      to = putVarint(to, ordinal - jumped);
      to = putVarint(to, zigzag(<i64>(offset - expected)));
      jumped = ordinal;
    }
    slot = load<u32>(run, OrderRun.SLOT);
    ordinal += load<u32>(run, OrderRun.SAMPLES);
    expected = offset + load<u64>(run, OrderRun.BYTES);
  }
  writer.next = to;
  close(writer, writer.start, IndexHeader.JUMPS_OFFSET);
}

/** Writes the runs of sample descriptions of the track in `slot`. */
export function encodeEntries(writer: IndexWriter, record: usize, order: Order, slot: u32): void {
  place(writer, record, TrackRecord.ENTRIES_OFFSET);
  if (load<u32>(record, TrackRecord.DESCRIPTION_COUNT) == 1) {
    writer.next = putVarint(putVarint(writer.next, load<u32>(record, TrackRecord.SAMPLES)), 1);
    return close(writer, record, TrackRecord.ENTRIES_OFFSET);
  }
  let description: u32 = 0;
  let samples: u32 = 0;
  const end = order.runs + <usize>order.count * OrderRun.SIZE;
  for (let run = order.runs; run < end; run += OrderRun.SIZE) {
    if (load<u32>(run, OrderRun.SLOT) != slot) continue;
    const next = load<u32>(run, OrderRun.DESCRIPTION);
    if (next != description && samples > 0) {
      writer.next = putVarint(putVarint(writer.next, samples), description);
      samples = 0;
    }
    description = next;
    samples += load<u32>(run, OrderRun.SAMPLES);
  }
  if (samples > 0) writer.next = putVarint(putVarint(writer.next, samples), description);
  close(writer, record, TrackRecord.ENTRIES_OFFSET);
}
