/** Errors with which a plan refuses segments. */
import { BoxcarError } from "../../base/errors.ts";
import type { RecordedSegment } from "../segment.ts";

/** Refuses to cut what is encrypted. */
export function encrypted({ id }: RecordedSegment): BoxcarError {
  const message = `Segment ${id} is encrypted, and cutting would lose what its samples need to be decrypted. Download it whole by id.`;
  return new BoxcarError("encrypted", message, { id });
}

/** Refuses a range over two codecs. */
export function codecChange({ id }: RecordedSegment, before: string, after: string): BoxcarError {
  const message = `The codec changes from ${before} to ${after} at segment ${id}, which no player follows inside one track. Download the spans one by one.`;
  return new BoxcarError("codec_change", message, { id, before, after });
}

/** Refuses a gap that the sample before it cannot last over. */
export function tooLongGap({ id }: RecordedSegment): BoxcarError {
  const message = `The distance before segment ${id} is longer than one sample can last. Use gaps=skip, or a shorter range.`;
  return new BoxcarError("gap_too_long", message, { id });
}

/** Says that a segment cannot be decoded. */
export function noSyncSample({ id }: RecordedSegment): BoxcarError {
  const message = `Segment ${id} has no sync sample to start from, nor has what is recorded before it. Download it as it is stored, by id.`;
  return new BoxcarError("no_sync_sample", message, { id });
}
