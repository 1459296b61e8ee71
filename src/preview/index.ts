/**
 * Plays recordings in a web page: ranges of a boxcar server without WebAssembly, MP4 files and URLs with it.
 *
 * @example
 * import { openFiles, Player } from "boxcar/preview";
 * const player = new Player(document.querySelector("video"));
 * await player.open({ server: "https://video.example", streamPath: "live/cam1", startMs, endMs });
 * await player.open(await openFiles(input.files));
 */
export { BoxcarPlayer, defineBoxcarPlayer } from "./element/boxcar-player.ts";
export type { PlayedRange, PlayerEvents } from "./events.ts";
export { Player } from "./player.ts";
export type { Token } from "./http.ts";
export { openRange, type PlayerLink, type PlayerRange } from "./server-range.ts";
export {
  openFiles,
  type FileOutput,
  type FileToOpen,
  type OpenFilesOptions,
  type OutputOptions,
  type RecordedFiles,
} from "./open-files.ts";
export type { Gap, MediaSegment, SegmentBytes, PlayerSource } from "./source.ts";
