/** What listings show. `src/wasm/records/listing.ts` reads the same. */

/** One sample, for listings and tests. */
export namespace SampleRecord {
  export const SLOT: usize = 0; // u32
  export const SIZE_BYTES: usize = 4; // u32
  export const OFFSET: usize = 8; // u64
  export const DTS: usize = 16; // i64
  export const COMPOSITION: usize = 24; // i32
  export const FLAGS: usize = 28; // u32: 1 = sync sample
  export const DURATION: usize = 32; // u32
  export const DESCRIPTION: usize = 36; // u32
  export const SIZE: usize = 40;
}

/** One box, for listings. */
export namespace BoxRecord {
  export const OFFSET: usize = 0; // u64
  export const LENGTH: usize = 8; // u64
  export const TYPE: usize = 16; // u32 fourcc
  export const DEPTH: usize = 20; // u32
  export const SIZE: usize = 24;
}
