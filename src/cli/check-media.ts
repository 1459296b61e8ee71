import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { loadCore } from "../runtime/node/load-core.ts";
import { openFiles } from "./clip-files.ts";

const run = promisify(execFile);

/** What was found in a file, and by whom. */
export interface MediaCheck {
  readonly seconds: number;
  /** One for each track. */
  readonly codecs: readonly string[];
  readonly by: string;
}

/** Measures a file with ffprobe where there is one, else with boxcar's own index. */
export async function measure(file: string, ffprobe: string | undefined): Promise<MediaCheck> {
  if (ffprobe === undefined) {
    const [opened] = await openFiles(await loadCore(), [file]);
    const description = opened?.indexed.description;
    return {
      seconds: (description?.durationMs ?? 0) / 1000,
      codecs: description?.codecs.split(",") ?? [],
      by: "boxcar",
    };
  }
  // Not the duration of the file: that of its media, of which more is decoded than shown.
  const entries = ["-show_entries", "stream=codec_name,duration", "-of", "json"];
  const { stdout } = await run(ffprobe, ["-v", "error", ...entries, file]);
  const { streams } = JSON.parse(stdout) as { streams: { codec_name: string; duration: string }[] };
  const seconds = Math.max(...streams.map(({ duration }) => Number(duration)));
  return { seconds, codecs: streams.map((stream) => stream.codec_name), by: "ffprobe" };
}

/** Decodes a file to its end. @returns what ffmpeg complains about, empty for a clean file */
export async function decodeComplaints(file: string, ffmpeg: string): Promise<string> {
  const decoded = await run(ffmpeg, ["-nostdin", "-v", "error", "-i", file, "-f", "null", "-"], { maxBuffer: 1 << 24 });
  return decoded.stderr.trim();
}
