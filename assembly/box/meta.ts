import { Code } from "../abi/codes";
import { Box, u32be } from "../memory/reader";

/** Where the boxes of `meta` begin: behind its version (ISO/IEC 14496-12 clause 8.11.1), which QuickTime's does not have. */
export function metaChildren(meta: Box): usize {
  const isPlain = meta.end - meta.body >= 8 && u32be(meta.body + 4) == Code.hdlr;
  return isPlain ? meta.body : min(meta.body + 4, meta.end);
}

/** Where the first of QuickTime's `keys` begins. Each has the form of a box, whose type is a namespace. */
export function firstKey(keys: Box): usize {
  return keys.body + 8;
}

/** Where the value of `data`, of an item of `ilst`, begins: behind its type and locale. */
export function itemValue(data: Box): usize {
  return data.body + 8;
}
