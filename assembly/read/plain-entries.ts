/** Sample entries without what only tells of the file they came from: the same ones that `hashDescriptions` takes for equal are equal then. */
import { Code } from "../abi/codes";
import { clearStreamInfo } from "../box/dfla";
import { RATES_LENGTH, readEsds } from "../box/esds";
import { findInEntry } from "../box/stsd";
import { newBox, readBox } from "../memory/reader";
import { failed, output, reserve } from "../memory/status";
import { setU32be } from "../memory/writer";

/** Writes the `length` bytes of sample entries at `entries` without bit rates and the like. */
export function writePlainEntries(handler: u32, entries: usize, length: u32): void {
  const start = reserve(length);
  const entry = newBox();
  const found = newBox();
  if (failed()) return;
  memory.copy(start, entries, length);
  let end = start + length;
  for (let pointer = start; readBox(entry, pointer, end); pointer = entry.end) {
    if (findInEntry(entry, handler, Code.esds, found)) {
      const rates = readEsds(found).rates;
      if (rates != 0) memory.fill(rates, 0, RATES_LENGTH);
    }
    if (findInEntry(entry, handler, Code.dfLa, found)) clearStreamInfo(found);
    while (findInEntry(entry, handler, Code.btrt, found)) {
      const size = found.end - found.start;
      memory.copy(found.start, found.end, end - found.end);
      end -= size;
      entry.end -= size;
      setU32be(entry.start, <u32>(entry.end - entry.start));
    }
  }
  output(start, end - start);
}
