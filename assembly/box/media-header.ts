import { Code } from "../abi/codes";
import { Box, u32be } from "../memory/reader";
import { beginFullBox, endBox, putZeros, Writer } from "../memory/writer";

/** Whether a box is a media information header (ISO/IEC 14496-12 clause 12): one beside `dinf` and `stbl` in `minf`. */
export function isMediaHeader(type: u32): bool {
  return (
    type == Code.vmhd || type == Code.smhd || type == Code.nmhd || type == Code.sthd || type == Code.gmhd // gmhd, QuickTime
  );
}

// The usual header of a handler: `vmhd`, `smhd` or `nmhd`, clauses 12.1.2, 12.2.2 and 8.4.5.2, all of whose fields are 0.
function typeOf(handler: u32): u32 {
  return handler == Code.vide ? Code.vmhd : handler == Code.soun ? Code.smhd : Code.nmhd;
}

function flagsOf(handler: u32): u32 {
  return u32(handler == Code.vide);
}

function fieldsOf(handler: u32): u32 {
  return handler == Code.vide ? 8 : handler == Code.soun ? 4 : 0;
}

/** Whether the box is the one that `writeMediaHeader` writes. */
export function isUsualMediaHeader(box: Box, handler: u32): bool {
  if (box.type != typeOf(handler) || box.end - box.body != 4 + fieldsOf(handler)) return false;
  for (let at = box.body + 4; at < box.end; at++) if (load<u8>(at) != 0) return false;
  return u32be(box.body) == flagsOf(handler);
}

/** Writes the usual box of a handler. */
export function writeMediaHeader(out: Writer, handler: u32): void {
  const box = beginFullBox(out, typeOf(handler), 0, flagsOf(handler));
  putZeros(out, fieldsOf(handler));
  endBox(out, box);
}
