import { BoxcarError } from "../../base/errors.ts";
import type { AppPlatform, RecordingPlatform } from "../context.ts";

/** What records here. @throws BoxcarError `not_available` (501) */
export function recordingOf({ recording }: AppPlatform): RecordingPlatform {
  if (recording !== undefined) return recording;
  const message =
    "This server records nothing: it runs where no connection lasts. Record with one on Node, Bun or Deno.";
  throw new BoxcarError("not_available", message);
}
