import type { Log } from "../platform.ts";

const levels = ["debug", "info", "warn", "error"] as const;

/** Logs one JSON object a line to standard error: `time`, `level`, `message` and the fields. */
export function nodeLog(least: (typeof levels)[number]): Log {
  return (level, message, fields) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  };
}
