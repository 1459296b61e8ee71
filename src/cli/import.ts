import { realpath, stat } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../config/config.ts";
import { openNodeParts } from "../runtime/node/node-parts.ts";
import { checkTimeZone, formatTime } from "../base/time.ts";
import { FilePattern } from "./file-pattern.ts";
import { findFiles, importFiles, type FileOutcome } from "./import-folder.ts";
import { Progress } from "./progress.ts";
import { badUsage, onInterrupt } from "./usage.ts";

/** Text of `boxcar import --help`. */
export const help = `boxcar import DIR --pattern PATTERN [--in-place] [--tz ZONE] [--stream PATH] [--dry-run]

Takes the recordings of a folder into the catalog of BOXCAR_DATA (default ./data). The pattern says where a file's
name holds its stream path and start; it is relative to DIR:

  %path   stream path, any number of folders      %Y %m %d  date          %s  seconds since 1970
  %f      fraction of a second, 1 to 9 digits     %H %M %S  time of day   %z  Z or an offset such as +0200

Without %path the stream path is the folder before the first placeholder, as in 'live/cam1/%Y-%m-%d_%H-%M-%S.mp4'.

  --in-place     index the files where they lie instead of copying them; they must stay there
  --tz ZONE      time zone of the names (default BOXCAR_TZ, else the system's)
  --stream PATH  stream path of all files
  --dry-run      show what the pattern reads, import nothing

Files imported before are skipped, so it can be repeated; a file that cannot be used is reported and skipped, and the
exit code is 1. Ctrl-C ends it after cleaning up. docs/import.md has the patterns of other recorders.`;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      pattern: { type: "string" },
      "in-place": { type: "boolean", default: false },
      tz: { type: "string" },
      stream: { type: "string" },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const [given, ...more] = positionals;
  if (given === undefined || more.length > 0) throw badUsage("Give one folder: boxcar import DIR --pattern PATTERN");
  if (values.pattern === undefined) throw badUsage("Give --pattern; boxcar import --help shows how it is written");
  const config = readConfig(process.env);
  const zone = values.tz === undefined ? config.timeZone : checkTimeZone(values.tz);
  const pattern = new FilePattern(values.pattern, { zone, streamPath: values.stream });
  const folder = await realpath(given).catch(() => undefined);
  if (folder === undefined || !(await stat(folder)).isDirectory()) throw badUsage(`${given} is no folder`);

  const found = await findFiles(folder, pattern);
  const refused = [...found.refused];
  if (values["dry-run"]) {
    for (const { path, streamPath, startMs, againMs } of found.files) {
      const again = againMs === undefined ? "" : ` or ${formatTime(againMs)}`;
      console.log(`${path}: ${streamPath} ${formatTime(startMs)}${again}`);
    }
    showRefused(refused);
    console.log(`${found.files.length} match, ${found.unmatched.length} do not`);
    return refused.length === 0 ? 0 : 1;
  }

  const parts = await openNodeParts(config);
  const interrupt = onInterrupt();
  const progress = new Progress(found.files.length);
  const counts = { imported: 0, present: 0 };
  try {
    await parts.migrate();
    const { maxDurationMs } = config;
    const options = { folder, inPlace: values["in-place"], maxDurationMs, signal: interrupt.signal };
    for await (const done of importFiles(parts, found.files, options)) {
      const { path, outcome, text } = done;
      if (outcome === "refused") refused.push(done);
      else counts[outcome]++;
      progress.step(`${outcome} ${path}: ${text}`);
    }
  } finally {
    progress.end();
    interrupt.release();
    await parts.close();
    showRefused(refused);
    const unmatched = found.unmatched.length === 0 ? "" : `, ${found.unmatched.length} not of the pattern`;
    console.log(`${counts.imported} imported, ${counts.present} already there, ${refused.length} refused${unmatched}`);
  }
  if (found.files.length === 0 && found.unmatched[0] !== undefined) {
    console.error(`boxcar: no file matches ${values.pattern}; ${found.unmatched[0]} for example does not`);
    return 1;
  }
  if (interrupt.signal.aborted) return 130;
  return refused.length === 0 ? 0 : 1;
}

/** Says at the end, where it is seen, what was not taken in and why. */
function showRefused(refused: readonly FileOutcome[]): void {
  for (const { path, text } of refused) console.error(`refused ${path}: ${text}`);
}
