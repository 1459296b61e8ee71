import type { MediaSegment } from "./playlist.ts";

/** Seconds of media that are kept ready before and behind the picture that is shown. */
const AHEAD_S = 30;
const BEHIND_S = 20;

/** How bytes are fetched: with the credentials that the server asks for. @throws Error unless the answer is 200 */
export type FetchBytes = (url: string, signal: AbortSignal) => Promise<ArrayBuffer>;

/**
 * Feeds a `<video>` with media segments by Media Source Extensions. What lies between recordings takes no time: a hole would stop
 * playback, and the decoder would keep the last pictures before it. Only what is near the picture that is shown is fetched and kept.
 */
export class Feed {
  readonly #video: HTMLVideoElement;
  readonly #segments: readonly MediaSegment[];
  readonly #fetchBytes: FetchBytes;
  readonly #onError: (error: unknown) => void;
  readonly #source = new MediaSource();
  readonly #ending = new AbortController();
  readonly #inits = new Map<string, Promise<ArrayBuffer>>();
  /** Segments that the buffer holds. */
  readonly #held = new Set<number>();
  #buffer: SourceBuffer | undefined;
  #initUrl: string | undefined;
  #fetching: { readonly index: number; readonly abort: AbortController } | undefined;
  #working = false;

  constructor(
    video: HTMLVideoElement,
    segments: readonly MediaSegment[],
    options: { type: string; fetchBytes: FetchBytes; onError: (error: unknown) => void },
  ) {
    this.#video = video;
    this.#segments = segments;
    this.#fetchBytes = options.fetchBytes;
    this.#onError = options.onError;
    const url = URL.createObjectURL(this.#source);
    const { signal } = this.#ending;
    this.#source.addEventListener("sourceopen", () => this.#open(options.type), { once: true, signal });
    for (const event of ["seeking", "timeupdate", "waiting"] as const)
      video.addEventListener(event, () => this.#work(), { signal });
    video.src = url;
    signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  }

  /** The segment that holds a time of the element (seconds), or else the next one; undefined behind the last. */
  at(time: number): number | undefined {
    let [low, high] = [0, this.#segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#endOf(middle) > time) high = middle;
      else low = middle + 1;
    }
    return low < this.#segments.length ? low : undefined;
  }

  /** Where a segment begins, seconds of the element. */
  #startOf(index: number): number {
    return this.#segments[index]?.atS ?? 0;
  }

  /** Ends all requests and lets go of the element. */
  close(): void {
    this.#ending.abort();
    this.#fetching?.abort.abort();
  }

  #endOf(index: number): number {
    return this.#startOf(index) + (this.#segments[index]?.durationMs ?? 0) / 1000;
  }

  #open(type: string): void {
    try {
      const buffer = this.#source.addSourceBuffer(type);
      this.#source.duration = this.#endOf(this.#segments.length - 1);
      this.#buffer = buffer;
      this.#work();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Brings the buffer to what should be in it now, a segment at a time. */
  #work(): void {
    const wanted = this.#wanted();
    if (this.#fetching !== undefined && wanted !== undefined && wanted !== this.#fetching.index && this.#video.seeking)
      this.#fetching.abort.abort(); // the viewer has gone elsewhere
    if (this.#working) return;
    this.#working = true;
    void this.#fill()
      .catch((error: unknown) => {
        if (!this.#ending.signal.aborted) this.#onError(error);
      })
      .finally(() => {
        this.#working = false;
      });
  }

  /** The next segment to fetch: the nearest one from the picture on that is not there. */
  #wanted(): number | undefined {
    const { currentTime } = this.#video;
    const from = this.at(currentTime);
    if (from === undefined) return undefined;
    for (let i = from, ready = 0; i < this.#segments.length && ready < AHEAD_S; i++) {
      if (!this.#held.has(i)) return i;
      ready += this.#endOf(i) - Math.max(currentTime, this.#startOf(i));
    }
    return undefined;
  }

  async #fill(): Promise<void> {
    for (;;) {
      const index = this.#wanted();
      const segment = index === undefined ? undefined : this.#segments[index];
      if (index === undefined || segment === undefined || this.#ending.signal.aborted) break;
      const abort = new AbortController();
      this.#fetching = { index, abort };
      try {
        const [init, media] = await Promise.all([
          this.#init(segment.initUrl),
          this.#fetchBytes(segment.url, abort.signal),
        ]);
        if (abort.signal.aborted) continue;
        await this.#makeRoom();
        if (segment.initUrl !== this.#initUrl) await this.#append(init);
        this.#initUrl = segment.initUrl;
        if (this.#buffer !== undefined) this.#buffer.timestampOffset = segment.atS - segment.startMs / 1000;
        await this.#append(media);
        this.#held.add(index);
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      } finally {
        this.#fetching = undefined;
      }
    }
    if (
      this.#held.has(this.#segments.length - 1) &&
      this.#source.readyState === "open" &&
      this.#buffer?.updating === false
    )
      this.#source.endOfStream();
  }

  #init(url: string): Promise<ArrayBuffer> {
    const known = this.#inits.get(url) ?? this.#fetchBytes(url, this.#ending.signal);
    this.#inits.set(url, known);
    return known;
  }

  /** Lets go of what lies far from the picture. */
  async #makeRoom(): Promise<void> {
    const { currentTime } = this.#video;
    const far = [...this.#held].filter(
      (index) => this.#endOf(index) < currentTime - BEHIND_S || this.#startOf(index) > currentTime + 2 * AHEAD_S,
    );
    for (const index of far) {
      await this.#update((buffer) => buffer.remove(Math.max(0, this.#startOf(index)), this.#endOf(index)));
      this.#held.delete(index);
    }
  }

  #append(bytes: ArrayBuffer): Promise<void> {
    return this.#update((buffer) => buffer.appendBuffer(bytes));
  }

  /** One change of the buffer, to its end. */
  #update(change: (buffer: SourceBuffer) => void): Promise<void> {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#ending.signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const { signal } = this.#ending;
      buffer.addEventListener("updateend", () => resolve(), { once: true, signal });
      buffer.addEventListener("error", () => reject(new Error("The browser cannot decode this recording.")), {
        once: true,
        signal,
      });
      signal.addEventListener("abort", () => resolve(), { once: true });
      change(buffer);
    });
  }
}
