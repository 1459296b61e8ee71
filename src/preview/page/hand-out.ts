import type { BoxcarPlayer } from "../element/boxcar-player.ts";
import { pictureOf, type DownloadOptions } from "./api.ts";
import { momentText } from "./clock.ts";
import { saveBlob } from "../save.ts";
import { download } from "./files.ts";
import type { Recording } from "./recording.ts";
import type { Interval } from "../../base/interval.ts";

/** Hands a range, or the picture that is shown, to the viewer as a file. @throws Error with a sentence */
export async function handOut(
  what: "mp4" | "fmp4" | "picture",
  recording: Recording,
  range: Interval,
  options: DownloadOptions,
  player: BoxcarPlayer,
): Promise<void> {
  const { name, streamPath } = recording;
  const { timeMs } = player;
  const title = (ms: number): string => `${name.replace(/\.[^.]+$/, "")} ${momentText(ms)}`;
  if (what !== "picture") await recording.download(what, range, options, `${title(range.startMs)}.mp4`);
  else if (streamPath === undefined) saveBlob(await player.snapshot(), `${title(timeMs)}.png`);
  else await download(pictureOf(streamPath, timeMs, 0, false), `${title(timeMs)}.jpg`);
}
