/** Chapters as players know them: Nero's `chpl` in `udta`, which ISO/IEC 14496-12 leaves to its users. */
import { Code } from "../abi/codes";
import { Chapter } from "../abi/records";
import { beginFullBox, endBox, put32, put64, put8, putBytes, Writer } from "../memory/writer";

/** Chapters that one `chpl` can hold. */
export const MAX_CHAPTERS: u32 = 255;

/** Bytes that `writeChapters` takes at most. */
export function chaptersBound(count: u32): u64 {
  return 32 + <u64>count * (8 + 1 + 255);
}

/** Writes `count` Chapter records as a box of `udta`; nothing when there are none. */
export function writeChapters(out: Writer, chapters: usize, count: u32): void {
  if (count == 0) return;
  const chpl = beginFullBox(out, Code.chpl, 1, 0);
  const listed = min(count, MAX_CHAPTERS);
  put32(out, 0);
  put8(out, listed);
  for (let i: u32 = 0; i < listed; i++) {
    const chapter = chapters + <usize>i * Chapter.SIZE;
    const length = min<u32>(load<u32>(chapter, Chapter.LENGTH), 255);
    put64(out, load<u64>(chapter, Chapter.START));
    put8(out, length);
    putBytes(out, load<u32>(chapter, Chapter.TITLE), length);
  }
  endBox(out, chpl);
}
