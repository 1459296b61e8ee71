/** Times that are nearer to one another are the same, seconds. */
const SAME_S = 0.0005;
/** So long a picture is waited for, milliseconds. */
const PATIENCE_MS = 3000;
/** Pictures that are passed at most to find the next one: a long one is shown as long as many. */
const MOST_TRIES = 250;

/** The pictures that a `<video>` shows, one by one, by the times of their samples. */
export class Pictures {
  readonly #video: HTMLVideoElement;
  #shownS: number | undefined;
  #waiting: (() => void)[] = [];

  /** @param onShown called with each picture that is shown */
  constructor(video: HTMLVideoElement, signal: AbortSignal, onShown: () => void) {
    this.#video = video;
    const note: VideoFrameRequestCallback = (_, { mediaTime }) => {
      if (signal.aborted) return;
      this.#shownS = mediaTime;
      for (const done of this.#waiting.splice(0)) done();
      onShown();
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  }

  /** Where the picture that is shown begins, seconds of the element; undefined before the first one. */
  get shownS(): number | undefined {
    return this.#shownS;
  }

  /** Shows the picture before the one that is shown. */
  async back(frameS: number): Promise<void> {
    await this.#show((this.#shownS ?? this.#video.currentTime) - frameS / 2);
  }

  /** Shows the picture behind the one that is shown. @param frameS how long pictures usually last */
  async forward(frameS: number): Promise<void> {
    const from = this.#shownS ?? this.#video.currentTime;
    let found = from;
    for (let at = from + frameS; found <= from + SAME_S && at < this.#video.duration; at += frameS) {
      if ((at - from) / frameS > MOST_TRIES) return;
      found = await this.#show(at + SAME_S);
    }
    // Where pictures last differently, there may be others before it.
    while (found - from > 1.2 * frameS) {
      const before = await this.#show(found - SAME_S);
      if (before > from + SAME_S) found = before;
      else {
        await this.#show(found + SAME_S);
        return;
      }
    }
  }

  /** Shows the picture of a time of the element, and says where it begins. */
  async #show(atS: number): Promise<number> {
    const shown = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      setTimeout(resolve, PATIENCE_MS);
    });
    this.#video.currentTime = Math.max(0, atS);
    await shown;
    return this.#shownS ?? atS;
  }
}
