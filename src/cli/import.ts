import { realpath, stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readConfig, type Config } from "../config/config.ts";
import { openNodeParts } from "../runtime/node/node-parts.ts";
import { formatTime, parseDuration } from "../base/time.ts";
import { checkTimeZone } from "../base/time-zone.ts";
import { FilePattern, type FoundFile } from "./file-pattern.ts";
import { FollowedFolder, type FollowOptions } from "./follow-folder.ts";
import { findFiles, importFiles, STILL_MS, type FileOutcome, type FoundFiles } from "./import-folder.ts";
import { Progress } from "./progress.ts";
import { badUsage, onInterrupt } from "./usage.ts";

export const help = `boxcar import DIR --pattern PATTERN [--in-place] [--tz ZONE] [--stream PATH] [--dry-run | --watch [--quiet TIME]]

Takes the recordings of a folder into the catalog of BOXCAR_DATA (default ./data). The pattern says where a file's
name holds its stream path and start; it is relative to DIR:

  %path   stream path, any number of folders      %Y %m %d  date          %s  seconds since 1970
  %f      fraction of a second, 1 to 9 digits     %H %M %S  time of day   %z  Z or an offset such as +0200

Without %path the stream path is the folder before the first placeholder, as in 'live/cam1/%Y-%m-%d_%H-%M-%S.mp4'.

  --in-place     index the files where they lie instead of copying them; they must stay there
  --tz ZONE      time zone of the names (default BOXCAR_TZ, else the system's)
  --stream PATH  stream path of all files
  --dry-run      show what the pattern reads and what it does not match, import nothing
  --watch        then follow the folder: files are taken in when they are finished, until Ctrl-C
  --quiet TIME   with --watch: how long a file must be as it is (default 1s where /proc tells who writes files, else 10s)

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
      watch: { type: "boolean", default: false },
      quiet: { type: "string" },
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

  if (values.quiet !== undefined && !values.watch) throw badUsage("--quiet belongs to --watch");
  if (values.watch) {
    if (values["dry-run"]) throw badUsage("Give one of --watch and --dry-run");
    const quietMs = values.quiet === undefined ? undefined : parseDuration(values.quiet, "quiet");
    return followFolder(config, { folder, pattern, quietMs }, values["in-place"]);
  }
  const found = await findFiles(folder, pattern);
  if (values["dry-run"]) return showFound(found);
  return importOnce(config, { folder, inPlace: values["in-place"], written: values.pattern }, found);
}

/** Shows what the pattern reads. @returns the exit code, as `importOnce` does */
function showFound({ files, unmatched, refused }: FoundFiles): number {
  for (const { path, streamPath, startMs, againMs } of files) {
    const again = againMs === undefined ? "" : ` or ${formatTime(againMs)}`;
    console.log(`${path}: ${streamPath} ${formatTime(startMs)}${again}`);
  }
  for (const path of unmatched) console.log(`${path}: not of the pattern`);
  showRefused(refused);
  console.log(`${files.length} match, ${unmatched.length} do not`);
  return refused.length === 0 ? 0 : 1;
}

/** Takes in what was found. @param written the pattern, as it was given @returns the exit code: 130 when it was interrupted, 1 when something was refused, or nothing matches */
async function importOnce(
  config: Config,
  { folder, inPlace, written }: { readonly folder: string; readonly inPlace: boolean; readonly written: string },
  { files, unmatched, refused: unread }: FoundFiles,
): Promise<number> {
  const refused = [...unread];
  const parts = await openNodeParts(config);
  const interrupt = onInterrupt();
  const progress = new Progress(files.length);
  const counts = { imported: 0, present: 0 };
  try {
    await parts.migrate();
    const { maxDurationMs } = config;
    const options = { folder, inPlace, maxDurationMs, stillMs: STILL_MS, signal: interrupt.signal };
    for await (const done of importFiles(parts, files, options)) {
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
    const others = unmatched.length === 0 ? "" : `, ${unmatched.length} not of the pattern`;
    console.log(`${counts.imported} imported, ${counts.present} already there, ${refused.length} refused${others}`);
  }
  if (files.length === 0 && unmatched[0] !== undefined) {
    console.error(`boxcar: no file matches ${written}; ${unmatched[0]} for example does not`);
    return 1;
  }
  if (interrupt.signal.aborted) return 130;
  return refused.length === 0 ? 0 : 1;
}

/** How long to wait for a catalog or a store that does not answer, milliseconds. */
const AWAY_MS = 5000;

/** Takes in what is finished, until it is interrupted. */
async function followFolder(config: Config, following: FollowOptions, inPlace: boolean): Promise<number> {
  const parts = await openNodeParts(config);
  const interrupt = onInterrupt();
  const { signal } = interrupt;
  const { maxDurationMs } = config;
  const options = { folder: following.folder, inPlace, maxDurationMs, stillMs: 0, signal };
  const followed = new FollowedFolder(following);
  let refused = 0;
  const takeIn = async (files: readonly FoundFile[]): Promise<void> => {
    const left = [...files];
    for await (const { path, outcome, code, text } of importFiles(parts, files, options)) {
      const file = left.shift();
      if (code === "file_changing" && file !== undefined) followed.again(file);
      else (outcome === "refused" ? console.error : console.log)(`${outcome} ${path}: ${text}`);
      if (outcome === "refused" && code !== "file_changing") refused++;
    }
  };
  try {
    await parts.migrate();
    console.log(`following ${following.folder}`);
    while (!signal.aborted) {
      let files: FoundFile[] = [];
      try {
        files = await followed.finished();
        await takeIn(files);
      } catch (error) {
        console.error(`boxcar: ${error instanceof Error ? error.message : String(error)}`);
        // Of what was taken in before that, nothing is taken twice.
        for (const file of files) followed.again(file);
        await setTimeout(files.length > 0 ? AWAY_MS : 0, undefined, { signal }).catch(() => undefined);
      }
      await followed.pause(signal);
    }
  } finally {
    interrupt.release();
    await parts.close();
  }
  return refused === 0 ? 0 : 1;
}

/** Says at the end, where it is seen, what was not taken in and why. */
function showRefused(refused: readonly FileOutcome[]): void {
  for (const { path, text } of refused) console.error(`refused ${path}: ${text}`);
}
