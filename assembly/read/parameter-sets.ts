/** H.264 and H.265 parameter sets moved from the sample entry into the samples (ISO/IEC 14496-15 clauses 5.3 and 8.3). */
import { Code } from "../abi/codes";
import { Result } from "../abi/records";
import { findConfig, newConfigSets } from "../box/config-sets";
import { holdsHevcSets } from "../box/hvcc";
import { findInEntry } from "../box/stsd";
import { newBox, readBox, u32be } from "../memory/reader";
import { failed, output, reserve, RESULT } from "../memory/status";
import { setU32be } from "../memory/writer";

/**
 * Collects the parameter sets of the first sample entry at `entries`, each behind its length as samples have it, filled up
 * to `least` bytes. RESULT: the bytes; COUNT: bytes of a length field, 0 when the entry is neither H.264 nor H.265 or is
 * damaged; TOTAL: bytes of the entry.
 */
export function collectParameterSets(entries: usize, length: usize, least: u32): void {
  const box = newBox();
  const config = newBox();
  const sets = newConfigSets();
  // Lengths grow from two bytes to at most four.
  const to = reserve(<u64>length * 3 + least);
  if (failed() || !readBox(box, entries, entries + length)) return;
  store<u64>(RESULT, <u64>(box.end - box.start), Result.TOTAL);
  if (!findConfig(box, config)) return;
  let next = to;
  sets.open(config);
  while (sets.read()) next = putUnit(next, sets.unit, sets.size, sets.lengthSize);
  if (sets.cut) return;
  const header = config.type == Code.hvcC ? SEI_HEVC : SEI_AVC;
  output(to, fill(next, to + least, sets.lengthSize, header) - to);
  store<u32>(RESULT, sets.lengthSize, Result.COUNT);
}

function putNumber(to: usize, value: u32, size: u32): void {
  for (let i: u32 = 0; i < size; i++) store<u8>(to + i, <u8>(value >> ((size - 1 - i) << 3)));
}

function putUnit(to: usize, from: usize, size: u32, lengthSize: u32): usize {
  putNumber(to, size, lengthSize);
  memory.copy(to + lengthSize, from, size);
  return to + lengthSize + size;
}

// Header of a NAL unit of supplemental enhancement information, and the most payload of one: its length, and that of the unit, fit one byte.
const SEI_AVC: u32 = 0x06;
const SEI_HEVC: u32 = 0x4e01;
const FILLER_PAYLOAD: u8 = 3;
const MOST_PAYLOAD: usize = 200;

/** Fills up to `end` with payload that decoders skip (H.264 and H.265 annex D, filler payload), which the sets stand before. */
function fill(next: usize, end: usize, lengthSize: u32, header: u32): usize {
  const headerSize: u32 = header > 0xff ? 2 : 1;
  // Its length, its header, type and length of the payload, and the trailing bits.
  const around = lengthSize + headerSize + 3;
  while (next < end) {
    const left = end - next;
    let payload = min<usize>(left - around, MOST_PAYLOAD);
    if (left - around - payload < around && left - around != payload) payload -= around;
    putNumber(next, <u32>(payload + around - lengthSize), lengthSize);
    next += lengthSize;
    putNumber(next, header, headerSize);
    next += headerSize;
    store<u8>(next, FILLER_PAYLOAD);
    store<u8>(next + 1, <u8>payload);
    memory.fill(next + 2, 0xff, payload);
    store<u8>(next + 2 + payload, 0x80);
    next += payload + 3;
  }
  return next;
}

/** Turns `avc1` into `avc3` and `hvc1` into `hev1`: parameter sets may then stand in the samples. */
export function allowInband(entry: usize, length: usize): void {
  if (length < 8) return;
  const type = u32be(entry + 4);
  if (type == Code.avc1) setU32be(entry + 4, Code.avc3);
  if (type == Code.hvc1) setU32be(entry + 4, Code.hev1);
  output(entry, length);
}

/** Names the H.265 entries among those at `entries`; `hvc1` says that all parameter sets stand in the entry (clause 8.4.1). */
export function nameEntries(entries: usize, length: usize, type: u32): void {
  const box = newBox();
  const config = newBox();
  if (failed()) return;
  for (let pointer = entries; readBox(box, pointer, entries + length); pointer = box.end) {
    if (box.type != Code.hvc1 && box.type != Code.hev1) continue;
    if (type == Code.hvc1 && !(findInEntry(box, Code.vide, Code.hvcC, config) && holdsHevcSets(config))) continue;
    setU32be(pointer + 4, type);
  }
  output(entries, length);
}
