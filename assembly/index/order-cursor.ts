/** Reading the file order of a segment's samples. */
import { Status } from "../abi/names";
import { IndexHeader, TrackRecord } from "../abi/records";
import { newVarints, trackBits, unzigzag, VarintReader } from "./columns";
import { recordOf } from "./segment-index";
import { cleared, fail, failed, make } from "../memory/status";
import { word } from "../memory/words";

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
  trackIndex: u32;
  samples: u32;
  /** Where the run starts in the file; the caller adds the run's bytes before it asks for the next one. */
  offset: u64;
  left: u32;
  /** Samples that each track may still give: u32 a track. */
  remaining: usize;
  trackCount: u32;

  open(index: usize): void {
    this.trackCount = load<u32>(index, IndexHeader.TRACK_COUNT);
    this.remaining = cleared(<usize>this.trackCount * 4);
    if (failed()) return;
    for (let trackIndex: u32 = 0; trackIndex < this.trackCount; trackIndex++) {
      store<u32>(word(this.remaining, trackIndex), load<u32>(recordOf(index, trackIndex), TrackRecord.SAMPLES));
    }
    this.kind = load<u32>(index, IndexHeader.ORDER_KIND);
    this.bits = trackBits(load<u32>(index, IndexHeader.TRACK_COUNT));
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
  @inline
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
      this.trackIndex = <u32>(word & 1);
      samples = min<u32>(<u32>ctz<u64>((word & 1) == 1 ? ~word : word), <u32>(64 - (ordinal & 7)));
    } else {
      if (this.left == 0) {
        const value = this.varints.next();
        this.trackIndex = (<u32>value) & ((1 << this.bits) - 1);
        this.left = <u32>(value >> this.bits);
      }
      samples = this.left;
    }
    samples = <u32>min<u64>(samples, min<u64>(this.nextJump - ordinal, this.total - ordinal));
    const remaining = word(this.remaining, this.trackIndex);
    if (samples == 0 || this.trackIndex >= this.trackCount || samples > load<u32>(remaining)) {
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

/** A cursor that is still to be opened; not to be used when memory is out. */
export function newOrderCursor(): OrderCursor {
  const cursor = make<OrderCursor>();
  cursor.varints = newVarints();
  cursor.jumps = newVarints();
  return cursor;
}
