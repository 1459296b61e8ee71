import { BoxcarError } from "../base/errors.ts";
import { paused } from "../base/paused.ts";

/** How far ahead of the clock a stream may be recorded, milliseconds: who sends faster than real time is slowed down to it. */
const MOST_AHEAD_MS = 10_000;
/** How long a part is held back for that, milliseconds: what would have to wait longer is no live stream. */
const LONGEST_HOLD_MS = 60_000;

/**
 * Holds a part back until it may be recorded; whoever sends it finds that no more is read.
 * @param aheadMs by how much it would end ahead of the clock
 * @param signal ends the wait
 * @throws BoxcarError `ahead_of_time` (422)
 */
export async function keepPace(aheadMs: number, signal: AbortSignal): Promise<void> {
  const holdMs = aheadMs - MOST_AHEAD_MS;
  if (holdMs > LONGEST_HOLD_MS) throw aheadOfTime(aheadMs);
  if (holdMs > 0) await paused(holdMs, signal);
}

function aheadOfTime(aheadMs: number): BoxcarError {
  const seconds = Math.round(aheadMs / 1000);
  const message = `A part of the stream would end ${String(seconds)} seconds from now, as nothing does that is live. Send it as fast as it plays, or upload files with PUT /mp4/api/segments.`;
  return new BoxcarError("ahead_of_time", message, { seconds });
}
