import type { BoxcarPlayer } from "../element/boxcar-player.ts";
import { picturePath } from "./api.ts";
import { momentText } from "./clock.ts";
import { download, saveBlob } from "./files.ts";
import type { Recording } from "./recording.ts";
import type { Span } from "./timeline.ts";

/** Hands a range, or the picture that is shown, to the viewer as a file. @throws Error with a sentence */
export async function handOut(
  what: "mp4" | "fmp4" | "picture",
  recording: Recording,
  range: Span,
  player: BoxcarPlayer,
): Promise<void> {
  const { name, streamPath } = recording;
  const { timeMs } = player;
  const title = (ms: number): string => `${name.replace(/\.[^.]+$/, "")} ${momentText(ms)}`;
  if (what !== "picture") await recording.download(what, range, `${title(range.startMs)}.mp4`);
  else if (streamPath === undefined) saveBlob(await player.snapshot(), `${title(timeMs)}.png`);
  else await download(picturePath(streamPath, timeMs, 0, false), `${title(timeMs)}.jpg`);
}

/** What is selected once in, or out, is set to a time. @param before what was selected @param view what the timeline shows */
export function marked(edge: "in" | "out", timeMs: number, before: Span | undefined, view: Span): Span {
  const { startMs, endMs } =
    before ?? (edge === "in" ? { startMs: 0, endMs: view.endMs } : { startMs: view.startMs, endMs: 0 });
  return edge === "in"
    ? { startMs: timeMs, endMs: Math.max(endMs, timeMs + 1000) }
    : { startMs: Math.min(startMs, timeMs - 1000), endMs: timeMs };
}
