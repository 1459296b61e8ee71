import type { PlayerSource } from "./source.ts";

/** Shows single pictures in place of a `<video>`'s own, as its poster: one at a time, those that come too late are left out. */
export class Stills {
  readonly #video: HTMLVideoElement;
  readonly #picture: NonNullable<PlayerSource["picture"]>;
  readonly #ending = new AbortController();
  readonly #onShown: () => void;
  readonly #onError: (error: unknown) => void;
  #wantedMs: number | undefined;
  #isBusy = false;

  constructor(
    video: HTMLVideoElement,
    picture: NonNullable<PlayerSource["picture"]>,
    { onShown, onError }: { readonly onShown: () => void; readonly onError: (error: unknown) => void },
  ) {
    this.#video = video;
    this.#picture = picture;
    this.#onShown = onShown;
    this.#onError = onError;
    video.removeAttribute("src");
    video.load();
  }

  /** Whether a picture is on its way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Shows the picture of a wall-clock time, milliseconds since 1970, once the one before is there. */
  show(timeMs: number): void {
    this.#wantedMs = timeMs;
    if (!this.#isBusy) void this.#work();
  }

  /** Takes the pictures away. */
  close(): void {
    this.#ending.abort();
    this.#wantedMs = undefined;
    this.#put(undefined);
  }

  async #work(): Promise<void> {
    const { signal } = this.#ending;
    this.#isBusy = true;
    try {
      for (let timeMs = this.#wantedMs; timeMs !== undefined; timeMs = this.#wantedMs) {
        this.#wantedMs = undefined;
        const picture = await this.#picture(timeMs, signal);
        if (signal.aborted) return;
        this.#put(picture);
        this.#onShown();
      }
    } catch (error) {
      if (!signal.aborted) this.#onError(error);
    } finally {
      this.#isBusy = false;
    }
  }

  #put(picture: Blob | undefined): void {
    const before = this.#video.poster;
    if (picture === undefined) this.#video.removeAttribute("poster");
    else this.#video.poster = URL.createObjectURL(picture);
    if (before.startsWith("blob:")) URL.revokeObjectURL(before);
  }
}
