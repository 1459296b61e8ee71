import { render } from "lit";
import { Player } from "../player.ts";
import {
  downloadPath,
  picturePath,
  Refused,
  setToken,
  share,
  streams,
  token,
  type RangeFacts,
  type SharedLink,
  type StreamRow,
} from "./api.ts";
import { clockText, momentText } from "./clock.ts";
import { takeDrops } from "./drops.ts";
import { download, pictureUrl, saveBlob } from "./files.ts";
import { pressKey, type KeyActions } from "./keys.ts";
import { localRecording, serverRecording, type Recording } from "./recording.ts";
import { Timeline, type Span } from "./timeline.ts";
import { pageView, type PageState } from "./views.ts";
import { wordsFor } from "./words.ts";

const { language, words } = wordsFor(navigator.languages);
/** What is shown of a stream at first: its newest hour. */
const FIRST_VIEW_MS = 3_600_000;

/** The page: what it shows, and what happens when something is done on it. */
class Page {
  readonly #root: HTMLElement;
  #rows: readonly StreamRow[] | undefined;
  #search = "";
  #recording: Recording | undefined;
  /** Files of this device that were opened last. */
  #local: Recording | undefined;
  #isOver = false;
  #player: Player | undefined;
  #timeline: Timeline | undefined;
  /** What the player has open. */
  #open: Span | undefined;
  #selection: Span | undefined;
  #facts: RangeFacts | undefined;
  #looking = new AbortController();
  #factsTimer: ReturnType<typeof setTimeout> | undefined;
  #timeMs: number | undefined;
  #hover: { readonly timeMs: number; readonly x: number; readonly picture: string | undefined } | undefined;
  #hoverTimer: ReturnType<typeof setTimeout> | undefined;
  #link: SharedLink | undefined;
  #notice = "";
  #needsToken = false;

  constructor(root: HTMLElement) {
    this.#root = root;
    document.documentElement.lang = language;
    document.addEventListener("keydown", (event) => pressKey(event, this.#actions));
    addEventListener("hashchange", () => void this.#follow());
    takeDrops(
      (isOver) => {
        this.#isOver = isOver;
        this.#render();
      },
      (files) => void this.#openFiles(files),
    );
  }

  async start(): Promise<void> {
    this.#render();
    try {
      this.#rows = await streams();
      this.#needsToken = false;
      await this.#follow();
    } catch (error) {
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) this.#needsToken = true;
      this.#tell(error);
    }
    this.#render();
  }

  /** Goes where the fragment of the URL says: `#stream=live%2Fcam1&t=2026-01-31T10:00:05Z`. */
  async #follow(): Promise<void> {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const row = this.#rows?.find(({ streamPath }) => streamPath === wanted.get("stream")) ?? this.#rows?.[0];
    const at = Date.parse(wanted.get("t") ?? "");
    if (row === undefined) return;
    if (row.streamPath === this.#recording?.streamPath && !Number.isNaN(at)) await this.#seek(at);
    else await this.#choose(serverRecording(row), Number.isNaN(at) ? undefined : at);
  }

  /** Plays files of this device. */
  async #openFiles(files: readonly File[]): Promise<void> {
    try {
      this.#local = await localRecording(files);
      await this.#choose(this.#local, this.#local.startMs);
    } catch (error) {
      this.#tell(error);
    }
  }

  async #choose(row: Recording, atMs = Math.max(row.startMs, row.endMs - FIRST_VIEW_MS)): Promise<void> {
    this.#recording = row;
    this.#selection = undefined;
    this.#link = undefined;
    this.#open = undefined;
    this.#notice = "";
    this.#render(); // the elements that player and timeline work on
    this.#attach();
    const length = Math.min(FIRST_VIEW_MS, Math.max(2_000, row.endMs - row.startMs));
    const startMs = Math.min(atMs, row.endMs - length);
    this.#timeline?.show({ startMs: startMs - length * 0.02, endMs: startMs + length * 1.02 });
    await this.#seek(atMs);
  }

  #attach(): void {
    const video = this.#root.querySelector("video");
    const canvas = this.#root.querySelector("canvas");
    if (video !== null && this.#player?.video !== video) {
      this.#player?.close();
      const player = new Player(video, token);
      player.addEventListener("time", () => {
        this.#timeMs = player.timeMs;
        if (this.#timeline !== undefined) this.#timeline.playheadMs = this.#timeMs;
        this.#render();
      });
      player.addEventListener("gap", (event) => {
        const { startMs, endMs } = (event as CustomEvent<Span>).detail;
        this.#notice = `${words.skipped} ${clockText(startMs)} – ${clockText(endMs)}`;
        this.#render();
      });
      player.addEventListener("error", (event) => this.#tell(new Error((event as CustomEvent<Error>).detail.message)));
      for (const event of ["play", "pause", "ratechange"]) video.addEventListener(event, () => this.#render());
      this.#player = player;
    }
    if (canvas !== null && this.#timeline === undefined)
      this.#timeline = new Timeline(canvas, {
        onView: () => this.#look(),
        onSeek: (timeMs) => void this.#seek(timeMs),
        onSelect: (selection) => this.#select(selection),
        onHover: (at) => this.#hoverAt(at),
      });
  }

  /** Shows the picture of a time, opening the hours around it where they are not open. */
  async #seek(timeMs: number): Promise<void> {
    const [player, recording] = [this.#player, this.#recording];
    if (player === undefined || recording === undefined) return;
    try {
      if (this.#open === undefined || timeMs < this.#open.startMs || timeMs >= this.#open.endMs) {
        const { span, what } = recording.playable(timeMs);
        this.#open = span;
        await player.open(what);
      }
      player.seek(timeMs);
      this.#notice = "";
      const { streamPath } = recording;
      const place = streamPath === undefined ? "" : { stream: streamPath, t: new Date(timeMs).toISOString() };
      history.replaceState(null, "", `#${new URLSearchParams(place).toString()}`);
    } catch (error) {
      this.#open = undefined;
      this.#tell(error);
    }
    this.#render();
  }

  #select(selection: Span | undefined): void {
    this.#selection = selection;
    this.#link = undefined;
    if (this.#timeline !== undefined) this.#timeline.selection = selection;
    this.#look();
    this.#render();
  }

  /** What downloads and links are of. */
  #range(): Span | undefined {
    const view = this.#timeline?.view;
    const { startMs = 0, endMs = 0 } = this.#recording ?? {};
    if (this.#selection !== undefined) return this.#selection;
    return view && { startMs: Math.max(view.startMs, startMs), endMs: Math.min(view.endMs, endMs) };
  }

  /** Asks what is recorded of what is shown, and what a download would hold, once nothing moves any more. */
  #look(): void {
    clearTimeout(this.#factsTimer);
    this.#looking.abort();
    this.#looking = new AbortController();
    const { signal } = this.#looking;
    this.#factsTimer = setTimeout(() => {
      const [recording, timeline, range] = [this.#recording, this.#timeline, this.#range()];
      if (timeline === undefined || range === undefined || recording === undefined) return;
      const shown = recording.facts(timeline.view, signal).then((found) => {
        timeline.coverage = found?.coverage ?? [];
      });
      const held = range.endMs > range.startMs ? recording.facts(range, signal) : Promise.resolve(undefined);
      void Promise.all([shown, held])
        .then(([, found]) => {
          this.#facts = found;
          this.#render();
        })
        .catch((error: unknown) => {
          if (!signal.aborted) this.#tell(error);
        });
    }, 120);
  }

  #hoverAt(at: { readonly timeMs: number; readonly x: number } | undefined): void {
    clearTimeout(this.#hoverTimer);
    const { streamPath } = this.#recording ?? {};
    this.#hover = at && { ...at, picture: streamPath === undefined ? undefined : this.#hover?.picture };
    if (at !== undefined && streamPath !== undefined)
      this.#hoverTimer = setTimeout(() => {
        void pictureUrl(picturePath(streamPath, at.timeMs, 192, true)).then((picture) => {
          if (this.#hover !== undefined) this.#hover = { ...this.#hover, picture };
          this.#render();
        });
      }, 150);
    this.#render();
  }

  async #share(): Promise<void> {
    const [range, { streamPath } = {}] = [this.#range(), this.#recording];
    if (range === undefined || streamPath === undefined) return;
    try {
      this.#link = await share(downloadPath(streamPath, "mp4", range.startMs, range.endMs), "24h");
    } catch (error) {
      this.#tell(error);
    }
    this.#render();
  }

  async #save(what: "mp4" | "fmp4" | "picture"): Promise<void> {
    const [range, recording, player] = [this.#range(), this.#recording, this.#player];
    if (range === undefined || recording === undefined || player === undefined) return;
    const { name, streamPath } = recording;
    const title = (timeMs: number): string => `${name.replace(/\.[^.]+$/, "")} ${momentText(timeMs)}`;
    try {
      if (what !== "picture") await recording.download(what, range, `${title(range.startMs)}.mp4`);
      else if (streamPath === undefined) saveBlob(await player.snapshot(), `${title(player.timeMs)}.png`);
      else await download(picturePath(streamPath, player.timeMs, 0, false), `${title(player.timeMs)}.jpg`);
    } catch (error) {
      this.#tell(error);
    }
  }

  #toggle(): void {
    const video = this.#player?.video;
    if (video === undefined) return;
    if (video.paused) void video.play().catch(() => undefined);
    else video.pause();
  }

  #mark(edge: "in" | "out"): void {
    const [timeMs, view] = [this.#timeMs, this.#timeline?.view];
    if (timeMs === undefined || view === undefined) return;
    const { startMs, endMs } =
      this.#selection ?? (edge === "in" ? { startMs: 0, endMs: view.endMs } : { startMs: view.startMs, endMs: 0 });
    const chosen =
      edge === "in"
        ? { startMs: timeMs, endMs: Math.max(endMs, timeMs + 1000) }
        : { startMs: Math.min(startMs, timeMs - 1000), endMs: timeMs };
    this.#select(chosen);
  }

  #tell(error: unknown): void {
    if (error instanceof Error && error.name === "AbortError") return; // something else was asked for meanwhile
    this.#notice = error instanceof Error ? error.message : String(error);
    this.#render();
  }

  #sign(value: string): void {
    setToken(value);
    this.#notice = "";
    this.#recording = undefined;
    this.#rows = undefined;
    this.#player?.close();
    this.#player = undefined;
    this.#timeline = undefined;
    void this.start();
  }

  readonly #actions: KeyActions = {
    sign: (value) => this.#sign(value),
    search: (text) => {
      this.#search = text;
      this.#render();
    },
    choose: (row) => void this.#choose(serverRecording(row)),
    openFiles: (files) => void this.#openFiles(files),
    chooseLocal: () => void (this.#local && this.#choose(this.#local, this.#local.startMs)),
    toggle: () => this.#toggle(),
    step: (pictures) => this.#player?.step(pictures),
    speed: (rate) => {
      if (this.#player !== undefined) this.#player.video.playbackRate = rate;
    },
    mark: (edge) => this.#mark(edge),
    zoom: (factor) => this.#timeline?.zoom(factor),
    clear: () => this.#select(undefined),
    save: (what) => void this.#save(what),
    share: () => void this.#share(),
    copy: ({ url }) => void navigator.clipboard.writeText(url).then(() => this.#tell(words.copied)),
    seekBy: (seconds) => void this.#seek((this.#timeMs ?? 0) + seconds * 1000),
    fullscreen: () => void this.#player?.video.requestFullscreen().catch(() => undefined),
    closeLink: () => this.#select(this.#selection),
  };

  #render(): void {
    const video = this.#player?.video;
    const state: PageState = {
      words,
      rows: this.#rows,
      search: this.#search,
      recording: this.#recording,
      local: this.#local,
      isOver: this.#isOver,
      needsToken: this.#needsToken,
      hasToken: token() !== undefined,
      timeMs: this.#timeMs,
      paused: video?.paused ?? true,
      speed: video?.playbackRate ?? 1,
      range: this.#range(),
      isSelected: this.#selection !== undefined,
      facts: this.#facts,
      hover: this.#hover,
      link: this.#link,
      notice: this.#notice,
    };
    render(pageView(state, this.#actions), this.#root);
  }
}

const root = document.querySelector<HTMLElement>("#page");
if (root !== null) void new Page(root).start();
