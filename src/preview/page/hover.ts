import type { Recording } from "./recording.ts";

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
  #wantedMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Undefined: the pointer is elsewhere. */
  state: HoverState | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** @param recording what the timeline shows */
  move(
    at: { readonly timeMs: number; readonly x: number } | undefined,
    recording: Pick<Recording, "picture"> | undefined,
  ): void {
    clearTimeout(this.#timer);
    this.#wantedMs = at?.timeMs;
    if (at === undefined) URL.revokeObjectURL(this.state?.picture ?? "");
    this.state = at && { ...at, picture: this.state?.picture };
    if (at !== undefined && recording !== undefined)
      this.#timer = setTimeout(() => void this.#show(recording, at.timeMs), STILL_MS);
    this.#changed();
  }

  async #show(recording: Pick<Recording, "picture">, timeMs: number): Promise<void> {
    const picture = await recording.picture(timeMs, WIDTH).catch(() => undefined); // nothing is recorded there
    if (this.state === undefined || this.#wantedMs !== timeMs) return;
    URL.revokeObjectURL(this.state.picture ?? "");
    this.state = { ...this.state, picture: picture && URL.createObjectURL(picture) };
    this.#changed();
  }
}
