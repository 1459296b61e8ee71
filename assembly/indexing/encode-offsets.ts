/** Composition offsets as a column of a segment index. */
import { CODES_ROOM, packCodes, putVarint, varintLength, zigzag } from "../index/columns";
import { addFlag, close, IndexWriter, place } from "./index-writer";
import { OffsetsKind, TrackFlag } from "../abi/names";
import { TrackRecord } from "../abi/records";
import { failed, reserve } from "../memory/status";
import { Run, TrackTables } from "../box/track-tables";
import { word } from "../memory/words";

/** The shortest of: nothing, runs, a dictionary of sixteen with four bits a sample, a base with one, two or four bytes. */
export function encodeOffsets(writer: IndexWriter, record: usize, track: TrackTables): void {
  const end = track.offsets + <usize>track.offsetRuns * Run.SIZE;
  let lowest = i32.MAX_VALUE;
  let highest = i32.MIN_VALUE;
  for (let run = track.offsets; run < end; run += Run.SIZE) {
    const value = load<i32>(run, Run.VALUE);
    lowest = min(lowest, value);
    highest = max(highest, value);
  }
  place(writer, record, TrackRecord.OFFSETS_OFFSET);
  if (track.offsetRuns == 0 || (lowest == 0 && highest == 0)) {
    return close(writer, record, TrackRecord.OFFSETS_OFFSET);
  }
  addFlag(record, TrackFlag.Offsets);
  if (lowest < 0) addFlag(record, TrackFlag.NegativeOffsets);
  const samples: u64 = track.samples;
  const range = <u64>(<i64>highest - <i64>lowest);
  const width: u32 = range <= 0xff ? 1 : range <= 0xffff ? 2 : 4;
  const asBytes = 4 + samples * width;
  const asDictionary = 64 + ((samples + 1) >> 1);
  let to = writer.next;
  let kind: u32 = width == 1 ? OffsetsKind.Bytes1 : width == 2 ? OffsetsKind.Bytes2 : OffsetsKind.Bytes4;
  if (runsFit(track.offsets, end, min(asBytes, asDictionary))) kind = OffsetsKind.Runs;
  else if (asDictionary <= asBytes && putDictionary(to, track.offsets, end, track.samples))
    kind = OffsetsKind.Dictionary;
  else if (runsFit(track.offsets, end, asBytes)) kind = OffsetsKind.Runs;
  store<u32>(record, kind, TrackRecord.OFFSETS_KIND);
  if (kind == OffsetsKind.Dictionary) to += <usize>asDictionary;
  else if (kind == OffsetsKind.Runs) {
    for (let run = track.offsets; run < end; run += Run.SIZE) {
      to = putVarint(putVarint(to, load<u32>(run, Run.COUNT)), zigzag(load<i32>(run, Run.VALUE)));
    }
  } else {
    store<i32>(to, lowest);
    to += 4;
    for (let run = track.offsets; run < end; run += Run.SIZE) {
      const over = <u32>(load<i32>(run, Run.VALUE) - lowest);
      // Each store writes four bytes, of which the next one keeps `width`.
      for (let n = load<u32>(run, Run.COUNT); n > 0; n--, to += width) store<u32>(to, over);
    }
  }
  writer.next = to;
  close(writer, record, TrackRecord.OFFSETS_OFFSET);
}

/** Whether runs as varints take at most `limit` bytes, of which each takes at least two. */
function runsFit(run: usize, end: usize, limit: u64): bool {
  if (((end - run) / Run.SIZE) * 2 > limit) return false;
  let length: u64 = 0;
  for (; run < end; run += Run.SIZE) {
    length += varintLength(load<u32>(run, Run.COUNT)) + varintLength(zigzag(load<i32>(run, Run.VALUE)));
  }
  return length <= limit;
}

/**
 * Writes the distinct values of runs, in order of appearance, and then each sample's place among them. False when there
 * are more than sixteen.
 */
function putDictionary(dictionary: usize, run: usize, end: usize, samples: u32): bool {
  const codes = reserve(<u64>samples + CODES_ROOM);
  if (failed()) return false;
  memory.fill(dictionary, 0, 64);
  let at = codes;
  let used: u32 = 0;
  for (; run < end; run += Run.SIZE) {
    const value = load<i32>(run, Run.VALUE);
    const wanted = i32x4.splat(value);
    const low = i16x8.narrow_i32x4_s(
      i32x4.eq(v128.load(dictionary), wanted),
      i32x4.eq(v128.load(dictionary, 16), wanted),
    );
    const high = i16x8.narrow_i32x4_s(
      i32x4.eq(v128.load(dictionary, 32), wanted),
      i32x4.eq(v128.load(dictionary, 48), wanted),
    );
    const found = i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)) & ((1 << used) - 1);
    let code = <u32>ctz(found);
    if (found == 0) {
      if (used == 16) return false;
      store<i32>(word(dictionary, used), value);
      code = used++;
    }
    const next = at + load<u32>(run, Run.COUNT);
    for (; at < next; at += 8) store<u64>(at, <u64>code * 0x0101_0101_0101_0101);
    at = next;
  }
  packCodes(dictionary + 64, codes, at, 4);
  return true;
}
