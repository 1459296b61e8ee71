import type { PlayedRange, PlayerEvents, PlayerTarget } from "./events.ts";
import type { Token } from "./http.ts";
import { openRange, type PlayerLink, type PlayerRange } from "./server-range.ts";
import { Pictures } from "./pictures.ts";
import { Places, ROUNDING_S } from "./places.ts";
import { segmentAt } from "./reels.ts";
import { Screen } from "./screen.ts";
import { Skimmer } from "./skimmer.ts";
import type { Gap, MediaSegment, PlayerSource } from "./source.ts";

/** Faster than this only sync samples are shown, without sound. */
const FASTEST_PLAYED = 4;
const [SLOWEST, FASTEST] = [0.25, 16];

/** So long the first picture is waited for before more is read, milliseconds. */
const PATIENCE_MS = 1000;

/** From the newest media segment of a stream that is being recorded to the one that is played first. */
const NEWEST = 2;

/** Events are typed. */
const Target = EventTarget as unknown as new () => PlayerTarget & Pick<EventTarget, "dispatchEvent">;

/**
 * Plays time ranges of recordings in a `<video>`: frame-exact seeks by the wall clock, over joints, gaps and changes.
 *
 * @example
 * const player = new Player(document.querySelector("video"));
 * await player.open({ streamPath: "live/cam1", startMs: Date.parse("2026-01-31T10:00:00Z"), endMs: Date.parse("2026-01-31T11:00:00Z") });
 * player.seek(Date.parse("2026-01-31T10:07:13Z"));
 */
export class Player extends Target {
  readonly video: HTMLVideoElement;
  readonly #token: Token;
  readonly #ending = new AbortController();
  readonly #pictures: Pictures;
  readonly #skimmer = new Skimmer((timeMs) => this.#skimTo(timeMs));
  #source: PlayerSource | undefined;
  /** Of the source, as far as they were taken in. */
  #places = new Places([]);
  /** Wall clock that is sought and not known yet. */
  #soughtMs: number | undefined;
  #screen: Screen | undefined;
  #isGrowing = false;
  #shown: MediaSegment | undefined;
  #frameMs = 40;
  #rate = 1;
  #range: PlayedRange | undefined;
  #stepping = Promise.resolve();
  /** Whether playback repeats what is between in and out, or all that is open. */
  loop = false;
  #opening = new AbortController();

  /** @param token the bearer token that the server asks for, if any */
  constructor(video: HTMLVideoElement, token: Token = () => undefined) {
    super();
    this.video = video;
    this.#token = token;
    const { signal } = this.#ending;
    this.#pictures = new Pictures(video, signal, () => this.#noteEnd());
    for (const event of ["timeupdate", "seeked"] as const)
      video.addEventListener(event, () => this.#tellTime(), { signal });
    video.addEventListener("timeupdate", () => this.#noteGap(), { signal });
    for (const event of ["play", "pause"] as const) video.addEventListener(event, () => this.#tellState(), { signal });
    video.addEventListener("ended", () => this.#next(), { signal });
  }

  /** Wall clock of the picture that is shown, milliseconds since 1970. */
  get timeMs(): number {
    return this.#places.timeAt(this.video.currentTime);
  }

  /** Whether more is being recorded of what is open. */
  get isLive(): boolean {
    return this.#isGrowing && this.#source?.reach === undefined;
  }

  get paused(): boolean {
    return this.video.paused && !this.#skimmer.isRunning;
  }

  /** How fast it plays, from 0.25 to 16. Above 4 only sync samples are shown, without sound. */
  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    const wasPlaying = !this.paused;
    this.#rate = Math.min(FASTEST, Math.max(SLOWEST, rate));
    // Another source begins with the default.
    this.video.defaultPlaybackRate = this.video.playbackRate = Math.min(FASTEST_PLAYED, this.#rate);
    if (wasPlaying) this.play();
    this.#tellState();
  }

  /** In and out: playback that reaches the end pauses there, or begins again (`loop`). */
  get range(): PlayedRange | undefined {
    return this.#range;
  }

  set range(range: PlayedRange | undefined) {
    this.#range = range;
    this.#tell("range", range ?? null);
  }

  /** Gaps of the range that is open. */
  get gaps(): readonly Gap[] {
    return this.#places.gaps;
  }

  /** How long a picture is shown, milliseconds. */
  get frameMs(): number {
    return this.#frameMs;
  }

  /**
   * Opens a range of a server, or another source, and shows its first picture.
   * @throws Error with the server's sentence, or that the browser cannot play the codecs
   */
  async open(what: PlayerRange | PlayerLink | PlayerSource): Promise<void> {
    this.#opening.abort();
    this.#opening = new AbortController();
    const { signal } = this.#opening;
    this.pause();
    this.#screen?.close();
    [this.#source, this.#places, this.#soughtMs] = [undefined, new Places([]), undefined];
    const source = "segments" in what ? what : await openRange(what, this.#token, signal);
    signal.throwIfAborted();
    const [first] = source.segments;
    if (first === undefined) throw new Error("Nothing is recorded in this range.");
    const screen = new Screen(this.video, source, {
      onStills: (codecs) => this.#tell("stills", codecs === undefined ? null : { codecs }),
      onStill: () => this.#tellTime(),
      onError: (error) => this.#tellError(error),
    });
    this.#screen = screen;
    const shownS = source.timed === undefined ? undefined : first.atS + ROUNDING_S;
    if (shownS !== undefined) screen.show(shownS); // until it is known when that was
    await source.timed?.();
    signal.throwIfAborted();
    this.#source = source;
    this.#takeIn(source.grow !== undefined);
    this.#frameMs = 1000 / (source.frameRate ?? 25);
    const isWhole = "segments" in what || ("url" in what && source.grow === undefined);
    const openMs = source.atMs ?? (isWhole ? this.#extent.startMs : undefined);
    const soughtMs = (this.#soughtMs as number | undefined) ?? openMs; // it may have been, meanwhile
    if (soughtMs === undefined) this.toNewest();
    else if (this.#places.of(soughtMs) !== shownS || source.segments[0] !== first)
      this.seek(Math.max(soughtMs, this.#extent.startMs));
    this.#tell("open", this.#extent);
    if (source.grow !== undefined) void this.#grow(source, signal);
  }

  /** Shows the newest picture of what is being recorded, but for what playback needs ahead. */
  toNewest(): void {
    const segment = this.#places.segments.at(-NEWEST) ?? this.#places.segments[0];
    if (segment !== undefined) this.seek(segment.startMs);
  }

  /** Plays on. */
  play(): void {
    if (this.#rate <= FASTEST_PLAYED && this.#screen?.isStill !== true) {
      this.#skimmer.stop();
      this.video.play().catch(() => undefined); // it was paused meanwhile, or the browser wants a click first
      return;
    }
    this.video.pause();
    this.#skimmer.start(this.timeMs, this.#rate);
    this.#tellState();
  }

  pause(): void {
    const wasSkimming = this.#skimmer.isRunning;
    this.#skimmer.stop();
    this.video.pause();
    if (wasSkimming) this.#tellState();
  }

  /** Shows the picture of a wall-clock time (milliseconds since 1970), once it is known; in a gap, the first one behind it. */
  seek(timeMs: number): void {
    this.#skimmer.move(timeMs);
    this.#soughtMs = timeMs;
    const source = this.#source;
    if (source === undefined) return;
    if (this.#isGrowing && source.reach !== undefined && !this.#places.has(timeMs)) void this.#reach(source, timeMs);
    else this.#screen?.show(this.#places.of(timeMs));
  }

  /** Goes on, or back, by pictures: from one sample to the next, however long they last. Resolves once the last one is shown. */
  step(pictures: number): Promise<void> {
    this.pause();
    const frameS = this.#frameMs / 1000;
    this.#stepping = this.#stepping.then(async () => {
      for (let i = 0; i < Math.abs(pictures); i++) {
        if (pictures > 0) await this.#pictures.forward(frameS);
        else await this.#pictures.back(frameS);
      }
    });
    return this.#stepping;
  }

  /** The picture that is shown, in its own size, as PNG. @throws Error when there is none yet */
  async snapshot(): Promise<Blob> {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width === 0) throw new Error("There is no picture yet.");
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")?.drawImage(this.video, 0, 0, width, height);
    return canvas.convertToBlob();
  }

  /** Lets go of the element. */
  close(): void {
    this.pause();
    this.#ending.abort();
    this.#opening.abort();
    this.#screen?.close();
  }

  get #extent(): PlayerEvents["open"] {
    const { startMs, endMs } = this.#places;
    const { startMs: fromMs = startMs, endMs: untilMs = endMs } = this.#source ?? {};
    return { gaps: this.gaps, startMs: fromMs, endMs: untilMs };
  }

  /** Takes in what the source lists now. @param shownMs what is shown then, wall clock; default: what was shown */
  #takeIn(isGrowing: boolean, shownMs = this.timeMs): void {
    const isAnew = this.#places.segments.length === 0;
    this.#places = new Places(this.#source?.segments ?? []);
    this.#isGrowing = isGrowing;
    this.#screen?.grow(isGrowing);
    if (!isAnew && !this.isLive && Math.abs(this.timeMs - shownMs) > 1) this.#screen?.show(this.#places.of(shownMs));
  }

  /** Takes in what is recorded, or becomes known, while it is open. */
  async #grow(source: PlayerSource, signal: AbortSignal): Promise<void> {
    try {
      if (source.reach !== undefined) await pictured(this.video); // what else is read would hold it up
      signal.throwIfAborted();
      while (this.#isGrowing) {
        const isGrowing = (await source.grow?.(signal)) === true;
        if (signal.aborted) return;
        this.#takeIn(isGrowing);
        this.#tell("growth", this.#extent);
      }
    } catch (error) {
      if (!signal.aborted) this.#tellError(error);
    }
  }

  /** Shows the picture of a time that is not known yet, unless another one is sought meanwhile. */
  async #reach(source: PlayerSource, timeMs: number): Promise<void> {
    const { signal } = this.#opening;
    try {
      await source.reach?.(timeMs);
      if (signal.aborted) return;
      this.#takeIn(this.#isGrowing, this.#soughtMs === timeMs ? timeMs : undefined);
      this.#tell("growth", this.#extent);
    } catch (error) {
      if (!signal.aborted) this.#tellError(error);
    }
  }

  /** Plays what follows the buffer that has ended. */
  #next(): void {
    const nextS = this.#screen?.nextS;
    if (nextS === undefined) {
      this.#again();
      return;
    }
    this.#screen?.show(nextS + ROUNDING_S);
    this.play();
  }

  #tellTime(): void {
    if (this.#source !== undefined) this.#tell("time", { timeMs: this.timeMs });
  }

  #tellState(): void {
    this.#tell("state", { paused: this.paused, rate: this.#rate });
  }

  /** Shows the sync sample before a time, unless the one before is still on its way. */
  #skimTo(timeMs: number): boolean {
    const end = this.#range?.endMs ?? Number.POSITIVE_INFINITY;
    if (timeMs >= Math.min(end, this.#places.endMs)) {
      if (timeMs < end && this.#isGrowing && !this.isLive) return true; // what follows is not known yet
      this.#again();
      return this.loop;
    }
    const [screen, placeS] = [this.#screen, this.#places.of(timeMs)];
    const index = segmentAt(this.#places.segments, placeS) ?? 0;
    if (screen?.isReady !== true) return true;
    const isStill = screen.isStillAt(index);
    const atS = isStill ? placeS : (this.#places.segments[index]?.atS ?? 0) + ROUNDING_S;
    if (Math.abs(this.video.currentTime - atS) > ROUNDING_S) screen.show(atS);
    // What was shown by single pictures goes on as it plays.
    const isOver = !isStill && this.#rate <= FASTEST_PLAYED;
    if (isOver) this.play();
    return !isOver;
  }

  /** What follows the end: the start, or a pause. */
  #again(): void {
    const first = this.#range?.startMs ?? this.#extent.startMs;
    if (!this.loop) {
      this.pause();
      return;
    }
    this.seek(first);
    this.play();
  }

  /** Ends playback with the last picture before out. */
  #noteEnd(): void {
    const range = this.#range;
    if (range === undefined || this.video.paused || this.video.seeking) return;
    const timeMs = this.timeMs;
    // What began behind the end goes on.
    const isEnd = timeMs >= range.endMs - this.#frameMs / 2 && timeMs < range.endMs + 1000;
    if (!isEnd) return;
    this.#again();
    // A busy machine shows some pictures more before it hears of the end.
    if (!this.loop) this.seek(range.endMs - 1);
  }

  /** Says when a gap is passed over. */
  #noteGap(): void {
    const segment = this.#places.segments[segmentAt(this.#places.segments, this.video.currentTime) ?? -1];
    const before = this.#shown;
    this.#shown = segment;
    if (segment === undefined || before === undefined || this.video.seeking) return;
    const gap = this.gaps.find(({ startMs, endMs }) => before.startMs < startMs && segment.startMs >= endMs);
    if (gap !== undefined) this.#tell("gap", gap);
  }

  #tellError(error: unknown): void {
    this.#tell("error", { message: error instanceof Error ? error.message : String(error) });
  }

  #tell<K extends keyof PlayerEvents>(name: K, detail: PlayerEvents[K]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Resolves with the next picture; without one, as in hidden pages, after a while. */
function pictured(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    video.requestVideoFrameCallback(() => resolve());
    setTimeout(resolve, PATIENCE_MS);
  });
}
