import { Code } from "../abi/codes";
import { TFRA_ENTRY } from "../abi/names";
import { beginBox, beginFullBox, endBox, put32, put64, put8, Writer } from "../memory/writer";

/**
 * Writes all of `mfra`, ISO/IEC 14496-12 clause 8.8.9, with one `tfra` (clause 8.8.10) but its `count` entries. It is not
 * read. Returns where `mfro` begins, which goes behind the entries.
 */
export function writeMfra(out: Writer, trackId: u32, count: u32): usize {
  const entries = <u64>count * TFRA_ENTRY;
  const mfra = beginBox(out, Code.mfra);
  const tfra = beginFullBox(out, Code.tfra, 1, 0);
  put32(out, trackId);
  put32(out, 0); // numbers of a byte each
  put32(out, count);
  endBox(out, tfra, entries);
  const mfro = beginFullBox(out, Code.mfro, 0, 0);
  put32(out, <u32>(out.next + 4 - mfra + entries)); // of the whole `mfra`, this field included
  endBox(out, mfro);
  endBox(out, mfra, entries);
  return mfro;
}

/** Writes an entry of `tfra`: the first sample of the fragment at `offset` of the file. */
export function putTfraEntry(out: Writer, time: u64, offset: u64): void {
  put64(out, time);
  put64(out, offset);
  put8(out, 1); // traf, trun and sample number within them
  put8(out, 1);
  put8(out, 1);
}
