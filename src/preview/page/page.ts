import { render } from "lit";
import { defineBoxcarPlayer, type BoxcarPlayer } from "../element/boxcar-player.ts";
import type { PlayerEvents } from "../player.ts";
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
import { momentText } from "./clock.ts";
import { takeDrops } from "./drops.ts";
import { download, saveBlob } from "./files.ts";
import { Hover } from "./hover.ts";
import { pressKey, type KeyActions } from "./keys.ts";
import { Look } from "./look.ts";
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
  #player: BoxcarPlayer | undefined;
  #timeline: Timeline | undefined;
  /** What the player has open. */
  #open: Span | undefined;
  #selection: Span | undefined;
  #facts: RangeFacts | undefined;
  #timeMs: number | undefined;
  readonly #hover = new Hover(() => this.#render());
  readonly #looker = new Look(
    ({ coverage, facts }) => {
      if (this.#timeline !== undefined) this.#timeline.coverage = coverage;
      this.#facts = facts;
      this.#render();
    },
    (error) => this.#tell(error),
  );
  #link: SharedLink | undefined;
  #notice = "";
  #needsToken = false;

  constructor(root: HTMLElement) {
    this.#root = root;
    document.documentElement.lang = language;
    document.addEventListener("keydown", (event) => pressKey(event, this.#actions), { capture: true });
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
    const player = this.#root.querySelector("boxcar-player");
    const canvas = this.#root.querySelector("canvas");
    if (player !== null && this.#player !== player) {
      this.#player?.close();
      this.#player = player;
      player.token = token;
      player.addEventListener("time", () => {
        this.#timeMs = player.timeMs;
        if (this.#timeline !== undefined) this.#timeline.playheadMs = this.#timeMs;
        this.#render();
      });
      player.addEventListener("error", (event: Event) => {
        this.#tell(new Error((event as CustomEvent<PlayerEvents["error"]>).detail.message));
      });
      for (const event of ["state", "range"]) player.addEventListener(event, () => this.#render());
    }
    if (canvas !== null && this.#timeline === undefined)
      this.#timeline = new Timeline(canvas, {
        onView: () => this.#look(),
        onSeek: (timeMs) => void this.#seek(timeMs),
        onSelect: (selection) => this.#select(selection),
        onHover: (at) => this.#hover.move(at, this.#recording?.streamPath),
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
    if (this.#player !== undefined) this.#player.range = selection;
    this.#look();
    this.#render();
  }

  async #playRange(): Promise<void> {
    const range = this.#range();
    if (range === undefined) return;
    await this.#seek(range.startMs);
    this.#player?.play();
  }

  /** What downloads and links are of. */
  #range(): Span | undefined {
    const view = this.#timeline?.view;
    const { startMs = 0, endMs = 0 } = this.#recording ?? {};
    if (this.#selection !== undefined) return this.#selection;
    return view && { startMs: Math.max(view.startMs, startMs), endMs: Math.min(view.endMs, endMs) };
  }

  #look(): void {
    this.#looker.soon(() => {
      const [recording, view, range] = [this.#recording, this.#timeline?.view, this.#range()];
      return recording && view && range && { recording, view, range };
    });
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
    toggle: () => this.#player?.toggle(),
    step: (pictures) => void this.#player?.step(pictures),
    speed: (rate) => {
      if (this.#player !== undefined) this.#player.rate = rate;
    },
    mute: () => {
      if (this.#player !== undefined) this.#player.muted = !this.#player.muted;
      this.#render();
    },
    loop: () => {
      if (this.#player !== undefined) this.#player.loop = !this.#player.loop;
      this.#render();
    },
    playRange: () => void this.#playRange(),
    mark: (edge) => this.#mark(edge),
    zoom: (factor) => this.#timeline?.zoom(factor),
    clear: () => this.#select(undefined),
    save: (what) => void this.#save(what),
    share: () => void this.#share(),
    copy: ({ url }) => void navigator.clipboard.writeText(url).then(() => this.#tell(words.copied)),
    seekBy: (seconds) => void this.#seek((this.#timeMs ?? 0) + seconds * 1000),
    fullscreen: () => void this.#player?.fullscreen(),
    closeLink: () => this.#select(this.#selection),
  };

  #render(): void {
    const player = this.#player;
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
      paused: player?.paused ?? true,
      speed: player?.rate ?? 1,
      muted: player?.muted ?? false,
      loop: player?.loop ?? false,
      range: this.#range(),
      isSelected: this.#selection !== undefined,
      facts: this.#facts,
      hover: this.#hover.state,
      link: this.#link,
      notice: this.#notice,
    };
    render(pageView(state, this.#actions), this.#root);
  }
}

defineBoxcarPlayer();
const root = document.querySelector<HTMLElement>("#page");
if (root !== null) void new Page(root).start();
