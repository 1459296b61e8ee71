/** How a track is presented, as `tkhd` and `mdhd` say it: the part of a track record from WIDTH on, which a MovieTrack has too. */
import { MovieTrack, TrackRecord } from "../abi/records";

/** Offsets into a MovieTrack. */
export namespace Presentation {
  export const WIDTH: usize = MovieTrack.PRESENTATION; // and height
  export const MATRIX: usize = WIDTH + TrackRecord.MATRIX - TrackRecord.WIDTH;
  export const LANGUAGE: usize = WIDTH + TrackRecord.LANGUAGE - TrackRecord.WIDTH;
  export const VOLUME: usize = WIDTH + TrackRecord.VOLUME - TrackRecord.WIDTH;
  export const ALTERNATE_GROUP: usize = WIDTH + TrackRecord.ALTERNATE_GROUP - TrackRecord.WIDTH;
  export const LAYER: usize = WIDTH + TrackRecord.LAYER - TrackRecord.WIDTH;
}
