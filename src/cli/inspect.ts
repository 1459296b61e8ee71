import { parseArgs } from "node:util";
import { loadCore } from "../runtime/node-parts.ts";
import { openFiles } from "./clip-files.ts";
import { badUsage } from "./usage.ts";

/** Text of `boxcar inspect --help`. */
export const help = `boxcar inspect FILE [--json]

Shows what an MP4 file holds: its tracks, and what was repaired or simplified while reading it.

  --json   as JSON`;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw badUsage("Give one file: boxcar inspect FILE");
  const [opened] = await openFiles(await loadCore(), [file]);
  if (opened === undefined) return 1;
  const { description, index } = opened.indexed;
  if (values.json) {
    console.log(
      JSON.stringify({ file, size: opened.info.size, indexBytes: index.length, ...description }, undefined, 2),
    );
    return 0;
  }
  const { format, durationMs, codecs, creationTimeMs, tracks, warnings } = description;
  const created = creationTimeMs === undefined ? "not stated" : new Date(creationTimeMs).toISOString();
  console.log(`${file}: ${format}, ${opened.info.size} bytes, ${(durationMs / 1000).toFixed(3)} s, ${codecs}`);
  console.log(`created ${created}, segment index ${index.length} bytes`);
  for (const { id, handler, codec, timescale, samples, durationMs: length } of tracks) {
    console.log(
      `track ${id}: ${handler} ${codec}, ${samples} samples, ${(length / 1000).toFixed(3)} s, timescale ${timescale}`,
    );
  }
  for (const warning of warnings) console.log(`warning: ${warning}`);
  return 0;
}
