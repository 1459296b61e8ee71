/** Reading the columns of one track: a cursor each, read once, front to back. */
import { OffsetsKind, Status } from "../abi/names";
import { TrackRecord } from "../abi/records";
import { newVarints, unzigzag, VarintReader } from "./columns";
import { fail, make } from "../memory/status";
import { word } from "../memory/words";

/** Sample sizes. */
@unmanaged
export class SizeCursor {
  pointer: usize;
  width: u32;
  base: u32;
  /** The bits of a value; the value that stands for an exception, which one of four bytes never does. */
  mask: u32;
  escape: u64;
  exception: usize;
  lastException: usize;

  open(index: usize, record: usize): void {
    this.pointer = index + load<u32>(record, TrackRecord.SIZES_OFFSET);
    this.width = load<u32>(record, TrackRecord.SIZES_WIDTH);
    this.base = load<u32>(record, TrackRecord.SIZES_BASE);
    const values = ((<u64>1) << (this.width << 3)) - 1;
    this.mask = <u32>values;
    this.escape = this.width % 4 == 0 ? u64.MAX_VALUE : values;
    this.exception = this.pointer + load<u32>(record, TrackRecord.SIZES_LENGTH);
    this.lastException = word(this.exception, load<u32>(record, TrackRecord.SIZES_EXCEPTIONS));
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
    return this.nextInline();
  }

  /** `next` inlined, for loops that do little else. */
  @inline
  nextInline(): u32 {
    const at = this.pointer;
    this.pointer = at + this.width;
    // Reads up to four bytes too many: tables follow the index in memory.
    let over = load<u32>(at) & this.mask;
    if (over == this.escape) over = this.nextException();
    return this.base + over;
  }

  skip(count: u32): void {
    this.sum(count);
  }

  /** The bytes of the next `count` samples, which are passed over. */
  @inline
  sum(count: u32): u64 {
    let bytes = <u64>count * this.base;
    const width = this.width;
    if (width == 0) return bytes;
    const mask = this.mask;
    const escape = this.escape;
    let at = this.pointer;
    for (const end = at + <usize>count * width; at < end; at += width) {
      let over = load<u32>(at) & mask;
      if (over == escape) over = this.nextException();
      bytes += over;
    }
    this.pointer = at;
    return bytes;
  }
}

/** A cursor that is still to be opened; not to be used when memory is out. */
export function newSizeCursor(): SizeCursor {
  return make<SizeCursor>();
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
  @inline
  take(count: u32): u32 {
    const taken = min(count, this.left);
    this.left -= taken;
    return taken;
  }
}

/** A cursor that is still to be opened; not to be used when memory is out. */
export function newRunCursor(): RunCursor {
  const cursor = make<RunCursor>();
  cursor.varints = newVarints();
  return cursor;
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

/** A cursor that is still to be opened; not to be used when memory is out. */
export function newSyncCursor(): SyncCursor {
  const cursor = make<SyncCursor>();
  cursor.varints = newVarints();
  return cursor;
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

  /** How many samples from the next one on are known to have its offset, at least 1. */
  alike(): u32 {
    if (this.kind == OffsetsKind.None) return u32.MAX_VALUE;
    if (this.kind != OffsetsKind.Runs) return 1;
    if (this.left == 0) this.loadRun();
    return this.left;
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
      return load<i32>(word(this.dictionary, (codes >> ((i & 1) << 2)) & 15));
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

/** A cursor that is still to be opened; not to be used when memory is out. */
export function newOffsetCursor(): OffsetCursor {
  const cursor = make<OffsetCursor>();
  cursor.varints = newVarints();
  return cursor;
}

/** Passes over `count` samples; returns the sum of their values. */
export function skipRuns(runs: RunCursor, count: u32): u64 {
  let sum: u64 = 0;
  while (count > 0) {
    if (runs.left == 0) runs.refill();
    const taken = runs.take(count);
    sum += <u64>taken * runs.value;
    count -= taken;
  }
  return sum;
}
