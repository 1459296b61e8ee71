import { BoxcarError } from "../../base/errors.ts";

/** What this client does not know, and ffmpeg may. */
export class HandOver extends Error {}

/** The refusal of a source. @param why a part of a sentence, which must not show credentials */
export function sourceFailed(why: string): BoxcarError {
  return new BoxcarError("source_failed", `The source cannot be read: ${why}.`);
}
