import type { Log } from "../../base/ports.ts";

const levels = ["debug", "info", "warn", "error"] as const;

/** Logs one JSON object a line: `time`, `level`, `message` and the fields. @param write takes a line, without its end */
export function jsonLog(least: (typeof levels)[number], write: (line: string) => void): Log {
  return (level, message, fields) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    write(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
  };
}
