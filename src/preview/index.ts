/**
 * Plays recordings of a boxcar server in a web page, without WebAssembly.
 *
 * @example
 * import { Player } from "boxcar/preview";
 * const player = new Player(document.querySelector("video"));
 * await player.open({ server: "https://video.example", streamPath: "live/cam1", startMs, endMs });
 */
export { Player, type PlayerEvents, type PlayerRange } from "./player.ts";
export type { Gap } from "./playlist.ts";
