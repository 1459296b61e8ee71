/** Reading a segment index: one cursor a column, each read once, front to back. */
import { checksum } from "./checksum";
import { INDEX_MAGIC, IndexHeader, OffsetsKind, Status, TrackRecord } from "./abi";
import { unzigzag, VarintReader } from "./columns";
import { slotBits } from "./encode-order";
import { cleared, fail, failed } from "./status";
import { MAX_SAMPLES } from "./track-tables";

/** The record of the track in `slot`. */
export function recordOf(index: usize, slot: u32): usize {
  return index + IndexHeader.SIZE + <usize>slot * TrackRecord.SIZE;
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
  for (let slot: u32 = 0; slot < tracks; slot++) {
    const record = recordOf(index, slot);
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

function newVarints(): VarintReader {
  return changetype<VarintReader>(cleared(offsetof<VarintReader>()));
}

/** Sample sizes. */
@unmanaged
export class SizeCursor {
  pointer: usize;
  width: u32;
  base: u32;
  exception: usize;
  lastException: usize;

  open(index: usize, record: usize): void {
    this.pointer = index + load<u32>(record, TrackRecord.SIZES_OFFSET);
    this.width = load<u32>(record, TrackRecord.SIZES_WIDTH);
    this.base = load<u32>(record, TrackRecord.SIZES_BASE);
    this.exception = this.pointer + load<u32>(record, TrackRecord.SIZES_LENGTH);
    this.lastException = this.exception + ((<usize>load<u32>(record, TrackRecord.SIZES_EXCEPTIONS)) << 2);
  }

  private nextException(): u32 {
    const at = this.exception;
    if (at >= this.lastException) {
      fail(Status.BadIndex);
      return 0;
    }
    this.exception = at + 4;
    return load<u32>(at);
  }

  /** The next sample's bytes. */
  next(): u32 {
    const at = this.pointer;
    const width = this.width;
    this.pointer = at + width;
    let over: u32 = 0;
    if (width == 1) {
      over = load<u8>(at);
      if (over == 0xff) over = this.nextException();
    } else if (width == 2) {
      over = load<u16>(at);
      if (over == 0xffff) over = this.nextException();
    } else if (width == 3) {
      over = (<u32>load<u16>(at)) | ((<u32>load<u8>(at, 2)) << 16);
      if (over == 0xff_ffff) over = this.nextException();
    } else if (width == 4) over = load<u32>(at);
    return this.base + over;
  }

  /** Bytes of the next `count` samples together. */
  sum(count: u32): u64 {
    if (this.width == 0) return <u64>count * this.base;
    let total: u64 = 0;
    for (let i: u32 = 0; i < count; i++) total += this.next();
    return total;
  }
}

/** Runs of (count, value): durations and sample description indexes. */
@unmanaged
export class RunCursor {
  varints: VarintReader;
  /** Samples left in the current run, value included. */
  left: u32;
  value: u32;

  open(index: usize, record: usize, field: usize): void {
    this.varints.open(index + load<u32>(record + field), load<u32>(record + field + 4));
    this.left = 0;
    this.refill();
  }

  /** Makes sure that the current run has samples left, as long as there are any. */
  refill(): void {
    while (this.left == 0 && this.varints.more) {
      this.left = <u32>this.varints.next();
      this.value = <u32>this.varints.next();
    }
    // A column that ends early repeats its last value; the sample counts were checked when it was made.
    if (this.left == 0) this.left = u32.MAX_VALUE;
  }

  /** Takes at most `count` samples of the current run; returns how many. */
  take(count: u32): u32 {
    const taken = min(count, this.left);
    this.left -= taken;
    return taken;
  }
}

/** Sync samples, as runs that are sync and non-sync in turn. */
@unmanaged
export class SyncCursor {
  varints: VarintReader;
  left: u32;
  sync: bool;

  open(index: usize, record: usize): void {
    this.varints.open(index + load<u32>(record, TrackRecord.SYNC_OFFSET), load<u32>(record, TrackRecord.SYNC_LENGTH));
    this.left = 0;
    this.sync = false;
    this.refill();
  }

  refill(): void {
    while (this.left == 0 && this.varints.more) {
      this.left = <u32>this.varints.next();
      this.sync = !this.sync;
    }
    if (this.left == 0) this.left = u32.MAX_VALUE;
  }

  take(count: u32): u32 {
    const taken = min(count, this.left);
    this.left -= taken;
    return taken;
  }

  skip(count: u32): void {
    while (count > 0) {
      if (this.left == 0) this.refill();
      count -= this.take(count);
    }
  }

  /** Whether the next sample is a sync sample. */
  next(): bool {
    if (this.left == 0) this.refill();
    this.left--;
    return this.sync;
  }
}

/** Composition offsets. */
@unmanaged
export class OffsetCursor {
  varints: VarintReader;
  kind: u32;
  pointer: usize;
  base: i32;
  dictionary: usize;
  sample: u32;
  left: u32;
  value: i32;

  open(index: usize, record: usize): void {
    this.kind = load<u32>(record, TrackRecord.OFFSETS_KIND);
    const column = index + load<u32>(record, TrackRecord.OFFSETS_OFFSET);
    this.sample = 0;
    this.left = 0;
    this.value = 0;
    if (this.kind == OffsetsKind.Runs) this.varints.open(column, load<u32>(record, TrackRecord.OFFSETS_LENGTH));
    else if (this.kind == OffsetsKind.Dictionary) {
      this.dictionary = column;
      this.pointer = column + 64;
    } else if (this.kind != OffsetsKind.None) {
      this.base = load<i32>(column);
      this.pointer = column + 4;
    }
  }

  skip(count: u32): void {
    if (this.kind == OffsetsKind.Runs) {
      while (count > 0) {
        if (this.left == 0) this.loadRun();
        const taken = min(count, this.left);
        this.left -= taken;
        count -= taken;
      }
    } else this.sample += count;
  }

  private loadRun(): void {
    while (this.left == 0 && this.varints.more) {
      this.left = <u32>this.varints.next();
      this.value = <i32>unzigzag(this.varints.next());
    }
    if (this.left == 0) this.left = u32.MAX_VALUE;
  }

  next(): i32 {
    const kind = this.kind;
    if (kind == OffsetsKind.Dictionary) {
      const i = this.sample++;
      const codes: u32 = load<u8>(this.pointer + (i >> 1));
      return load<i32>(this.dictionary + ((<usize>((codes >> ((i & 1) << 2)) & 15)) << 2));
    }
    if (kind == OffsetsKind.None) return 0;
    if (kind == OffsetsKind.Runs) {
      if (this.left == 0) this.loadRun();
      this.left--;
      return this.value;
    }
    const i = <usize>this.sample;
    this.sample += 1;
    if (kind == OffsetsKind.Bytes1) return this.base + load<u8>(this.pointer + i);
    if (kind == OffsetsKind.Bytes2) return this.base + load<u16>(this.pointer + (i << 1));
    return this.base + load<i32>(this.pointer + (i << 2));
  }
}

/** The samples of all tracks in file order, as runs of one track. */
@unmanaged
export class OrderCursor {
  kind: u32;
  bits: u32;
  pointer: usize;
  varints: VarintReader;
  jumps: VarintReader;
  /** Samples of all tracks before the current run, and in all. */
  ordinal: u64;
  total: u64;
  nextJump: u64;
  distance: i64;
  /** Set by `next`: the run. */
  slot: u32;
  samples: u32;
  /** Where the run starts in the file; the caller adds the run's bytes before it asks for the next one. */
  offset: u64;
  left: u32;
  /** Samples that each slot may still give: u32 a slot. */
  remaining: usize;
  slots: u32;

  open(index: usize): void {
    this.slots = load<u32>(index, IndexHeader.TRACK_COUNT);
    this.remaining = cleared(<usize>this.slots * 4);
    if (failed()) return;
    for (let slot: u32 = 0; slot < this.slots; slot++) {
      store<u32>(this.remaining + ((<usize>slot) << 2), load<u32>(recordOf(index, slot), TrackRecord.SAMPLES));
    }
    this.kind = load<u32>(index, IndexHeader.ORDER_KIND);
    this.bits = slotBits(load<u32>(index, IndexHeader.TRACK_COUNT));
    const column = index + load<u32>(index, IndexHeader.ORDER_OFFSET);
    this.pointer = column;
    this.varints.open(column, load<u32>(index, IndexHeader.ORDER_LENGTH));
    this.jumps.open(index + load<u32>(index, IndexHeader.JUMPS_OFFSET), load<u32>(index, IndexHeader.JUMPS_LENGTH));
    this.ordinal = 0;
    this.total = load<u32>(index, IndexHeader.SAMPLE_COUNT);
    if (this.kind == 1 && (this.total + 7) >> 3 > load<u32>(index, IndexHeader.ORDER_LENGTH)) fail(Status.BadIndex);
    this.nextJump = 0;
    this.offset = 0;
    this.left = 0;
    this.loadJump();
  }

  private loadJump(): void {
    if (this.jumps.more) {
      this.nextJump += this.jumps.next();
      this.distance = unzigzag(this.jumps.next());
    } else this.nextJump = u64.MAX_VALUE;
  }

  /** Moves to the next run; false after the last one. */
  next(): bool {
    const ordinal = this.ordinal;
    if (ordinal >= this.total) return false;
    if (ordinal == this.nextJump) {
      this.offset += this.distance;
      this.loadJump();
    }
    let samples: u32;
    if (this.kind == 1) {
      // Up to 57 bits from the current one on; a longer run simply comes in parts.
      const word = load<u64>(this.pointer + <usize>(ordinal >> 3)) >> (ordinal & 7);
      this.slot = <u32>(word & 1);
      samples = min<u32>(<u32>ctz<u64>((word & 1) == 1 ? ~word : word), <u32>(64 - (ordinal & 7)));
    } else {
      if (this.left == 0) {
        const value = this.varints.next();
        this.slot = (<u32>value) & ((1 << this.bits) - 1);
        this.left = <u32>(value >> this.bits);
      }
      samples = this.left;
    }
    samples = <u32>min<u64>(samples, min<u64>(this.nextJump - ordinal, this.total - ordinal));
    const remaining = this.remaining + ((<usize>this.slot) << 2);
    if (samples == 0 || this.slot >= this.slots || samples > load<u32>(remaining)) {
      fail(Status.BadIndex);
      return false;
    }
    store<u32>(remaining, load<u32>(remaining) - samples);
    if (this.kind != 1) this.left -= samples;
    this.samples = samples;
    this.ordinal = ordinal + samples;
    return true;
  }
}

export function newSizeCursor(): SizeCursor {
  const cursor = changetype<SizeCursor>(cleared(offsetof<SizeCursor>()));
  return cursor;
}

export function newRunCursor(): RunCursor {
  const cursor = changetype<RunCursor>(cleared(offsetof<RunCursor>()));
  cursor.varints = newVarints();
  return cursor;
}

export function newSyncCursor(): SyncCursor {
  const cursor = changetype<SyncCursor>(cleared(offsetof<SyncCursor>()));
  cursor.varints = newVarints();
  return cursor;
}

export function newOffsetCursor(): OffsetCursor {
  const cursor = changetype<OffsetCursor>(cleared(offsetof<OffsetCursor>()));
  cursor.varints = newVarints();
  return cursor;
}

export function newOrderCursor(): OrderCursor {
  const cursor = changetype<OrderCursor>(cleared(offsetof<OrderCursor>()));
  cursor.varints = newVarints();
  cursor.jumps = newVarints();
  return cursor;
}
