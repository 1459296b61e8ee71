/** Captions that tell the wall clock, a cue for each of its seconds, as WebVTT (https://www.w3.org/TR/webvtt1). */

import { concatenated } from "../base/bytes.ts";
import type { Pace } from "../base/ports.ts";
import { clockText } from "../base/time.ts";
import { DAY_MS } from "../base/units.ts";

/** A segment of captions: all that it says follows from it. */
export interface CaptionsName {
  /** What it is for, wall clock, milliseconds; exclusive of the end. */
  readonly startMs: number;
  readonly endMs: number;
  /** How far local time is ahead of UTC. */
  readonly offsetMinutes: number;
  /**
   * When it is presented, milliseconds, for players that take its times as they are (DASH). Default: times count from its start, which
   * a header maps to the media time (RFC 8216 section 3.5).
   */
  readonly presentedMs?: number | undefined;
}

const SECOND_MS = 1000;
/** Longest segment of captions: media segments of pictures that come every few hours are long. */
const LONGEST_MS = DAY_MS;
/** Ticks a millisecond of MPEG-2 systems, whose times have 33 bits. */
const [MPEG_TICKS, MPEG_WRAPS] = [90, 2 ** 33];

/** Cues that are written as one piece of text: it is no longer in memory as text by the time the next one is. */
const IN_PIECE = 1000;
/** Bytes of a cue, at most. */
const CUE_BYTES = 72;

/** Bytes that the text of a segment of captions takes, at most; 0 when there is none of that name. */
export function captionsBytes(name: CaptionsName): number {
  return isWritten(name) ? ((name.endMs - name.startMs) / SECOND_MS + 2) * CUE_BYTES : 0;
}

/** The text of a segment of captions; undefined when there is none of that name. @param pace lets others go on: a day has 86,400 cues */
export async function clockCaptions(name: CaptionsName, pace: Pace): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!isWritten(name)) return undefined;
  const { startMs, endMs, offsetMinutes, presentedMs } = name;
  const mapped = `X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:${(startMs * MPEG_TICKS) % MPEG_WRAPS}\n`;
  const atMs = (presentedMs ?? 0) - startMs;
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let text = `WEBVTT\n${presentedMs === undefined ? mapped : ""}`;
  let cues = 0;
  for (let fromMs = startMs; fromMs < endMs; cues++) {
    const second = Math.floor(fromMs / SECOND_MS) * SECOND_MS;
    const untilMs = Math.min(second + SECOND_MS, endMs);
    text += `\n${cueTime(atMs + fromMs)} --> ${cueTime(atMs + untilMs)}\n${clockText(second, offsetMinutes)}\n`;
    fromMs = untilMs;
    if (cues % IN_PIECE === IN_PIECE - 1) {
      pieces.push(encoder.encode(text));
      text = "";
    }
    const pause = pace.breathe();
    if (pause !== undefined) await pause;
  }
  return concatenated([...pieces, encoder.encode(text)]);
}

function isWritten({ startMs, endMs }: CaptionsName): boolean {
  const lengthMs = endMs - startMs;
  return lengthMs > 0 && lengthMs <= LONGEST_MS && endMs <= Number.MAX_SAFE_INTEGER / MPEG_TICKS;
}

function cueTime(ms: number): string {
  const part = (value: number, digits: number): string => String(value).padStart(digits, "0");
  const seconds = Math.floor(ms / SECOND_MS);
  const minutes = Math.floor(seconds / 60);
  return `${part(Math.floor(minutes / 60), 2)}:${part(minutes % 60, 2)}:${part(seconds % 60, 2)}.${part(ms % SECOND_MS, 3)}`;
}
