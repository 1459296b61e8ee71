/** What sample entries and decode times need of a sequence parameter set. */
@unmanaged
export class VideoFacts {
  width: u32;
  height: u32;
  /** chroma_format_idc. */
  chroma: u32;
  /** Bits of a sample. */
  lumaDepth: u32;
  chromaDepth: u32;
  /** Shape of a sample, 0 when it is not told. */
  aspectWidth: u32;
  aspectHeight: u32;
  /** How many pictures may precede one in decoding and follow it in output; UNTOLD. */
  reorder: u32;
  /** Temporal layers and their nesting, of H.265. */
  layers: u32;
  nested: u32;
}

/** A number of pictures that the parameter set does not tell. */
export const UNTOLD: u32 = 0xffff_ffff;
