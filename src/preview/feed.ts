import { endOf, segmentAt, typeOf, type Reel } from "./reels.ts";
import type { SegmentBytes, Source } from "./source.ts";

/** Seconds of media that are kept ready before and behind the picture that is shown. */
const AHEAD_S = 30;
const BEHIND_S = 20;

/**
 * Feeds a `<video>` with a reel of a source by Media Source Extensions. What lies between recordings takes no time: a hole would stop
 * playback, and the decoder would keep the last pictures before it. Only what is near the picture that is shown is fetched and kept.
 */
export class Feed {
  readonly #video: HTMLVideoElement;
  readonly #source: Source;
  #reel: Reel;
  /** Whether the reel will have more segments. */
  #isGrowing: boolean;
  readonly #onError: (error: unknown) => void;
  readonly #media = new MediaSource();
  readonly #ending = new AbortController();
  readonly #inits = new Map<number, Promise<SegmentBytes>>();
  /** Segments that the buffer holds. */
  readonly #held = new Set<number>();
  #buffer: SourceBuffer | undefined;
  /** Number of the init segment that the buffer goes by. */
  #init: number | undefined;
  #fetching: { readonly index: number; readonly abort: AbortController } | undefined;
  #working = false;

  constructor(
    video: HTMLVideoElement,
    source: Source,
    { reel, isGrowing }: { readonly reel: Reel; readonly isGrowing: boolean },
    onError: (error: unknown) => void,
  ) {
    this.#video = video;
    this.#source = source;
    this.#reel = reel;
    this.#isGrowing = isGrowing;
    this.#onError = onError;
    const url = URL.createObjectURL(this.#media);
    const { signal } = this.#ending;
    this.#media.addEventListener("sourceopen", () => this.#open(), { once: true, signal });
    for (const event of ["seeking", "timeupdate", "waiting"] as const)
      video.addEventListener(event, () => this.#work(), { signal });
    const broken = (): void => onError(new Error("The browser cannot decode this recording."));
    video.addEventListener("error", broken, { signal });
    video.src = url;
    signal.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  }

  /** Takes in what has come since. */
  grow(reel: Reel, isGrowing: boolean): void {
    this.#reel = reel;
    this.#isGrowing = isGrowing;
    this.#work();
  }

  /** Where a segment begins, seconds of the element. */
  #startOf(index: number): number {
    return this.#source.segments[index]?.atS ?? 0;
  }

  /** Ends all requests and lets go of the element. */
  close(): void {
    this.#ending.abort();
    this.#fetching?.abort.abort();
  }

  #endOf(index: number): number {
    return endOf(this.#source.segments[index]);
  }

  #open(): void {
    try {
      const buffer = this.#media.addSourceBuffer(typeOf(this.#reel.codecs));
      this.#media.duration = this.#isGrowing ? Number.POSITIVE_INFINITY : this.#endOf(this.#reel.end - 1);
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
    if (this.#working || this.#buffer === undefined) return;
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
    const from = segmentAt(this.#source.segments, currentTime);
    if (from === undefined) return undefined;
    for (let i = Math.max(from, this.#reel.from), ready = 0; i < this.#reel.end && ready < AHEAD_S; i++) {
      if (!this.#held.has(i)) return i;
      ready += this.#endOf(i) - Math.max(currentTime, this.#startOf(i));
    }
    return undefined;
  }

  async #fill(): Promise<void> {
    for (;;) {
      const index = this.#wanted();
      const segment = index === undefined ? undefined : this.#source.segments[index];
      if (index === undefined || segment === undefined || this.#ending.signal.aborted) break;
      const abort = new AbortController();
      this.#fetching = { index, abort };
      try {
        const [init, media] = await Promise.all([this.#initOf(segment.init), this.#source.media(index, abort.signal)]);
        if (abort.signal.aborted) continue;
        await this.#makeRoom();
        if (segment.init !== this.#init) await this.#append(init);
        this.#init = segment.init;
        if (this.#buffer !== undefined)
          this.#buffer.timestampOffset = segment.atS - (segment.startMs - this.#source.originMs) / 1000;
        await this.#append(media);
        this.#held.add(index);
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      } finally {
        this.#fetching = undefined;
      }
    }
    if (
      !this.#isGrowing &&
      this.#held.has(this.#reel.end - 1) &&
      this.#media.readyState === "open" &&
      this.#buffer?.updating === false
    )
      this.#media.endOfStream();
  }

  #initOf(number: number): Promise<SegmentBytes> {
    const known = this.#inits.get(number) ?? this.#source.init(number, this.#ending.signal);
    this.#inits.set(number, known);
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

  #append(bytes: SegmentBytes): Promise<void> {
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
