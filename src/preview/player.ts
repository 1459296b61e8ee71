import type { PlayedRange, PlayerEvents, PlayerTarget } from "./events.ts";
import type { Token } from "./http.ts";
import { openRange, type PlayerRange } from "./server-range.ts";
import { Pictures } from "./pictures.ts";
import { segmentAt } from "./reels.ts";
import { Screen } from "./screen.ts";
import { Skimmer } from "./skimmer.ts";
import { gapsOf, type Gap, type MediaSegment, type Source } from "./source.ts";

/** Seconds: a time that falls on a picture's start must not be rounded before it. */
const ROUNDING_S = 0.0005;
/** Faster than this only sync samples are shown, without sound. */
const FASTEST_PLAYED = 4;
const [SLOWEST, FASTEST] = [0.25, 16];

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
  #source: Source | undefined;
  #screen: Screen | undefined;
  #isGrowing = false;
  #gaps: readonly Gap[] = [];
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
      video.addEventListener(event, () => this.#tell("time", { timeMs: this.timeMs }), { signal });
    video.addEventListener("timeupdate", () => this.#noteGap(), { signal });
    for (const event of ["play", "pause"] as const) video.addEventListener(event, () => this.#tellState(), { signal });
    video.addEventListener("ended", () => this.#next(), { signal });
  }

  /** Wall clock of the picture that is shown, milliseconds since 1970. */
  get timeMs(): number {
    const { currentTime } = this.video;
    const segments = this.#segments;
    const segment = segments[segmentAt(segments, currentTime) ?? segments.length - 1];
    return segment === undefined ? 0 : segment.startMs + (currentTime - segment.atS) * 1000;
  }

  /** Whether more is being recorded of what is open. */
  get isLive(): boolean {
    return this.#isGrowing;
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
    return this.#gaps;
  }

  /** How long a picture is shown, milliseconds. */
  get frameMs(): number {
    return this.#frameMs;
  }

  /**
   * Opens a range of a server, or another source, and shows its first picture.
   * @throws Error with the server's sentence, or that the browser cannot play the codecs
   */
  async open(what: PlayerRange | Source): Promise<void> {
    this.#opening.abort();
    this.#opening = new AbortController();
    const { signal } = this.#opening;
    this.pause();
    this.#screen?.close();
    const source = "segments" in what ? what : await openRange(what, this.#token, signal);
    signal.throwIfAborted();
    const [first] = source.segments;
    if (first === undefined) throw new Error("Nothing is recorded in this range.");
    this.#screen = new Screen(this.video, source, {
      onStills: (codecs) => this.#tell("stills", codecs === undefined ? null : { codecs }),
      onStill: () => this.#tell("time", { timeMs: this.timeMs }),
      onError: (error) => this.#tellError(error),
    });
    this.#source = source;
    this.#isGrowing = source.grow !== undefined;
    this.#gaps = gapsOf(source.segments);
    this.#frameMs = 1000 / (source.frameRate ?? 25);
    if ("segments" in what) this.seek(first.startMs);
    else if (what.startMs === undefined) this.toNewest();
    else this.seek(Math.max(what.startMs, first.startMs));
    this.#tell("open", this.#extent);
    if (source.grow !== undefined) void this.#grow(source, signal);
  }

  /** Shows the newest picture of what is being recorded, but for what playback needs ahead. */
  toNewest(): void {
    const segment = this.#segments.at(-NEWEST) ?? this.#segments[0];
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

  /** Shows the picture of a wall-clock time (milliseconds since 1970); in a gap, the first one behind it. */
  seek(timeMs: number): void {
    this.#skimmer.move(timeMs);
    if (this.#segments.length > 0) this.#screen?.show(this.#placeOf(timeMs));
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

  get #segments(): readonly MediaSegment[] {
    return this.#source?.segments ?? [];
  }

  get #extent(): PlayerEvents["open"] {
    const [first, last] = [this.#segments[0], this.#segments.at(-1)];
    const endMs = last === undefined ? 0 : last.startMs + last.durationMs;
    return { gaps: this.#gaps, startMs: first?.startMs ?? 0, endMs };
  }

  /** Takes in what is recorded while it is open. */
  async #grow(source: Source, signal: AbortSignal): Promise<void> {
    try {
      while (this.#isGrowing) {
        const isGrowing = (await source.grow?.(signal)) === true;
        if (signal.aborted) return;
        this.#isGrowing = isGrowing;
        this.#gaps = gapsOf(source.segments);
        this.#screen?.grow(isGrowing);
        this.#tell("growth", this.#extent);
      }
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

  #tellState(): void {
    this.#tell("state", { paused: this.paused, rate: this.#rate });
  }

  /** Shows the sync sample before a time, unless the one before is still on its way. */
  #skimTo(timeMs: number): boolean {
    const [last, end] = [this.#segments.at(-1), this.#range?.endMs ?? Number.POSITIVE_INFINITY];
    if (last === undefined || timeMs >= Math.min(end, last.startMs + last.durationMs)) {
      this.#again();
      return this.loop;
    }
    const [screen, placeS] = [this.#screen, this.#placeOf(timeMs)];
    const index = segmentAt(this.#segments, placeS) ?? 0;
    if (screen?.isReady !== true) return true;
    const isStill = screen.isStillAt(index);
    const atS = isStill ? placeS : (this.#segments[index]?.atS ?? 0) + ROUNDING_S;
    if (Math.abs(this.video.currentTime - atS) > ROUNDING_S) screen.show(atS);
    // What was shown by single pictures goes on as it plays.
    const isOver = !isStill && this.#rate <= FASTEST_PLAYED;
    if (isOver) this.play();
    return !isOver;
  }

  /** What follows the end: the start, or a pause. */
  #again(): void {
    const first = this.#range?.startMs ?? this.#segments[0]?.startMs ?? 0;
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
    const segment = this.#segments[segmentAt(this.#segments, this.video.currentTime) ?? -1];
    const before = this.#shown;
    this.#shown = segment;
    if (segment === undefined || before === undefined || this.video.seeking) return;
    const gap = this.#gaps.find(({ startMs, endMs }) => before.startMs < startMs && segment.startMs >= endMs);
    if (gap !== undefined) this.#tell("gap", gap);
  }

  /** Where a wall-clock time is played, seconds of the element; in a gap, what follows. */
  #placeOf(timeMs: number): number {
    const segments = this.#segments;
    const next = segments.findIndex(({ startMs, durationMs }) => startMs + durationMs > timeMs);
    const segment = segments[next] ?? segments.at(-1);
    if (segment === undefined) return 0;
    const { startMs, durationMs, atS } = segment;
    return atS + Math.min(Math.max(0, timeMs - startMs), durationMs - 1) / 1000 + ROUNDING_S;
  }

  #tellError(error: unknown): void {
    this.#tell("error", { message: error instanceof Error ? error.message : String(error) });
  }

  #tell<K extends keyof PlayerEvents>(name: K, detail: PlayerEvents[K]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
