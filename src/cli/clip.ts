import { open, rename, rm, stat } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../config/config.ts";
import type { Media } from "../core/index.ts";
import { checkTimeZone } from "../base/time-zone.ts";
import { planClip } from "./clip-files.ts";
import { parseClipTime, type ClipTime } from "./clip-times.ts";
import { badUsage, onInterrupt } from "./usage.ts";

export const help = `boxcar clip A.mp4 [B.mp4 …] -o OUT [--from TIME] [--to TIME] [options]

Cuts and joins files into one, without a server and without re-encoding.

  -o, --output OUT    the file to write; - is standard output
  --from, --to TIME   90, 2.5s, 1m30s or 00:01:30 from the start of the first file (files follow each other), or a date
                      and time such as 2026-01-31T12:00:00Z (each file starts when it states that it was recorded)
  --format FORMAT     mp4 or fmp4 (fragmented); default mp4
  --cut CUT           frame (default): starts exactly there, or keyframe: at the sync sample before, nothing hidden
  --gaps GAPS         skip (default) or keep
  --changes CHANGES   inband (default) or entries: how new parameter sets are carried
  --edits EDITS       list (default): what is only decoded is hidden by edit lists, or none: for players by Media Source Extensions
  --tag TAG           hvc1 or hev1: name of the sample entries of H.265; default as in the files
  --sound SOUND       keep (default): silent samples where sound is missing, or none
  --tz ZONE           time zone of times without an offset (default BOXCAR_TZ, else the system's)
  --force             overwrite OUT`;

const choice = <T extends string>(name: string, value: string, choices: readonly T[]): T => {
  const found = choices.find((known) => known === value);
  if (found === undefined) throw badUsage(`--${name} is ${choices.join(" or ")}, not ${value}`);
  return found;
};

const OPTIONS = {
  output: { type: "string", short: "o" },
  from: { type: "string" },
  to: { type: "string" },
  format: { type: "string", default: "mp4" },
  cut: { type: "string", default: "frame" },
  gaps: { type: "string", default: "skip" },
  changes: { type: "string", default: "inband" },
  sound: { type: "string", default: "keep" },
  edits: { type: "string", default: "list" },
  tag: { type: "string" },
  tz: { type: "string" },
  force: { type: "boolean", default: false },
} as const;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals: files } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  const { output } = values;
  if (files.length === 0) throw badUsage("Give the files to cut: boxcar clip A.mp4 B.mp4 -o OUT");
  if (output === undefined) throw badUsage("Say where to write with -o OUT (- is standard output)");
  if (output !== "-" && !values.force && (await stat(output).catch(() => undefined)) !== undefined) {
    throw badUsage(`${output} exists; --force overwrites it`);
  }
  const zone = values.tz === undefined ? readConfig(process.env).timeZone : checkTimeZone(values.tz);
  const time = (name: "from" | "to"): ClipTime | undefined => {
    const text = values[name];
    return text === undefined ? undefined : parseClipTime(text, zone, `--${name}`);
  };
  const format = choice("format", values.format, ["mp4", "fmp4"]);
  const clip = await planClip(files, {
    from: time("from"),
    to: time("to"),
    zone,
    cut: choice("cut", values.cut, ["frame", "keyframe"]),
    gaps: choice("gaps", values.gaps, ["skip", "keep"]),
    changes: choice("changes", values.changes, ["inband", "entries"]),
    sound: choice("sound", values.sound, ["keep", "none"]),
    edits: choice("edits", values.edits, ["list", "none"]),
    tag: values.tag === undefined ? undefined : choice<"hvc1" | "hev1">("tag", values.tag, ["hvc1", "hev1"]),
  });
  const interrupt = onInterrupt();
  try {
    const { plan, warnings } = clip;
    for (const warning of warnings) console.error(`warning: ${warning}`);
    const media = plan.media(format);
    if (output === "-") await pour(media, interrupt.signal);
    else await write(media, output, interrupt.signal);
    const seconds = ((plan.endMs - plan.startMs) / 1000).toFixed(3);
    const gaps = plan.gaps.length === 1 ? "1 gap" : `${plan.gaps.length} gaps`;
    const joints = plan.joints === 1 ? "1 joint" : `${plan.joints} joints`;
    console.error(`${output}: ${seconds} s, ${media.size} bytes, ${plan.codecs}, ${joints}, ${gaps}`);
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return 130;
    throw error;
  } finally {
    interrupt.release();
  }
}

/** Writes beside the target and renames at the end, so that a broken clip never carries its name. */
async function write(media: Media, path: string, signal: AbortSignal): Promise<void> {
  const draft = `${path}.part`;
  const file = await open(draft, "w");
  try {
    for await (const chunk of media.read({ offset: 0, length: media.size })) {
      signal.throwIfAborted();
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
    }
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
}

async function pour(media: Media, signal: AbortSignal): Promise<void> {
  for await (const chunk of media.read({ offset: 0, length: media.size })) {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }
}
