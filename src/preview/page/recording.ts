import { openFiles, type RecordedFiles } from "../open-files.ts";
import { gapsOf, type PlayerSource } from "../source.ts";
import type { PlayerRange } from "../server-range.ts";
import { ask, downloadOf, facts, pictureOf, type DownloadOptions, type RangeFacts, type StreamRow } from "./api.ts";
import { blobOf, download, inNameOrder, save } from "./files.ts";
import { firstPicture, syncPicture, Undecodable } from "./pictures.ts";
import type { Interval } from "../../base/interval.ts";

/** A range of a server that is opened for playing, around the time that was chosen. */
const PLAYED_MS = 6 * 3_600_000;

/** Of a file so much is cut for the picture it begins with. */
const PICTURE_MS = 40;

/** What the page shows: a stream of its server, or files of this device. */
export interface Recording extends Interval {
  /** What the viewer knows it by. */
  readonly name: string;
  /** Absent: it lies on this device. */
  readonly streamPath?: string;
  /** What to open to play a time, and what part of the recording that is. */
  playable(timeMs: number): { readonly span: Interval; readonly what: PlayerRange | PlayerSource };
  /** What a download of a range would hold; undefined when nothing is recorded there. */
  facts(range: Interval, options: DownloadOptions, signal: AbortSignal): Promise<RangeFacts | undefined>;
  /** The picture of a time, or one near it, small. @param width pixels @throws Error where there is none */
  picture(timeMs: number, width: number): Promise<Blob>;
  /** Hands a range to the viewer. Files of the device get no captions. @param name of the file @throws Error with a sentence */
  download(format: "mp4" | "fmp4", range: Interval, options: DownloadOptions, name: string): Promise<void>;
}

/** A stream of the server. */
export function serverRecording({
  streamPath,
  startMs,
  endMs,
}: StreamRow): Recording & { readonly streamPath: string } {
  let isDecoded = true;
  return {
    ...{ name: streamPath, streamPath, startMs, endMs },
    playable(timeMs) {
      const from = Math.max(startMs, Math.min(timeMs, endMs) - PLAYED_MS / 2);
      const span = { startMs: from, endMs: Math.max(from + 1, Math.min(endMs, from + PLAYED_MS)) };
      return { span, what: { streamPath, ...span } };
    },
    facts: (range, options, signal) => facts(streamPath, range.startMs, range.endMs, options, signal),
    async picture(timeMs, width) {
      try {
        if (isDecoded) return await syncPicture(streamPath, timeMs, width);
      } catch (error) {
        if (!(error instanceof Undecodable)) throw error;
        isDecoded = false; // nor are others of it
      }
      return (await ask(pictureOf(streamPath, timeMs, width, true))).blob();
    },
    download: (format, range, options, name) =>
      download(downloadOf(streamPath, format, range.startMs, range.endMs, options), name),
  };
}

/** Files of this device. @throws Error naming the file, with a sentence */
export async function localRecording(chosen: readonly File[]): Promise<Recording> {
  const inOrder = inNameOrder(chosen);
  const files = await openFiles(inOrder);
  await files.whole(); // the timeline has all of them
  const { startMs, endMs } = files;
  const [first] = inOrder;
  return {
    name: inOrder.length > 1 ? `${first?.name ?? ""} + ${inOrder.length - 1}` : (first?.name ?? ""),
    ...{ startMs, endMs },
    playable: () => ({ span: { startMs, endMs: endMs + 1 }, what: files }),
    facts: (range, options) => factsOf(files, range, options),
    async picture(timeMs, width) {
      const movie = await files.output({ startMs: timeMs, endMs: timeMs + PICTURE_MS });
      return firstPicture(await blobOf(movie), width);
    },
    async download(format, range, options, name) {
      await save(await files.output({ format, ...range, gaps: gapsIn(options) }), name);
    },
  };
}

const gapsIn = ({ keepsGaps }: DownloadOptions): "keep" | "skip" => (keepsGaps ? "keep" : "skip");

async function factsOf(
  files: RecordedFiles,
  range: Interval,
  options: DownloadOptions,
): Promise<RangeFacts | undefined> {
  const within = { startMs: Math.max(range.startMs, files.startMs), endMs: Math.min(range.endMs, files.endMs) };
  if (within.endMs <= within.startMs) return undefined;
  const bytes = (format: "mp4" | "fmp4"): Promise<number> =>
    files.output({ ...within, format, gaps: gapsIn(options) }).then(({ size }) => size);
  try {
    const [mp4, fmp4] = [await bytes("mp4"), await bytes("fmp4")];
    return { codecs: [...new Set(files.codecs)].join(), size: { mp4, fmp4 }, coverage: coverageOf(files), events: [] };
  } catch {
    return undefined; // a gap, or files that cannot be joined: downloading them says it
  }
}

function coverageOf(files: RecordedFiles): Interval[] {
  const spans: Interval[] = [];
  let { startMs } = files;
  for (const gap of gapsOf(files.segments)) {
    spans.push({ startMs, endMs: gap.startMs });
    startMs = gap.endMs;
  }
  return [...spans, { startMs, endMs: files.endMs }];
}
