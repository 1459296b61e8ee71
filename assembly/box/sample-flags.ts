/** Flags of a sample as `trex`, `tfhd` and `trun` have them (ISO/IEC 14496-12 clause 8.8.3.1). */
const IS_NON_SYNC: u32 = 0x1_0000;

/** `sample_depends_on` 2, a sync sample; or 1 and the non-sync flag. */
export const SYNC_FLAGS: u32 = 0x0200_0000;
export const NON_SYNC_FLAGS: u32 = 0x0100_0000 | IS_NON_SYNC;

/** Whether the flags are those of a sync sample. */
export function isSync(flags: u32): bool {
  return (flags & IS_NON_SYNC) == 0;
}
