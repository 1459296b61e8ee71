import type { Log } from "../../base/ports.ts";

const levels = ["debug", "info", "warn", "error"] as const;

/** What JSON leaves as it is, and what ends lines, moves the cursor or turns text round where a log is read. */
const UNSEEN = /[\u007f-\u009f\u2028\u2029\ufeff\p{Bidi_Control}]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Logs one JSON object a line: `time`, `level`, `message` and the fields. @param write takes a line, without its end */
export function jsonLog(least: (typeof levels)[number], write: (line: string) => void): Log {
  return (level, message, fields) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields });
    write(line.replace(UNSEEN, escaped));
  };
}
