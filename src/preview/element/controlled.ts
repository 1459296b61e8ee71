import type { PlayedRange } from "../events.ts";
import type { Gap } from "../source.ts";

/** What buttons and keys do to a player, and show of it. */
export interface Controlled {
  readonly video: HTMLVideoElement;
  readonly paused: boolean;
  /** Wall clock of the picture that is shown, milliseconds. */
  readonly timeMs: number;
  readonly gaps: readonly Gap[];
  readonly range: PlayedRange | undefined;
  rate: number;
  loop: boolean;
  muted: boolean;
  toggle(): void;
  seek(timeMs: number): void;
  /** @param pictures forward, or back below 0 */
  step(pictures: number): Promise<void>;
  /** Begins or ends what is chosen with the picture that is shown. */
  mark(edge: "in" | "out"): void;
  savePicture(): Promise<void>;
  fullscreen(): Promise<void>;
  pictureInPicture(): Promise<void>;
}
