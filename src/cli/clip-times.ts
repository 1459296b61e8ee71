import { wholeDuration } from "../core/index.ts";
import { formatTime, parseDuration, parseTime, timecodeMs } from "../base/time.ts";
import { badUsage } from "./usage.ts";

/** A point in a clip: milliseconds from the start of the first file, or on the wall clock (since 1970). */
export type ClipTime = { readonly offsetMs: number } | { readonly wallMs: number };

/**
 * Reads `--from` and `--to`: `90`, `2.5s`, `1m30s` and `00:01:30.250` count from the start of the first file; a date with
 * a time (RFC 3339, or without an offset in `zone`) is on the wall clock.
 * @throws BoxcarError `bad_usage`, `bad_time`, `bad_duration` (400)
 */
export function parseClipTime(text: string, zone: string, name: string): ClipTime {
  if (/^\d{4}-/.test(text)) return { wallMs: parseTime(text, { zone, dayOf: 0 }, name) };
  if (/^0+(\.0+)?(ms|s|m|h)?$/.test(text)) return { offsetMs: 0 };
  const timecode = /^(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (timecode === null) return { offsetMs: parseDuration(text, name) };
  const [, hours = "0", ...others] = timecode;
  return { offsetMs: timecodeMs([hours, ...others]) };
}

/** What laying out files needs to know of each. */
export interface ClipFile {
  /** Milliseconds. */
  readonly durationMs: number;
  /** When the file states that it was recorded, milliseconds since 1970. */
  readonly statedMs: number | undefined;
}

/** A clip's place in time. */
export interface ClipLayout {
  /** Start of each file, in milliseconds since 1970, in the order given. */
  readonly starts: readonly number[];
  /** What is asked for; the end is exclusive. */
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Puts files on the wall clock. With wall-clock times each file starts when it states that it was recorded; otherwise the
 * files follow each other without a gap.
 * @throws BoxcarError `bad_usage` (400) when a file does not state it, or the end is not after the start
 */
export function layOut(files: readonly ClipFile[], from: ClipTime | undefined, to: ClipTime | undefined): ClipLayout {
  const onWall = [from, to].some((time) => time !== undefined && "wallMs" in time);
  let next = files[0]?.statedMs ?? 0;
  const starts = files.map(({ durationMs, statedMs }, i) => {
    if (onWall) {
      if (statedMs !== undefined) return statedMs;
      throw badUsage(
        `File ${i + 1} does not state when it was recorded. Give --from and --to from its start, as 1m30s.`,
      );
    }
    const start = next;
    next += wholeDuration(durationMs);
    return start;
  });
  const first = Math.min(...starts);
  const last = Math.max(...files.map(({ durationMs }, i) => (starts[i] ?? 0) + wholeDuration(durationMs)));
  const at = (time: ClipTime): number => ("wallMs" in time ? time.wallMs : first + time.offsetMs);
  const startMs = from === undefined ? first : at(from);
  const endMs = to === undefined ? last : at(to);
  if (startMs >= last) {
    const end = onWall ? `end at ${formatTime(last)}` : `last ${(last - first) / 1000} s`;
    throw badUsage(`--from is not before the end of the files, which ${end}. Give an earlier start.`);
  }
  if (endMs <= startMs) throw badUsage("--to is not after --from. Give a later end.");
  return { starts, startMs, endMs };
}
