/** The headers of a stream whose parameter sets change inside of its samples. */
import { Code } from "../abi/codes";
import { Result } from "../abi/records";
import { findConfig } from "../box/config-sets";
import { stsdEntries } from "../box/stsd";
import { isWholeTkhd, setTkhdSize, tkhdTrackId } from "../box/tkhd";
import { VISUAL_ENTRY, visualHeight, visualWidth } from "../box/visual-entry";
import { Box, enter, newBox, nextBox, readBox, statedCount, u32be, u64be } from "../memory/reader";
import { cleared, failed, locate, output, RESULT } from "../memory/status";
import { newWriter, put32, putBytes, setU32be, setU64be, Writer } from "../memory/writer";
import { collectParameterSets } from "../read/parameter-sets";
import { writeVideoEntry } from "./sample-entry";
import { storeSize } from "./write-live";
import { isUnit, lengthBefore, nextUnit, unitType } from "../box/nal-units";

/**
 * Writes a `moov` whose sample entry of a track has the parameter sets that stand in a sample, in place of its own of their
 * types. RESULT: the box; nothing when all of them are in it already, or it has no single entry of H.264 or H.265.
 */
export function renewMovie(moov: usize, length: u32, trackId: u32, sample: usize, sampleLength: u32): void {
  locate(moov, 0);
  const whole = newBox();
  if (failed() || !readBox(whole, moov, moov + length) || whole.type != Code.moov) return;
  const trak = findTrack(whole, trackId);
  const mdia = child(trak, Code.mdia);
  const minf = child(mdia, Code.minf);
  const stbl = child(minf, Code.stbl);
  const stsd = child(stbl, Code.stsd);
  const entry = newBox();
  if (failed() || statedCount(stsd, 4) != 1) return;
  if (!readBox(entry, stsdEntries(stsd), stsd.end) || entry.end - entry.body < VISUAL_ENTRY) return;
  const config = newBox();
  if (!findConfig(entry, config)) return;
  const hevc = config.type == Code.hvcC;
  const sets = newWriter(<u64>sampleLength * 4 + <u64>(entry.end - entry.start) * 4);
  if (sets == null || !mergeSets(sets, entry, sample, sample + sampleLength, hevc)) return output(0, 0);
  writeVideoEntry(sets.start, <u32>(sets.next - sets.start), hevc ? Code.hvc1 : Code.avc1);
  if (failed()) return;
  const renewed = load<u32>(RESULT, Result.POINTER);
  const size = load<u32>(RESULT, Result.LENGTH);
  setU32be(renewed + 4, entry.type);
  const out = newWriter(<u64>length + size);
  if (out == null) return;
  putBytes(out, moov, entry.start - moov);
  putBytes(out, renewed, size);
  putBytes(out, entry.end, moov + length - entry.end);
  const more = <i64>size - <i64>(entry.end - entry.start);
  const shift = out.start - moov;
  grow(whole, shift, more);
  grow(trak, shift, more);
  grow(mdia, shift, more);
  grow(minf, shift, more);
  grow(stbl, shift, more);
  grow(stsd, shift, more);
  const made = newBox();
  const presented = cleared(8);
  if (failed() || !readBox(made, renewed, renewed + size)) return;
  if (visualWidth(entry) != visualWidth(made) || visualHeight(entry) != visualHeight(made)) {
    const tkhd = child(trak, Code.tkhd);
    storeSize(presented, renewed, size);
    const behind = tkhd.start > entry.start ? <usize>more : 0;
    setTkhdSize(tkhd, shift + behind, load<u32>(presented), load<u32>(presented, 4));
  }
  output(out.start, out.next - out.start);
}

/** Says in the copy of a box that lies `shift` bytes behind it that it has so many bytes more. */
function grow(box: Box, shift: usize, more: i64): void {
  const header = box.start + shift;
  if (u32be(header) == 1) setU64be(header + 8, u64be(header + 8) + more);
  else setU32be(header, u32be(header) + <u32>more);
}

/** The first box of a type inside another; one of size 0 when there is none. */
function child(parent: Box, type: u32): Box {
  const box = enter(parent);
  while (nextBox(box, parent)) if (box.type == type) return box;
  return newBox();
}

/** The `trak` of an id; one of size 0 when there is none. */
function findTrack(moov: Box, trackId: u32): Box {
  const trak = enter(moov);
  while (nextBox(trak, moov)) {
    if (trak.type != Code.trak) continue;
    const tkhd = child(trak, Code.tkhd);
    if (isWholeTkhd(tkhd) && tkhdTrackId(tkhd) == trackId) return trak;
  }
  return newBox();
}

/**
 * Collects the sets of a sample, and those of the entry whose types the sample has none of, each behind its length in four bytes. False
 * when the entry has all of them.
 */
function mergeSets(out: Writer, entry: Box, sample: usize, sampleEnd: usize, hevc: bool): bool {
  collectParameterSets(entry.start, entry.end - entry.start, 0);
  const lengthSize = load<u32>(RESULT, Result.COUNT);
  if (failed() || lengthSize == 0) return false;
  const own = load<u32>(RESULT, Result.POINTER);
  const known = widened(own, own + load<u32>(RESULT, Result.LENGTH), lengthSize, hevc);
  const came = widened(sample, sampleEnd, lengthSize, hevc);
  if (known == null || came == null) return false;
  let isNew = false;
  let types: u64 = 0;
  for (let at = came.start; at < came.next; at = nextUnit(at, came.next)) {
    types |= (<u64>1) << unitType(at + 4, hevc);
    isNew = isNew || !holds(known, at);
  }
  if (!isNew) return false;
  for (let at = known.start; at < known.next; at = nextUnit(at, known.next)) {
    if (!(types & ((<u64>1) << unitType(at + 4, hevc)))) putBytes(out, at, 4 + u32be(at));
  }
  putBytes(out, came.start, came.next - came.start);
  return true;
}

/** The parameter sets between two addresses, each behind its length in four bytes; null when memory is out. */
function widened(from: usize, end: usize, lengthSize: u32, hevc: bool): Writer | null {
  const out = newWriter(<u64>(end - from) * 4 + 4);
  if (out == null) return null;
  while (from + lengthSize < end) {
    const length = lengthBefore(from, lengthSize);
    from += lengthSize;
    if (length > end - from) break;
    if (length > 2 && isSet(unitType(from, hevc), hevc)) {
      put32(out, <u32>length);
      putBytes(out, from, length);
    }
    from += length;
  }
  return out;
}

function isSet(type: u32, hevc: bool): bool {
  return hevc ? type >= 32 && type <= 34 : type == 7 || type == 8;
}

function holds(units: Writer, unit: usize): bool {
  const size = 4 + u32be(unit);
  for (let at = units.start; at < units.next; at = nextUnit(at, units.next)) {
    if (isUnit(at, units.next) && memory.compare(at, unit, min<usize>(size, units.next - at)) == 0) return true;
  }
  return false;
}
