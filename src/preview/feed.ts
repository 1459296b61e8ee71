import { paused } from "../base/paused.ts";
import { endOf, segmentAt, typeOf, type Reel } from "./reels.ts";
import type { MediaSegment, SegmentBytes, PlayerSource } from "./source.ts";

/** Seconds of media that are kept ready before and behind the picture that is shown, where the browser has room for them. */
const AHEAD_S = 30;
const BEHIND_S = 20;
/** Seconds that the browser may need before it shows a picture that is sought: what follows would only hold it up. */
const SOUGHT_S = 1;
/** With less room than for this part of them nothing can be played. */
const LEAST_SHARE = 1 / 64;
/** So long it waits before it asks again for what it was not given: at first, and at most, milliseconds. */
const [SOON_MS, LATE_MS] = [500, 8000];
/** What is missing of a segment beyond this was removed by the browser, seconds. */
const LOST_S = 0.15;

/**
 * Feeds a `<video>` with a reel of a source by Media Source Extensions. What lies between recordings takes no time: a hole would stop
 * playback, and the decoder would keep the last pictures before it. Only what is near the picture that is shown is fetched and kept.
 */
export class Feed {
  readonly #video: HTMLVideoElement;
  readonly #source: PlayerSource;
  #reel: Reel;
  /** Whether the reel will have more segments. */
  #isGrowing: boolean;
  readonly #onError: (error: unknown) => void;
  readonly #media = new MediaSource();
  readonly #ending = new AbortController();
  readonly #inits = new Map<number, Promise<SegmentBytes>>();
  /** What the buffer holds, and how many seconds of each it had once it was appended. */
  readonly #held = new Map<MediaSegment, number>();
  #buffer: SourceBuffer | undefined;
  /** Number of the init segment that the buffer goes by. */
  #init: number | undefined;
  #fetching: { readonly segment: MediaSegment; readonly abort: AbortController } | undefined;
  #working = false;
  /** How long it waits before it asks again, milliseconds. */
  #waitMs = SOON_MS;
  /** How much of `AHEAD_S` and `BEHIND_S` there is room for. */
  #share = 1;
  /** Whether what was shown is listed no more: what is there instead has to be shown. */
  #isReplaced = false;

  constructor(
    video: HTMLVideoElement,
    source: PlayerSource,
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
    this.#noteEnd();
    setTimeout(() => this.#work()); // what is being done now still looks at the reel before
  }

  /** Shows the picture of a time of the element, seconds. */
  seek(atS: number): void {
    this.#video.currentTime = atS;
    this.#work(); // the element says so later
  }

  /** Ends all requests and lets go of the element. */
  close(): void {
    this.#ending.abort();
    this.#fetching?.abort.abort();
  }

  #open(): void {
    try {
      const buffer = this.#media.addSourceBuffer(typeOf(this.#reel.codecs));
      this.#media.duration = this.#isGrowing ? Number.POSITIVE_INFINITY : endOf(this.#reel.segments.at(-1));
      this.#noteEnd();
      this.#buffer = buffer;
      this.#work();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Lets the element seek where nothing is buffered yet: what has no end it would not. */
  #noteEnd(): void {
    if (this.#media.readyState === "open") this.#media.setLiveSeekableRange(0, endOf(this.#reel.segments.at(-1)));
  }

  /** Brings the buffer to what should be in it now, a segment at a time. */
  #work(): void {
    this.#forgetLost();
    const wanted = this.#wanted();
    if (
      this.#fetching !== undefined &&
      wanted !== undefined &&
      wanted !== this.#fetching.segment &&
      this.#video.seeking
    )
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
  #wanted(): MediaSegment | undefined {
    const { currentTime, seeking } = this.#video;
    const { segments } = this.#reel;
    const aheadS = seeking ? SOUGHT_S : AHEAD_S * this.#share;
    let ready = 0;
    for (let i = segmentAt(segments, currentTime) ?? segments.length; i < segments.length && ready < aheadS; i++) {
      const segment = segments[i];
      if (segment === undefined || !this.#held.has(segment)) return segment;
      ready += endOf(segment) - Math.max(currentTime, segment.atS);
    }
    return undefined;
  }

  async #fill(): Promise<void> {
    for (;;) {
      const segment = this.#wanted();
      const { originMs, segments } = this.#source;
      const number = segment === undefined ? -1 : segments.indexOf(segment);
      if (segment === undefined || number === -1 || this.#ending.signal.aborted) break;
      const abort = new AbortController();
      this.#fetching = { segment, abort };
      try {
        const fetching = Promise.all([this.#initOf(segment.init), this.#source.media(number, abort.signal)]);
        const fetched = await fetching.catch((error: unknown) => this.#later(segment, error, abort.signal));
        if (fetched === undefined) continue;
        const [init, media] = fetched;
        this.#waitMs = SOON_MS;
        if (abort.signal.aborted || !this.#reel.segments.includes(segment)) continue;
        await this.#makeRoom();
        if (segment.init !== this.#init) await this.#append(init);
        this.#init = segment.init;
        if (this.#buffer !== undefined)
          this.#buffer.timestampOffset = segment.atS - (segment.startMs - originMs) / 1000;
        if (!(await this.#hasRoom(media))) continue;
        this.#held.set(segment, this.#bufferedOf(segment));
        const { currentTime } = this.#video;
        if (this.#isReplaced && isAt(segment, currentTime)) {
          this.#isReplaced = false;
          this.#video.currentTime = currentTime; // decodes it anew
        }
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      } finally {
        this.#fetching = undefined;
      }
    }
    if (this.#isGrowing || this.#media.readyState !== "open" || this.#buffer?.updating !== false) return;
    const last = this.#reel.segments.at(-1);
    if (last !== undefined && this.#held.has(last)) this.#media.endOfStream();
    else if (this.#media.duration === Number.POSITIVE_INFINITY) this.#media.duration = endOf(last); // it has grown to its end
  }

  #initOf(number: number): Promise<SegmentBytes> {
    const known = this.#inits.get(number) ?? this.#source.init(number, this.#ending.signal);
    this.#inits.set(number, known);
    known.catch(() => this.#inits.delete(number)); // is asked for again
    return known;
  }

  /** Waits until what could not be had is asked for again. The viewer is told of it once playback needs it. */
  async #later(segment: MediaSegment, error: unknown, signal: AbortSignal): Promise<undefined> {
    if (signal.aborted) return;
    if (isAt(segment, this.#video.currentTime)) this.#onError(error);
    await paused(this.#waitMs, signal);
    this.#waitMs = Math.min(LATE_MS, 2 * this.#waitMs);
  }

  /** Browsers that need room remove what was played, without a word. */
  #forgetLost(): void {
    for (const [segment, seconds] of this.#held)
      if (this.#bufferedOf(segment) < seconds - LOST_S) this.#held.delete(segment);
  }

  /** Seconds of a segment that can be played. */
  #bufferedOf(segment: MediaSegment): number {
    const { buffered } = this.#video;
    let seconds = 0;
    for (let i = 0; i < buffered.length; i++) {
      const [from, until] = [Math.max(buffered.start(i), segment.atS), Math.min(buffered.end(i), endOf(segment))];
      seconds += Math.max(0, until - from);
    }
    return seconds;
  }

  /** Lets go of what lies far from the picture, or is listed no more. */
  async #makeRoom(): Promise<void> {
    const { currentTime } = this.#video;
    const listed = new Set(this.#reel.segments);
    const [firstS, lastS] = [currentTime - BEHIND_S * this.#share, currentTime + 2 * AHEAD_S * this.#share];
    for (const segment of [...this.#held.keys()]) {
      const [from, until] = [segment.atS, endOf(segment)];
      if (listed.has(segment) && until >= firstS && from <= lastS) continue;
      await this.#update((buffer) => buffer.remove(Math.max(0, from), until));
      this.#held.delete(segment);
      if (!listed.has(segment) && isAt(segment, currentTime)) this.#isReplaced = true;
    }
  }

  /** Appends media, unless the browser has no room for it: then less is kept from now on. */
  async #hasRoom(media: SegmentBytes): Promise<boolean> {
    try {
      await this.#append(media);
      return true;
    } catch (error) {
      const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
      if (!isFull || this.#share <= LEAST_SHARE) throw error;
      this.#share /= 2;
      return false;
    }
  }

  #append(bytes: SegmentBytes): Promise<void> {
    return this.#update((buffer) => buffer.appendBuffer(bytes));
  }

  /** One change of the buffer, to its end. */
  async #update(change: (buffer: SourceBuffer) => void): Promise<void> {
    const [buffer, ending] = [this.#buffer, this.#ending.signal];
    if (buffer === undefined || ending.aborted) return;
    const over = new AbortController();
    const { signal } = over;
    const changed = new Promise<void>((resolve, reject) => {
      buffer.addEventListener("updateend", () => resolve(), { signal });
      buffer.addEventListener("error", () => reject(new Error("The browser cannot decode this recording.")), {
        signal,
      });
      ending.addEventListener("abort", () => resolve(), { signal });
    });
    try {
      change(buffer);
      await changed;
    } finally {
      over.abort(); // lets go of the listeners
    }
  }
}

/** Whether a time of the element (seconds) falls into a segment. */
function isAt(segment: MediaSegment, time: number): boolean {
  return segment.atS <= time && time < endOf(segment);
}
