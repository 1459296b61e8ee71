import { Feed } from "./feed.ts";
import { areAlike, reelsOf, segmentAt, type Reel } from "./reels.ts";
import type { PlayerSource } from "./source.ts";
import { Stills } from "./stills.ts";

/** What a screen tells. */
export interface ScreenEvents {
  /** Single pictures are shown from here on, since the browser lacks these codecs (RFC 6381); undefined: it plays again. */
  readonly onStills: (codecs: string | undefined) => void;
  /** Another single picture is shown. */
  readonly onStill: () => void;
  readonly onError: (error: unknown) => void;
}

/** Shows a source in a `<video>`: each reel by a buffer of its own, and by single pictures what the browser lacks codecs for. */
export class Screen {
  readonly #video: HTMLVideoElement;
  readonly #source: PlayerSource;
  readonly #events: ScreenEvents;
  #reels: readonly Reel[];
  /** Number of the reel that is on. */
  #reel = -1;
  #feed: Feed | undefined;
  #stills: Stills | undefined;
  #isGrowing: boolean;

  /** @throws Error when the browser lacks a codec and the source has no pictures of its own */
  constructor(video: HTMLVideoElement, source: PlayerSource, events: ScreenEvents) {
    this.#video = video;
    this.#source = source;
    this.#events = events;
    this.#reels = this.#divided();
    this.#isGrowing = source.grow !== undefined;
  }

  /** Whether single pictures are shown. */
  get isStill(): boolean {
    return this.#stills !== undefined;
  }

  /** Whether it can show another picture at once. */
  get isReady(): boolean {
    return this.#stills === undefined ? !this.#video.seeking : !this.#stills.isBusy;
  }

  /** Whether a segment is shown by single pictures. */
  isStillAt(index: number): boolean {
    return this.#reels[this.#reelOf(index)]?.isPlayable === false;
  }

  /** Shows what is played at a time of the element, seconds. */
  show(atS: number): void {
    const { segments } = this.#source;
    const index = segmentAt(segments, atS) ?? segments.length - 1;
    const reel = this.#reelOf(index);
    if (reel !== this.#reel) this.#enter(reel);
    if (this.#feed === undefined) this.#video.currentTime = atS;
    else this.#feed.seek(atS);
    const segment = segments[index];
    if (segment !== undefined) this.#stills?.show(segment.startMs + Math.max(0, atS - segment.atS) * 1000);
  }

  /** Where the reel begins that follows the one that is on, seconds of the element; undefined behind the last. */
  get nextS(): number | undefined {
    return this.#source.segments[this.#reels[this.#reel + 1]?.from ?? Number.NaN]?.atS;
  }

  /**
   * Takes in what the source has more, or has instead: what is shown stays, where it is still listed.
   * @param isGrowing whether there will be more again
   * @throws Error as the constructor
   */
  grow(isGrowing: boolean): void {
    const [before, { currentTime, paused }] = [this.#reels[this.#reel], this.#video];
    this.#reels = this.#divided();
    this.#isGrowing = isGrowing;
    if (before === undefined) return;
    const { segments } = this.#source;
    const shown = before.segments[segmentAt(before.segments, currentTime) ?? before.segments.length - 1];
    const stays = shown === undefined ? -1 : segments.indexOf(shown);
    const number = this.#reelOf(stays === -1 ? (segmentAt(segments, currentTime) ?? segments.length - 1) : stays);
    const reel = this.#reels[number];
    if (reel !== undefined && areAlike(reel, before)) {
      this.#reel = number;
      this.#feed?.grow(reel, this.#grows(number));
      return;
    }
    this.#enter(number);
    this.#video.currentTime = currentTime;
    if (!paused) void this.#video.play().catch(() => undefined); // it was paused meanwhile
  }

  /** Lets go of the element. */
  close(): void {
    this.#feed?.close();
    this.#stills?.close();
    [this.#feed, this.#stills] = [undefined, undefined];
  }

  #divided(): readonly Reel[] {
    const reels = reelsOf(this.#source);
    const missing = reels.find(({ isPlayable }) => !isPlayable && this.#source.picture === undefined);
    if (missing !== undefined) throw new Error(`This browser cannot play ${missing.codecs}.`);
    return reels;
  }

  #reelOf(index: number): number {
    return this.#reels.findLastIndex(({ from }) => from <= index);
  }

  #grows(reel: number): boolean {
    return this.#isGrowing && reel === this.#reels.length - 1;
  }

  /** Goes over to another reel, at rest. */
  #enter(number: number): void {
    const [source, reel, wasStill] = [this.#source, this.#reels[number], this.isStill];
    this.close();
    this.#reel = number;
    const { onStill: onShown, onError } = this.#events;
    if (reel?.isPlayable === true) {
      this.#feed = new Feed(this.#video, source, { reel, isGrowing: this.#grows(number) }, onError);
      if (wasStill) this.#events.onStills(undefined);
    } else if (reel !== undefined && source.picture !== undefined) {
      this.#stills = new Stills(this.#video, source.picture.bind(source), { onShown, onError });
      this.#events.onStills(reel.codecs);
    }
  }
}
