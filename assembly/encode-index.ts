/** Track tables to the columns of a segment index. The output is a function of the input alone. */
import { editSize } from "./box/elst";
import { putVarint, varintLength, zigzag } from "./columns";
import { hashDescriptions } from "./description-hash";
import { OffsetsKind, TrackFlag, TrackRecord } from "./records/summary";
import { Run, TrackTables } from "./track-tables";

/** The next free byte of the index that is being written, and where the index starts. */
@unmanaged
export class IndexWriter {
  start: usize;
  next: usize;
}

/** An upper bound of the bytes that `track`'s columns take. */
export function columnsBound(track: TrackTables): u64 {
  // No width takes more than four bytes a sample, its exceptions included.
  const sizes: u64 = track.sizes == 0 ? 0 : <u64>track.samples * 4;
  const offsets: u64 = min(<u64>track.offsetRuns * 10, <u64>track.samples * 4 + 68);
  return (
    track.entriesLength +
    <u64>track.editCount * 20 +
    <u64>track.durationRuns * 10 +
    offsets +
    sizes +
    <u64>track.syncRuns * 5 +
    64
  );
}

/** Writes one track's columns and their places into its record. */
export function encodeTrack(writer: IndexWriter, record: usize, track: TrackTables): void {
  store<u32>(record, track.entryCount, TrackRecord.DESCRIPTION_COUNT);
  place(writer, record, TrackRecord.DESCRIPTION_OFFSET);
  memory.copy(writer.next, track.entries, track.entriesLength);
  writer.next += track.entriesLength;
  close(writer, record, TrackRecord.DESCRIPTION_OFFSET);
  store<u64>(record, hashDescriptions(track.entries, track.entriesLength, track.handler), TrackRecord.DESCRIPTION_HASH);

  store<u32>(record, track.editVersion, TrackRecord.EDITS_VERSION);
  place(writer, record, TrackRecord.EDITS_OFFSET);
  const edits = <usize>track.editCount * editSize(track.editVersion);
  memory.copy(writer.next, track.edits, edits);
  writer.next += edits;
  close(writer, record, TrackRecord.EDITS_OFFSET);

  place(writer, record, TrackRecord.DURATIONS_OFFSET);
  for (let i: u32 = 0; i < track.durationRuns; i++) {
    const run = track.durations + <usize>i * Run.SIZE;
    writer.next = putVarint(writer.next, load<u32>(run, Run.COUNT));
    writer.next = putVarint(writer.next, load<u32>(run, Run.VALUE));
  }
  close(writer, record, TrackRecord.DURATIONS_OFFSET);

  place(writer, record, TrackRecord.SYNC_OFFSET);
  let syncs: u32 = 0;
  for (let i: u32 = 0; i < track.syncRuns; i++) {
    const length = load<u32>(track.syncs + ((<usize>i) << 2));
    if ((i & 1) == 0) syncs += length;
    writer.next = putVarint(writer.next, length);
  }
  close(writer, record, TrackRecord.SYNC_OFFSET);
  store<u32>(record, syncs, TrackRecord.SYNC_SAMPLES);
  if (syncs == track.samples) addFlag(record, TrackFlag.AllSync);
  if (track.encrypted) addFlag(record, TrackFlag.Encrypted);

  encodeSizes(writer, record, track);
  encodeOffsets(writer, record, track);
}

function addFlag(record: usize, flag: TrackFlag): void {
  store<u32>(record, load<u32>(record, TrackRecord.FLAGS) | flag, TrackRecord.FLAGS);
}

/** Notes that a column starts here. */
export function place(writer: IndexWriter, record: usize, field: usize): void {
  store<u32>(record + field, <u32>(writer.next - writer.start));
}

/** Notes the length of a column that ends here; it stands right after the column's offset. */
export function close(writer: IndexWriter, record: usize, field: usize): void {
  store<u32>(record + field + 4, <u32>(writer.next - writer.start) - load<u32>(record + field));
}

// A fixed width over a base; the few samples that do not fit (sync samples, mostly) follow as exceptions, marked by the
// highest value of the width.
function encodeSizes(writer: IndexWriter, record: usize, track: TrackTables): void {
  const samples = track.samples;
  const sizes = track.sizes;
  let base: u32 = track.constantSize;
  let highest: u32 = track.constantSize;
  if (sizes != 0) {
    base = u32.MAX_VALUE;
    highest = 0;
    for (let i: usize = 0; i < samples; i++) {
      const size = load<u32>(sizes + (i << 2));
      base = min(base, size);
      highest = max(highest, size);
    }
  }
  place(writer, record, TrackRecord.SIZES_OFFSET);
  store<u32>(record, base, TrackRecord.SIZES_BASE);
  if (base == highest) {
    store<u32>(record, base, TrackRecord.CONSTANT_SIZE);
    store<u32>(record, 0, TrackRecord.SIZES_WIDTH);
    store<u64>(record, <u64>samples * base, TrackRecord.BYTES);
    return close(writer, record, TrackRecord.SIZES_OFFSET);
  }
  let above1: u32 = 0;
  let above2: u32 = 0;
  let above3: u32 = 0;
  let bytes: u64 = 0;
  for (let i: usize = 0; i < samples; i++) {
    const size = load<u32>(sizes + (i << 2));
    const over = size - base;
    bytes += size;
    above1 += u32(over >= 0xff);
    above2 += u32(over >= 0xffff);
    above3 += u32(over >= 0xff_ffff);
  }
  let width: u32 = 4;
  let best: u64 = (<u64>samples) << 2;
  if (<u64>samples * 3 + ((<u64>above3) << 2) < best) {
    width = 3;
    best = <u64>samples * 3 + ((<u64>above3) << 2);
  }
  if (((<u64>samples) << 1) + ((<u64>above2) << 2) <= best) {
    width = 2;
    best = ((<u64>samples) << 1) + ((<u64>above2) << 2);
  }
  if (<u64>samples + ((<u64>above1) << 2) <= best) width = 1;
  store<u32>(record, width, TrackRecord.SIZES_WIDTH);
  store<u64>(record, bytes, TrackRecord.BYTES);
  let to = writer.next;
  let exception = to + <usize>samples * width;
  const exceptions = exception;
  for (let i: usize = 0; i < samples; i++, to += width) {
    const over = load<u32>(sizes + (i << 2)) - base;
    if (width == 1) {
      const fits = over < 0xff;
      store<u8>(to, fits ? <u8>over : 0xff);
      if (!fits) exception = putException(exception, over);
    } else if (width == 2) {
      const fits = over < 0xffff;
      store<u16>(to, fits ? <u16>over : 0xffff);
      if (!fits) exception = putException(exception, over);
    } else if (width == 3) {
      const fits = over < 0xff_ffff;
      const value = fits ? over : 0xff_ffff;
      store<u16>(to, <u16>value);
      store<u8>(to, <u8>(value >> 16), 2);
      if (!fits) exception = putException(exception, over);
    } else store<u32>(to, over);
  }
  store<u32>(record, <u32>((exception - exceptions) >> 2), TrackRecord.SIZES_EXCEPTIONS);
  writer.next = exceptions;
  close(writer, record, TrackRecord.SIZES_OFFSET);
  writer.next = exception;
}

function putException(at: usize, over: u32): usize {
  store<u32>(at, over);
  return at + 4;
}

// The cheapest of: nothing, runs, a dictionary of sixteen with four bits a sample, a base with one, two or four bytes.
function encodeOffsets(writer: IndexWriter, record: usize, track: TrackTables): void {
  let lowest = i32.MAX_VALUE;
  let highest = i32.MIN_VALUE;
  let asRuns: u64 = 0;
  let distinct: u32 = 0;
  const dictionary = memory.data(64, 16);
  memory.fill(dictionary, 0, 64);
  for (let i: u32 = 0; i < track.offsetRuns; i++) {
    const run = track.offsets + <usize>i * Run.SIZE;
    const value = load<i32>(run, Run.VALUE);
    lowest = min(lowest, value);
    highest = max(highest, value);
    asRuns += varintLength(load<u32>(run, Run.COUNT)) + varintLength(zigzag(value));
    if (distinct <= 16 && find(dictionary, distinct, value) < 0) {
      if (distinct < 16) store<i32>(dictionary + ((<usize>distinct) << 2), value);
      distinct++;
    }
  }
  place(writer, record, TrackRecord.OFFSETS_OFFSET);
  if (track.offsetRuns == 0 || (lowest == 0 && highest == 0)) {
    store<u32>(record, OffsetsKind.None, TrackRecord.OFFSETS_KIND);
    return close(writer, record, TrackRecord.OFFSETS_OFFSET);
  }
  addFlag(record, TrackFlag.Offsets);
  if (lowest < 0) addFlag(record, TrackFlag.NegativeOffsets);
  const samples: u64 = track.samples;
  const range = <u64>(<i64>highest - <i64>lowest);
  const width: u32 = range <= 0xff ? 1 : range <= 0xffff ? 2 : 4;
  const asBytes = 4 + samples * width;
  const asDictionary = distinct > 16 ? u64.MAX_VALUE : 64 + ((samples + 1) >> 1);
  let kind: u32;
  if (asRuns <= asDictionary && asRuns <= asBytes) kind = OffsetsKind.Runs;
  else if (asDictionary <= asBytes) kind = OffsetsKind.Dictionary;
  else kind = width == 1 ? OffsetsKind.Bytes1 : width == 2 ? OffsetsKind.Bytes2 : OffsetsKind.Bytes4;
  store<u32>(record, kind, TrackRecord.OFFSETS_KIND);
  let to = writer.next;
  if (kind == OffsetsKind.Runs) {
    for (let i: u32 = 0; i < track.offsetRuns; i++) {
      const run = track.offsets + <usize>i * Run.SIZE;
      to = putVarint(to, load<u32>(run, Run.COUNT));
      to = putVarint(to, zigzag(load<i32>(run, Run.VALUE)));
    }
  } else if (kind == OffsetsKind.Dictionary) {
    memory.copy(to, dictionary, 64);
    to += 64;
    const bytes = <usize>((samples + 1) >> 1);
    memory.fill(to, 0, bytes);
    let sample: usize = 0;
    for (let i: u32 = 0; i < track.offsetRuns; i++) {
      const run = track.offsets + <usize>i * Run.SIZE;
      const code = <u32>find(dictionary, distinct, load<i32>(run, Run.VALUE));
      for (let n = load<u32>(run, Run.COUNT); n > 0; n--, sample++) {
        const at = to + (sample >> 1);
        store<u8>(at, load<u8>(at) | (code << (((<u32>sample) & 1) << 2)));
      }
    }
    to += bytes;
  } else {
    store<i32>(to, lowest);
    to += 4;
    for (let i: u32 = 0; i < track.offsetRuns; i++) {
      const run = track.offsets + <usize>i * Run.SIZE;
      const over = <u32>(load<i32>(run, Run.VALUE) - lowest);
      for (let n = load<u32>(run, Run.COUNT); n > 0; n--, to += width) {
        if (width == 1) store<u8>(to, <u8>over);
        else if (width == 2) store<u16>(to, <u16>over);
        else store<u32>(to, over);
      }
    }
  }
  writer.next = to;
  close(writer, record, TrackRecord.OFFSETS_OFFSET);
}

function find(dictionary: usize, used: u32, value: i32): i32 {
  const wanted = i32x4.splat(value);
  let found = i32x4.bitmask(i32x4.eq(v128.load(dictionary), wanted));
  found |= i32x4.bitmask(i32x4.eq(v128.load(dictionary, 16), wanted)) << 4;
  found |= i32x4.bitmask(i32x4.eq(v128.load(dictionary, 32), wanted)) << 8;
  found |= i32x4.bitmask(i32x4.eq(v128.load(dictionary, 48), wanted)) << 12;
  found &= (1 << min<u32>(used, 16)) - 1;
  return found == 0 ? -1 : ctz(found);
}
