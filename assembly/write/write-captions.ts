/** A text track (3GPP TS 26.245) that tells the wall-clock time: a sample for each of its seconds. */
import { Code } from "../abi/codes";
import { CAPTION_SIZE, Table } from "../abi/names";
import { CaptionBlock } from "../abi/records";
import { writeMfhd } from "../box/mfhd";
import { CO64_ENTRY, setOffset, STCO_ENTRY } from "../box/stco";
import { setStscEntry, STSC_ENTRY } from "../box/stsc";
import { setSttsEntry, STTS_ENTRY } from "../box/stts";
import { writeTfdt } from "../box/tfdt";
import { DEFAULT_SIZE, writeTfhd } from "../box/tfhd";
import { beginTrun, DURATION, putTrunEntry } from "../box/trun";
import { output } from "../memory/status";
import { beginBox, endBox, newWriter, putBytes, room, Writer } from "../memory/writer";

const SECOND: u32 = 1000;

// prettier-ignore
const ENTRY: usize = memory.data<u8>([
  0, 0, 0, 64, 0x74, 0x78, 0x33, 0x67, // tx3g
  0, 0, 0, 0, 0, 0, 0, 1, // data reference
  0, 0, 0, 0, 1, 0xff, // centred, at the bottom
  0, 0, 0, 0x80, // on half-transparent black
  0, 0, 0, 0, 0, 0, 0, 0, // text box: all of the track's
  0, 0, 0, 0, 0, 1, 0, 18, 0xff, 0xff, 0xff, 0xff, // font 1, 18 pixels, white
  0, 0, 0, 18, 0x66, 0x74, 0x61, 0x62, // ftab
  0, 1, 0, 1, 5, 0x53, 0x65, 0x72, 0x69, 0x66, // one font, 1, "Serif"
]);

/** Hands out the sample entry `tx3g` (TS 26.245 clause 5.16). */
export function writeCaptionEntry(): void {
  output(ENTRY, 64);
}

/** Writes the entries of `stts`, `stsc` (one chunk), `stco` or `co64` for `count` blocks, their samples being at `start`. */
export function writeCaptionTable(blocks: usize, count: u32, kind: u32, start: u64): void {
  const out = newWriter(<u64>count * 24 + 16);
  if (out == null) return;
  let samples: u32 = 0;
  let run: u32 = 0;
  let duration: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const block = blocks + <usize>i * CaptionBlock.SIZE;
    const inBlock = load<u32>(block, CaptionBlock.COUNT);
    samples += inBlock;
    if (kind != Table.Stts) continue;
    // The first, those of a whole second each, and the last.
    for (let j: u32 = 0; j < inBlock;) {
      const next = captionDuration(block, j);
      const alike: u32 = j > 0 && j + 2 < inBlock ? inBlock - 1 - j : 1;
      if (run > 0 && next != duration) {
        setSttsEntry(room(out, STTS_ENTRY), run, duration);
        run = 0;
      }
      duration = next;
      run += alike;
      j += alike;
    }
  }
  if (kind == Table.Stts) setSttsEntry(room(out, STTS_ENTRY), run, duration);
  else if (kind == Table.Stsc) setStscEntry(room(out, STSC_ENTRY), 1, samples, 1);
  else if (kind == Table.Co64) setOffset(room(out, CO64_ENTRY), true, start);
  else setOffset(room(out, STCO_ENTRY), false, start);
  output(out.start, out.next - out.start);
}

function captionDuration(block: usize, sample: u32): u32 {
  if (sample == 0) return load<u32>(block, CaptionBlock.FIRST_MS);
  return sample + 1 == load<u32>(block, CaptionBlock.COUNT) ? load<u32>(block, CaptionBlock.LAST_MS) : SECOND;
}

/** Writes the samples of a block. @param offset minutes that the clock shown is ahead of UTC */
export function writeCaptions(block: usize, offset: i32): void {
  const count = load<u32>(block, CaptionBlock.COUNT);
  const out = newWriter(<u64>count * CAPTION_SIZE);
  if (out == null) return;
  const first = load<u64>(block, CaptionBlock.SECOND) + <i64>offset * 60;
  for (let i: u32 = 0; i < count; i++) writeCaption(out, first + i, offset);
  output(out.start, out.next - out.start);
}

/** Writes `moof` and the header of `mdat` for a block, whose samples follow. */
export function writeCaptionFragment(block: usize, trackId: u32, sequence: u32): void {
  const count = load<u32>(block, CaptionBlock.COUNT);
  const out = newWriter(128 + ((<u64>count) << 2));
  if (out == null) return;
  const moof = beginBox(out, Code.moof);
  writeMfhd(out, sequence);
  const traf = beginBox(out, Code.traf);
  writeTfhd(out, DEFAULT_SIZE, trackId, 0, 0, CAPTION_SIZE, 0);
  writeTfdt(out, load<u64>(block, CaptionBlock.AT_MS));
  const head = <u32>(out.next - moof) + 20;
  const trun = beginTrun(out, DURATION, count, head + (count << 2) + 8);
  for (let i: u32 = 0; i < count; i++) putTrunEntry(out, DURATION, captionDuration(block, i), 0, 0, 0);
  endBox(out, trun);
  endBox(out, traf);
  endBox(out, moof);
  endBox(out, beginBox(out, Code.mdat), <u64>count * CAPTION_SIZE);
  output(out.start, out.next - out.start);
}

// "0000-00-00 00:00:00+00:00" behind its length
const TEXT: usize = memory.data<u8>([
  0, 25, 48, 48, 48, 48, 45, 48, 48, 45, 48, 48, 32, 48, 48, 58, 48, 48, 58, 48, 48, 43, 48, 48, 58, 48, 48,
]);

function writeCaption(out: Writer, second: u64, offset: i32): void {
  const text = out.next;
  putBytes(out, TEXT, CAPTION_SIZE);
  writeDate(text + 2, <u32>(second / 86_400));
  const ofDay = <u32>(second % 86_400);
  addDigits(text + 13, ofDay / 3600, 2);
  addDigits(text + 16, (ofDay / 60) % 60, 2);
  addDigits(text + 19, ofDay % 60, 2);
  if (offset < 0) store<u8>(text + 21, 0x2d);
  const ahead = <u32>abs(offset);
  addDigits(text + 22, ahead / 60, 2);
  addDigits(text + 25, ahead % 60, 2);
}

// The civil date of a day since 1970-01-01, counted in years that start in March, so that leap days come last.
function writeDate(text: usize, day: u32): void {
  const days = day + 719_468; // since 0000-03-01
  const era = days / 146_097; // of 400 years
  const ofEra = days % 146_097;
  const yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365;
  const ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const fromMarch = (5 * ofYear + 2) / 153;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  addDigits(text, yearOfEra + era * 400 + u32(month <= 2), 4);
  addDigits(text + 5, month, 2);
  addDigits(text + 8, ofYear - (153 * fromMarch + 2) / 5 + 1, 2);
}

/** Adds the last `count` decimal digits of `value` to zeros. */
function addDigits(text: usize, value: u32, count: usize): void {
  for (let at = text + count - 1; at >= text; at--) {
    store<u8>(at, load<u8>(at) + <u8>(value % 10));
    value /= 10;
  }
}
