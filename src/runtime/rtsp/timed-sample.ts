/** One sample on its way from packets to a part. There is one object of each from its first step to its last. */
export interface TimedSample {
  /** Ticks: of the track's RTP clock, counted on, until it is moved to the stream's own time. */
  pts: number;
  dts: number;
  /** Ticks; 0 until the next sample is there. */
  duration: number;
  readonly isSync: boolean;
  /** Its bytes, until they are held with those of others, and how many they are. */
  data: Uint8Array;
  readonly bytes: number;
  /** The sample entry, where it is another one than that of the sample before. */
  readonly entry: Uint8Array | undefined;
}
