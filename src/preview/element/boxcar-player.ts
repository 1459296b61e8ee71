import { clockText, momentText } from "../clock.ts";
import type { PlayedRange, PlayerEvents, PlayerTarget } from "../events.ts";
import { Player } from "../player.ts";
import { marked } from "../marked.ts";
import { fileName, saveBlob } from "../save.ts";
import type { PlayerLink, PlayerRange } from "../server-range.ts";
import type { Gap, PlayerSource } from "../source.ts";
import { Controls } from "./controls.ts";
import { pressPlayerKey } from "./keys.ts";
import { STYLE } from "./style.ts";
import { elementWords, type ElementWords } from "./words.ts";

/** How long it is said that a gap was passed over, milliseconds. */
const TELLING_MS = 4000;

/** An element whose events are typed. */
type TypedElement = Omit<HTMLElement, keyof PlayerTarget> & PlayerTarget & Pick<HTMLElement, keyof PlayerTarget>;
/** Outside of browsers, where the module may be loaded but no element made. */
const Base = ((globalThis as { HTMLElement?: unknown }).HTMLElement ?? Object) as new () => TypedElement;

/**
 * `<boxcar-player>`: plays a range of a boxcar server, named by attributes, or whatever else is opened in it.
 *
 * Attributes: `server` (an origin), `stream`, `start` and `end` (RFC 3339 or milliseconds), `live` (what is being recorded), or `src` (a signed link), `t` (the moment that is shown first),
 * `controls`, `muted`, `loop`, `link` (the moment stands in the page's URL, `#t=2026-01-31T10:00:05Z`). Events: those of `PlayerEvents`.
 *
 * @example
 * <boxcar-player stream="live/cam1" start="2026-01-31T10:00:00Z" end="2026-01-31T11:00:00Z" controls></boxcar-player>
 */
export class BoxcarPlayer extends Base {
  static readonly observedAttributes = ["server", "stream", "start", "end", "live", "src", "t", "muted", "loop"];
  /** The bearer token that the server asks for, if any: set before anything is opened. */
  token: () => string | undefined = () => undefined;
  readonly video = document.createElement("video");
  readonly #player = new Player(this.video, () => this.token());
  readonly #words: ElementWords;
  readonly #controls: Controls;
  readonly #clock = document.createElement("output");
  readonly #gap = document.createElement("p");
  readonly #error = document.createElement("p");
  /** That single pictures are shown, and why; else empty. */
  #stills = "";
  #telling: ReturnType<typeof setTimeout> | undefined;
  #opening: ReturnType<typeof setTimeout> | undefined;
  readonly #follow = (): void => {
    const timeMs = linkedTime();
    if (timeMs !== undefined && this.hasAttribute("link")) this.seek(timeMs);
  };

  constructor() {
    super();
    this.#words = elementWords(this.closest("[lang]")?.getAttribute("lang") ?? document.documentElement.lang);
    this.video.playsInline = true;
    this.video.part.add("video");
    this.#controls = new Controls(this, this.#words);
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const notes = { clock: this.#clock, gap: this.#gap, error: this.#error };
    for (const [name, note] of Object.entries(notes)) {
      note.className = name;
      note.part.add(name);
    }
    this.#error.role = "alert";
    this.#gap.role = "status";
    this.#clock.setAttribute("aria-live", "off");
    root.append(this.video, this.#clock, this.#gap, this.#error, this.#controls.element);
    for (const name of ["open", "growth", "time", "state", "range", "gap", "stills", "error"] as const)
      this.#player.addEventListener(name, ({ detail }) => this.#note(name, detail));
    this.addEventListener("keydown", (event) => pressPlayerKey(event, this));
  }

  connectedCallback(): void {
    if (!this.hasAttribute("tabindex")) this.tabIndex = 0;
    if (!this.hasAttribute("role")) this.role = "group";
    if (!this.hasAttribute("aria-label")) this.ariaLabel = this.getAttribute("stream") ?? this.#words.player;
    addEventListener("hashchange", this.#follow);
  }

  disconnectedCallback(): void {
    removeEventListener("hashchange", this.#follow);
    this.pause();
  }

  attributeChangedCallback(name: string): void {
    if (name === "muted") this.video.muted = this.hasAttribute("muted");
    else if (name === "loop") this.#player.loop = this.hasAttribute("loop");
    else {
      // Once for all attributes that are set one after another.
      clearTimeout(this.#opening);
      this.#opening = setTimeout(() => this.#openNamed());
    }
  }

  /** Wall clock of the picture that is shown, milliseconds since 1970. */
  get timeMs(): number {
    return this.#player.timeMs;
  }

  get paused(): boolean {
    return this.#player.paused;
  }

  /** Whether more is being recorded of what is open. */
  get isLive(): boolean {
    return this.#player.isLive;
  }

  get gaps(): readonly Gap[] {
    return this.#player.gaps;
  }

  /** From 0.25 to 16; above 4 only sync samples are shown, without sound. */
  get rate(): number {
    return this.#player.rate;
  }

  set rate(rate: number) {
    this.#player.rate = rate;
  }

  /** In and out. Playback that reaches out pauses, or goes on at in (`loop`). */
  get range(): PlayedRange | undefined {
    return this.#player.range;
  }

  set range(range: PlayedRange | undefined) {
    this.#player.range = range;
  }

  get loop(): boolean {
    return this.#player.loop;
  }

  set loop(loop: boolean) {
    this.toggleAttribute("loop", loop);
    this.#controls.update();
  }

  get muted(): boolean {
    return this.video.muted;
  }

  set muted(muted: boolean) {
    this.toggleAttribute("muted", muted);
    this.#controls.update();
  }

  /** Opens a range of a server, or another source, such as `openFiles` gives. @throws Error as `Player.open` does */
  async open(what: PlayerRange | PlayerLink | PlayerSource): Promise<void> {
    this.#error.textContent = this.#stills = "";
    await this.#player.open(what);
  }

  play(): void {
    this.#player.play();
  }

  pause(): void {
    this.#player.pause();
  }

  toggle(): void {
    if (this.paused) this.play();
    else this.pause();
  }

  /** Shows the picture of a wall-clock time, milliseconds since 1970; in a gap, the first one behind it. */
  seek(timeMs: number): void {
    this.#player.seek(timeMs);
  }

  /** As `Player.toNewest`. */
  toNewest(): void {
    this.#player.toNewest();
  }

  /** As `Player.step`. */
  step(pictures: number): Promise<void> {
    return this.#player.step(pictures);
  }

  /** Sets in, or out, to the picture that is shown. */
  mark(edge: "in" | "out"): void {
    const { timeMs, range = { startMs: timeMs, endMs: timeMs } } = this;
    this.range = marked(edge, timeMs, range);
  }

  /** The picture that is shown as PNG, named by its time. @throws Error when there is none yet */
  async snapshot(): Promise<File> {
    const name = `${this.getAttribute("stream") ?? "picture"} ${momentText(this.timeMs)}.png`;
    return new File([await this.#player.snapshot()], fileName(name), { type: "image/png" });
  }

  /** Lets the viewer keep the picture that is shown. */
  async savePicture(): Promise<void> {
    const file = await this.snapshot().catch(() => undefined);
    if (file !== undefined) saveBlob(file, file.name);
  }

  /** Fills the screen, or ends that. */
  async fullscreen(): Promise<void> {
    const change = document.fullscreenElement === null ? this.requestFullscreen() : document.exitFullscreen();
    await change.catch(() => undefined); // not allowed here
  }

  async pictureInPicture(): Promise<void> {
    await this.video.requestPictureInPicture().catch(() => undefined); // not allowed here
  }

  /** Lets go of what is open. An element that was closed is not used again. */
  close(): void {
    this.#player.close();
  }

  /** Opens what the attributes name. */
  #openNamed(): void {
    const shownMs = (this.hasAttribute("link") ? linkedTime() : undefined) ?? timeOf(this.getAttribute("t") ?? "");
    const what = this.#named();
    if (what === undefined) return;
    void this.open(what).then(
      () => {
        if (!Number.isNaN(shownMs)) this.seek(shownMs);
      },
      (error: unknown) => {
        if (!(error instanceof Error) || error.name !== "AbortError")
          this.#note("error", { message: error instanceof Error ? error.message : String(error) });
      },
    );
  }

  /** What the attributes name; undefined while some are missing. */
  #named(): PlayerRange | PlayerLink | undefined {
    const [url, streamPath] = [this.getAttribute("src"), this.getAttribute("stream")];
    if (url !== null) return { url };
    const time = (name: string): number => timeOf(this.getAttribute(name) ?? "");
    const [startMs, endMs] = [time("start"), time("end")];
    const isLive = this.hasAttribute("live");
    if (streamPath === null || (!isLive && (Number.isNaN(startMs) || Number.isNaN(endMs)))) return undefined;
    const server = this.getAttribute("server");
    const stream = { streamPath, ...(server === null ? {} : { server }) };
    const live = Number.isNaN(startMs) ? {} : { startMs };
    return { ...stream, ...(isLive ? live : { startMs, endMs }) };
  }

  #note<K extends keyof PlayerEvents>(name: K, detail: PlayerEvents[K]): void {
    if (name === "open" || name === "growth") this.#controls.shown = detail as PlayerEvents["open"];
    if (name === "stills") this.#tellStills(detail as PlayerEvents["stills"]);
    if (name === "range") this.#controls.draw();
    if (name === "error") this.#error.textContent = (detail as PlayerEvents["error"]).message;
    if (name === "gap") this.#tellGap(detail as Gap);
    if (name === "time") this.#tellTime();
    this.#controls.update();
    if (this.hasAttribute("link") && name === "state" && this.paused) this.#link();
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #tellTime(): void {
    this.#clock.textContent = momentText(this.timeMs);
    this.#error.textContent = this.#stills; // pictures come again
  }

  #tellStills(stills: PlayerEvents["stills"]): void {
    this.#error.textContent = this.#stills = stills === null ? "" : `${this.#words.stills} ${stills.codecs}`;
  }

  #tellGap({ startMs, endMs }: Gap): void {
    this.#gap.textContent = `${this.#words.notRecorded} ${clockText(startMs)}–${clockText(endMs)}`;
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => (this.#gap.textContent = ""), TELLING_MS);
  }

  /** Puts the moment into the page's URL. */
  #link(): void {
    const place = new URLSearchParams(location.hash.slice(1));
    place.set("t", new Date(this.timeMs).toISOString());
    history.replaceState(null, "", `#${place.toString().replaceAll("%3A", ":")}`);
  }
}

/** RFC 3339, or milliseconds since 1970; NaN for anything else. */
function timeOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}

/** The moment that the page's URL names (`#t=…`). */
function linkedTime(): number | undefined {
  const timeMs = timeOf(new URLSearchParams(location.hash.slice(1)).get("t") ?? "");
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

declare global {
  interface HTMLElementTagNameMap {
    "boxcar-player": BoxcarPlayer;
  }
}

/** Makes `<boxcar-player>` known to the page, once. */
export function defineBoxcarPlayer(): void {
  if (customElements.get("boxcar-player") === undefined) customElements.define("boxcar-player", BoxcarPlayer);
}
