/** An index spelled out sample by sample, for listings and tests. */
import {
  newOffsetCursor,
  newRunCursor,
  newSizeCursor,
  newSyncCursor,
  OffsetCursor,
  RunCursor,
  SizeCursor,
  SyncCursor,
} from "./cursors";
import { newOrderCursor } from "./order-cursor";
import { IndexHeader, SampleRecord, TrackRecord } from "../abi/records";
import { recordOf } from "./segment-index";
import { failed, make, output, reserve } from "../memory/status";
import { objectAt, setObject } from "../memory/words";

@unmanaged
class Columns {
  sizes: SizeCursor;
  durations: RunCursor;
  offsets: OffsetCursor;
  syncs: SyncCursor;
  entries: RunCursor;
  dts: i64;
}

function openColumns(index: usize, record: usize): Columns {
  const columns = make<Columns>();
  const sizes = newSizeCursor();
  const durations = newRunCursor();
  const offsets = newOffsetCursor();
  const syncs = newSyncCursor();
  const entries = newRunCursor();
  if (failed()) return columns;
  columns.sizes = sizes;
  columns.durations = durations;
  columns.offsets = offsets;
  columns.syncs = syncs;
  columns.entries = entries;
  sizes.open(index, record);
  durations.open(index, record, TrackRecord.DURATIONS_OFFSET);
  offsets.open(index, record);
  syncs.open(index, record);
  entries.open(index, record, TrackRecord.ENTRIES_OFFSET);
  columns.dts = load<i64>(record, TrackRecord.FIRST_DTS);
  return columns;
}

/** RESULT: SampleRecord records in file order, and their number. */
export function describeSamples(index: usize): void {
  const trackCount = load<u32>(index, IndexHeader.TRACK_COUNT);
  const columns = reserve(<u64>trackCount * 4);
  const list = reserve(<u64>load<u32>(index, IndexHeader.SAMPLE_COUNT) * SampleRecord.SIZE);
  const order = newOrderCursor();
  if (failed()) return;
  for (let trackIndex: u32 = 0; trackIndex < trackCount; trackIndex++) {
    const opened = openColumns(index, recordOf(index, trackIndex));
    if (failed()) return;
    setObject(columns, trackIndex, opened);
  }
  order.open(index);
  let to = list;
  while (order.next()) {
    const column = objectAt<Columns>(columns, order.trackIndex);
    let offset = order.offset;
    for (let i: u32 = 0; i < order.samples; i++, to += SampleRecord.SIZE) {
      if (column.durations.left == 0) column.durations.refill();
      if (column.entries.left == 0) column.entries.refill();
      column.durations.left--;
      column.entries.left--;
      const size = column.sizes.next();
      store<u32>(to, order.trackIndex, SampleRecord.TRACK_INDEX);
      store<u32>(to, size, SampleRecord.BYTES);
      store<u64>(to, offset, SampleRecord.OFFSET);
      store<i64>(to, column.dts, SampleRecord.DTS);
      store<i32>(to, column.offsets.next(), SampleRecord.COMPOSITION_OFFSET);
      store<u32>(to, u32(column.syncs.next()), SampleRecord.FLAGS);
      store<u32>(to, column.durations.value, SampleRecord.DURATION);
      store<u32>(to, column.entries.value, SampleRecord.DESCRIPTION);
      column.dts += column.durations.value;
      offset += size;
    }
    order.offset = offset;
    if (failed()) return;
  }
  output(list, (to - list) / SampleRecord.SIZE);
}
