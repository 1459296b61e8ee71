/** What a file says of the time it was recorded. `src/wasm/records/movie-clock.ts` reads it, too. */
export namespace MovieClock {
  export const CREATION_TIME: usize = 0; // u64, seconds since 1904-01-01 of `mvhd`, 0 = not stated
  export const WALL_CLOCK: usize = 8; // i64, nanoseconds since 1970 of `mtxi`, 0 = not stated
  export const DEVICE: usize = 16; // u32, ClockDevice
  export const DATE: usize = 20; // u32, address of the text of `com.apple.quicktime.creationdate`
  export const DATE_LENGTH: usize = 24; // u32, its bytes, 0 = not stated
  export const SIZE: usize = 32;
}

/** Devices that state the creation time of `mvhd` in a way of their own. */
export const enum ClockDevice {
  Other = 0,
  /** At the end of the recording. */
  Android = 1,
  /** In local time. */
  GoPro = 2,
}
