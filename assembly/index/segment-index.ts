/** A segment index as a whole: where its records are, and whether its columns lie inside it. */
import { INDEX_MAGIC, OffsetsKind, Status } from "../abi/names";
import { IndexHeader, TrackRecord } from "../abi/records";
import { checksum } from "./checksum";
import { fail } from "../memory/status";
import { MAX_SAMPLES } from "../box/track-tables";

/** The record of the track `trackIndex`. */
export function recordOf(index: usize, trackIndex: u32): usize {
  return index + IndexHeader.SIZE + <usize>trackIndex * TrackRecord.SIZE;
}

/** Whether `length` bytes at `index` are a segment index whose columns all lie inside it. */
export function checkIndex(index: usize, length: usize): bool {
  if (length < IndexHeader.SIZE || load<u32>(index, IndexHeader.MAGIC) != INDEX_MAGIC) return bad();
  const tracks = load<u32>(index, IndexHeader.TRACK_COUNT);
  if (<usize>load<u32>(index, IndexHeader.LENGTH) != length || tracks == 0 || tracks > 64) return bad();
  if (length < IndexHeader.SIZE + <usize>tracks * TrackRecord.SIZE) return bad();
  if (load<u64>(index, IndexHeader.CHECKSUM) != checksum(index, length)) return bad();
  if (load<u32>(index, IndexHeader.REFERENCE) >= tracks) return bad();
  const kind = load<u32>(index, IndexHeader.ORDER_KIND);
  if (kind > 1 || (kind == 1 && tracks != 2)) return bad();
  let total: u64 = 0;
  if (!inside(index, IndexHeader.ORDER_OFFSET, length) || !inside(index, IndexHeader.JUMPS_OFFSET, length))
    return bad();
  for (let trackIndex: u32 = 0; trackIndex < tracks; trackIndex++) {
    const record = recordOf(index, trackIndex);
    if (
      !inside(record, TrackRecord.DESCRIPTION_OFFSET, length) ||
      !inside(record, TrackRecord.DURATIONS_OFFSET, length) ||
      !inside(record, TrackRecord.OFFSETS_OFFSET, length) ||
      !inside(record, TrackRecord.SIZES_OFFSET, length) ||
      !inside(record, TrackRecord.SYNC_OFFSET, length) ||
      !inside(record, TrackRecord.ENTRIES_OFFSET, length) ||
      !inside(record, TrackRecord.EDITS_OFFSET, length)
    ) {
      return bad();
    }
    const samples: u64 = load<u32>(record, TrackRecord.SAMPLES);
    total += samples;
    if (samples == 0 || load<u32>(record, TrackRecord.SYNC_SAMPLES) > <u32>samples) return bad();
    const width = load<u32>(record, TrackRecord.SIZES_WIDTH);
    const sizes: u64 = load<u32>(record, TrackRecord.SIZES_LENGTH);
    const after: u64 = <u64>load<u32>(record, TrackRecord.SIZES_OFFSET) + sizes;
    if (width > 4 || sizes != samples * width) return bad();
    if (after + <u64>load<u32>(record, TrackRecord.SIZES_EXCEPTIONS) * 4 > length) return bad();
    if (
      offsetsLength(load<u32>(record, TrackRecord.OFFSETS_KIND), samples) >
      load<u32>(record, TrackRecord.OFFSETS_LENGTH)
    ) {
      return bad();
    }
    if (load<u32>(record, TrackRecord.TIMESCALE) == 0) return bad();
  }
  if (total > MAX_SAMPLES || total != <u64>load<u32>(index, IndexHeader.SAMPLE_COUNT)) return bad();
  return true;
}

function bad(): bool {
  fail(Status.BadIndex);
  return false;
}

function inside(record: usize, field: usize, length: usize): bool {
  return <u64>load<u32>(record + field) + load<u32>(record + field + 4) <= <u64>length;
}

function offsetsLength(kind: u32, samples: u64): u64 {
  if (kind == OffsetsKind.Dictionary) return 64 + ((samples + 1) >> 1);
  if (kind == OffsetsKind.Bytes1) return 4 + samples;
  if (kind == OffsetsKind.Bytes2) return 4 + samples * 2;
  if (kind == OffsetsKind.Bytes4) return 4 + samples * 4;
  return kind > <u32>OffsetsKind.Bytes4 ? u64.MAX_VALUE : 0;
}
