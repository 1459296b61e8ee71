import { BoxcarError } from "../base/errors.ts";
import type { Connect } from "./recording.ts";

/** Reads live sources by URL. */
export interface SourceReader {
  /** Whether a source may be reached at all, as far as its URL tells. @throws BoxcarError `bad_source` (400), `source_refused` (403) */
  check(url: string): void;
  /**
   * Connects to a source and yields it as fragmented MP4.
   * @throws BoxcarError (from the iteration) `source_refused` (403), `source_failed` (502), `ffmpeg_missing` (501)
   */
  open(url: string): Connect;
}

/** The refusal of a stream that no source is known of, and nothing is recorded of now. */
export function unknownSource(streamPath: string): BoxcarError {
  const message = `${streamPath} has no source. Set one by PUT /mp4/api/sources/${streamPath}; a start takes one as source in its body, too.`;
  return new BoxcarError("unknown_source", message, { streamPath });
}
