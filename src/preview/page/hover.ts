import { picturePath } from "./api.ts";
import { pictureUrl } from "./files.ts";

/** So long the pointer stands still before a picture is asked for, milliseconds. */
const STILL_MS = 150;
/** Pixels. */
const WIDTH = 192;

/** The moment under the pointer, with its picture. */
export interface HoverState {
  readonly timeMs: number;
  /** Pixels from the left of the timeline. */
  readonly x: number;
  readonly picture: string | undefined;
}

/** Shows pictures of the moments that the pointer is over. */
export class Hover {
  readonly #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Undefined: the pointer is elsewhere. */
  state: HoverState | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** @param streamPath undefined: the server has no pictures of it */
  move(at: { readonly timeMs: number; readonly x: number } | undefined, streamPath: string | undefined): void {
    clearTimeout(this.#timer);
    this.state = at && { ...at, picture: streamPath === undefined ? undefined : this.state?.picture };
    if (at !== undefined && streamPath !== undefined)
      this.#timer = setTimeout(() => void this.#show(streamPath, at.timeMs), STILL_MS);
    this.#changed();
  }

  async #show(streamPath: string, timeMs: number): Promise<void> {
    const picture = await pictureUrl(picturePath(streamPath, timeMs, WIDTH, true));
    if (this.state !== undefined) this.state = { ...this.state, picture };
    this.#changed();
  }
}
