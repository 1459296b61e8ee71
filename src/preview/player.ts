import { Feed, typeOf } from "./feed.ts";
import { openRange, type PlayerRange, type Token } from "./server-range.ts";
import { gapsOf, type Gap, type MediaSegment, type Source } from "./source.ts";

/** Seconds: a time that falls on a picture's start must not be rounded before it. */
const ROUNDING_S = 0.0005;

/** What a player tells by events of these names; `detail` has more. */
export interface PlayerEvents {
  /** The range is open: its gaps, and the wall-clock time of its first picture. */
  readonly open: { readonly gaps: readonly Gap[]; readonly startMs: number; readonly endMs: number };
  /** Another picture is shown. Wall clock, milliseconds since 1970. */
  readonly time: { readonly timeMs: number };
  /** A gap was passed over. */
  readonly gap: Gap;
  readonly error: { readonly message: string };
}

/**
 * Plays time ranges of recordings in a `<video>`: frame-exact seeks by the wall clock, over joints, gaps and changes.
 *
 * @example
 * const player = new Player(document.querySelector("video"));
 * await player.open({ streamPath: "live/cam1", startMs: Date.parse("2026-01-31T10:00:00Z"), endMs: Date.parse("2026-01-31T11:00:00Z") });
 * player.seek(Date.parse("2026-01-31T10:07:13Z"));
 */
export class Player extends EventTarget {
  readonly video: HTMLVideoElement;
  readonly #token: Token;
  readonly #ending = new AbortController();
  #feed: Feed | undefined;
  #segments: readonly MediaSegment[] = [];
  #gaps: readonly Gap[] = [];
  #shown: MediaSegment | undefined;
  #frameMs = 40;
  #opening = new AbortController();

  /** @param token the bearer token that the server asks for, if any */
  constructor(video: HTMLVideoElement, token: Token = () => undefined) {
    super();
    this.video = video;
    this.#token = token;
    const { signal } = this.#ending;
    for (const event of ["timeupdate", "seeked"] as const)
      video.addEventListener(event, () => this.#tell("time", { timeMs: this.timeMs }), { signal });
    video.addEventListener("timeupdate", () => this.#noteGap(), { signal });
  }

  /** Wall clock of the picture that is shown, milliseconds since 1970. */
  get timeMs(): number {
    const { currentTime } = this.video;
    const segment = this.#segments[this.#feed?.at(currentTime) ?? this.#segments.length - 1];
    return segment === undefined ? 0 : segment.startMs + (currentTime - segment.atS) * 1000;
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
    this.#feed?.close();
    const source = "segments" in what ? what : await openRange(what, this.#token, signal);
    signal.throwIfAborted();
    const missing = source.codecs.find((codecs) => !MediaSource.isTypeSupported(typeOf(codecs)));
    if (missing !== undefined) throw new Error(`This browser cannot play ${missing}.`);
    const { segments } = source;
    const [first, last] = [segments[0], segments.at(-1)];
    if (first === undefined || last === undefined) throw new Error("Nothing is recorded in this range.");
    this.#segments = segments;
    this.#gaps = gapsOf(segments);
    this.#frameMs = 1000 / (source.frameRate ?? 25);
    this.#feed = new Feed(this.video, source, (error) =>
      this.#tell("error", { message: error instanceof Error ? error.message : String(error) }),
    );
    this.seek("segments" in what ? first.startMs : Math.max(what.startMs, first.startMs));
    this.#tell("open", { gaps: this.#gaps, startMs: first.startMs, endMs: last.startMs + last.durationMs });
  }

  /** Shows the picture of a wall-clock time (milliseconds since 1970); in a gap, the first one behind it. */
  seek(timeMs: number): void {
    if (this.#segments.length > 0) this.video.currentTime = this.#placeOf(timeMs);
  }

  /** Goes on, or back, by pictures. */
  step(pictures: number): void {
    this.video.pause();
    this.video.currentTime = Math.max(0, this.video.currentTime + (pictures * this.#frameMs) / 1000);
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
    this.#ending.abort();
    this.#opening.abort();
    this.#feed?.close();
  }

  /** Says when a gap is passed over. */
  #noteGap(): void {
    const segment = this.#segments[this.#feed?.at(this.video.currentTime) ?? -1];
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

  #tell<K extends keyof PlayerEvents>(name: K, detail: PlayerEvents[K]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
