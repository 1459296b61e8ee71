import { render } from "lit";
import { defineBoxcarPlayer, type BoxcarPlayer } from "../element/boxcar-player.ts";
import { marked } from "../marked.ts";
import { Refused } from "../http.ts";
import { setToken, streams, token, type RangeEvent, type RangeFacts, type StreamRow } from "./api.ts";
import { Cameras } from "./cameras.ts";
import { Deletion } from "./deletion.ts";
import { takeDrops } from "./drops.ts";
import { handOut } from "./hand-out.ts";
import { Filmstrip } from "./filmstrip.ts";
import { Hover } from "./hover.ts";
import { pressKey, type KeyActions } from "./keys.ts";
import { LastPictures } from "./last-pictures.ts";
import { Look } from "./look.ts";
import { allowed, NOTHING_ALLOWED } from "./manage-api.ts";
import type { PanelHost } from "./panel.ts";
import { Recorder } from "./recorder.ts";
import { localRecording, serverRecording, type Recording } from "./recording.ts";
import { Timeline, type Span } from "./timeline.ts";
import { Sharing } from "./sharing.ts";
import type { PageState, Panels } from "./state.ts";
import { Uploads } from "./uploads.ts";
import { pageView } from "./views.ts";
import { wordsFor } from "./words.ts";

const { language, words } = wordsFor(navigator.languages);
/** What is shown of a stream at first: its newest hour. */
const FIRST_VIEW_MS = 3_600_000;

/** The page: what it shows, and what happens when something is done on it. */
class Page implements PanelHost {
  readonly words = words;
  readonly #root: HTMLElement;
  /** Streams that have segments; undefined until the server has answered. */
  #kept: readonly StreamRow[] | undefined;
  #search = "";
  allowed = NOTHING_ALLOWED;
  recording: Recording | undefined;
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
  #events: readonly RangeEvent[] = [];
  readonly #panels: Panels = {
    deletion: new Deletion(this),
    sharing: new Sharing(this),
    uploads: new Uploads(this),
    recorder: new Recorder(this),
    cameras: new Cameras(this, () => this.#rows ?? []),
  };
  readonly #hover = new Hover(() => this.changed());
  readonly #lastPictures = new LastPictures(() => this.changed());
  readonly #filmstrip = new Filmstrip((pictures) => {
    if (this.#timeline !== undefined) this.#timeline.pictures = pictures;
  });
  readonly #looker = new Look(
    ({ coverage, events, facts }) => {
      const [timeline, recording] = [this.#timeline, this.recording];
      if (timeline !== undefined) Object.assign(timeline, { coverage, events });
      if (timeline !== undefined && recording !== undefined)
        this.#filmstrip.show(recording, timeline.view, coverage, timeline.width);
      this.#events = events;
      this.#facts = facts;
      this.changed();
    },
    (error) => this.tell(error),
  );
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
        this.changed();
      },
      (files, what) => void (what === "upload" ? this.#panels.uploads.add(files) : this.#openFiles(files)),
    );
  }

  get #rows(): readonly StreamRow[] | undefined {
    return this.#kept && this.#panels.recorder.streams(this.#kept);
  }

  async start(): Promise<void> {
    this.changed();
    try {
      this.#kept = await streams();
      this.#needsToken = false;
      this.allowed = await allowed();
      await this.#panels.recorder.watch();
      void this.#lastPictures.show(this.#rows ?? []);
      await this.#follow();
    } catch (error) {
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) this.#needsToken = true;
      this.tell(error);
    }
    this.changed();
  }

  async reload(): Promise<void> {
    this.#kept = await streams();
    void this.#lastPictures.show(this.#rows ?? []);
    const row = this.#rows?.find(({ streamPath }) => streamPath === this.recording?.streamPath);
    if (this.recording?.streamPath !== undefined) this.recording = row && serverRecording(row);
    if (this.recording === undefined) await this.#follow();
    this.#open = undefined; // what is open may have changed
    this.#look();
    this.changed();
  }

  /** Goes where the fragment of the URL says: `#stream=live%2Fcam1&t=2026-01-31T10:00:05Z`. */
  async #follow(): Promise<void> {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const stream = wanted.get("stream");
    const row = this.#rows?.find(({ streamPath }) => streamPath === stream) ?? this.#rows?.[0];
    const at = Date.parse(wanted.get("t") ?? "");
    if (row === undefined) return;
    if (row.streamPath === this.recording?.streamPath && !Number.isNaN(at)) await this.#seek(at);
    else await this.#choose(serverRecording(row), Number.isNaN(at) ? undefined : at);
    if (stream !== null && row.streamPath !== stream) this.tell(`${words.noSuchStream} ${stream}`);
  }

  /** Plays files of this device. */
  async #openFiles(files: readonly File[]): Promise<void> {
    try {
      this.#local = await localRecording(files);
      await this.#choose(this.#local, this.#local.startMs);
    } catch (error) {
      this.tell(error);
    }
  }

  async #choose(row: Recording, atMs = Math.max(row.startMs, row.endMs - FIRST_VIEW_MS)): Promise<void> {
    this.recording = row;
    this.#selection = undefined;
    this.#panels.sharing.close();
    this.#open = undefined;
    this.#notice = "";
    this.changed(); // the elements that player and timeline work on
    this.#attach();
    const length = Math.min(FIRST_VIEW_MS, Math.max(2_000, row.endMs - row.startMs));
    const startMs = Math.min(atMs, row.endMs - length);
    if (this.#timeline !== undefined) this.#timeline.pictures = [];
    this.#timeline?.show({ startMs: startMs - length * 0.02, endMs: startMs + length * 1.02 });
    await this.#seek(atMs);
  }

  #attach(): void {
    const player = this.#root.querySelector<BoxcarPlayer>("boxcar-player:not([data-stream])");
    const canvas = this.#root.querySelector("canvas");
    if (player !== null && this.#player !== player) {
      this.#player?.close();
      this.#player = player;
      player.token = token;
      player.addEventListener("time", () => {
        this.#timeMs = player.timeMs;
        if (this.#timeline !== undefined) this.#timeline.playheadMs = this.#timeMs;
        this.changed();
      });
      for (const event of ["state", "range"]) player.addEventListener(event, () => this.changed());
    }
    if (canvas !== null && this.#timeline === undefined)
      this.#timeline = new Timeline(canvas, {
        onView: () => this.#look(),
        onSeek: (timeMs) => void this.#seek(timeMs),
        onSelect: (selection) => this.#select(selection),
        onHover: (at) => this.#hover.move(at, this.recording),
      });
  }

  /** Shows the picture of a time, opening the hours around it where they are not open. */
  async #seek(timeMs: number): Promise<void> {
    const [player, recording] = [this.#player, this.recording];
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
      this.tell(error);
    }
    this.changed();
  }

  #select(selection: Span | undefined): void {
    this.#selection = selection;
    this.#panels.sharing.close();
    if (this.#timeline !== undefined) this.#timeline.selection = selection;
    if (this.#player !== undefined) this.#player.range = selection;
    this.#look();
    this.changed();
  }

  async #playRange(): Promise<void> {
    const range = this.range;
    if (range === undefined) return;
    await this.#seek(range.startMs);
    this.#player?.play();
  }

  get range(): Span | undefined {
    const view = this.#timeline?.view;
    const { startMs = 0, endMs = 0 } = this.recording ?? {};
    if (this.#selection !== undefined) return this.#selection;
    return view && { startMs: Math.max(view.startMs, startMs), endMs: Math.min(view.endMs, endMs) };
  }

  #look(): void {
    this.#looker.soon(() => {
      const [recording, view, range] = [this.recording, this.#timeline?.view, this.range];
      return recording && view && range && { recording, view, range };
    });
  }

  async #save(what: "mp4" | "fmp4" | "picture"): Promise<void> {
    const [range, recording, player] = [this.range, this.recording, this.#player];
    if (range === undefined || recording === undefined || player === undefined) return;
    await handOut(what, recording, range, player).catch((error: unknown) => this.tell(error));
  }

  #switch(what: "muted" | "loop"): void {
    if (this.#player !== undefined) this.#player[what] = !this.#player[what];
    this.changed();
  }

  #mark(edge: "in" | "out"): void {
    const [timeMs, view] = [this.#timeMs, this.#timeline?.view];
    if (timeMs !== undefined && view !== undefined) this.#select(marked(edge, timeMs, this.#selection ?? view));
  }

  tell(what: unknown): void {
    if (what instanceof Error && what.name === "AbortError") return; // something else was asked for meanwhile
    this.#notice = what instanceof Error ? what.message : String(what);
    this.changed();
  }

  #sign(value: string): void {
    setToken(value);
    this.#notice = "";
    this.recording = undefined;
    this.#kept = undefined;
    this.#player?.close();
    this.#player = undefined;
    this.#timeline = undefined;
    void this.start();
  }

  readonly #actions: KeyActions = {
    sign: (value) => this.#sign(value),
    askToken: () => {
      this.#needsToken = true;
      this.changed();
    },
    search: (text) => {
      this.#search = text;
      this.changed();
    },
    choose: (row) => void this.#choose(serverRecording(row)),
    openFiles: (files) => void this.#openFiles(files),
    chooseLocal: () => void (this.#local && this.#choose(this.#local, this.#local.startMs)),
    toggle: () => this.#player?.toggle(),
    step: (pictures) => void this.#player?.step(pictures),
    speed: (rate) => {
      if (this.#player !== undefined) this.#player.rate = rate;
    },
    mute: () => this.#switch("muted"),
    loop: () => this.#switch("loop"),
    playRange: () => void this.#playRange(),
    mark: (edge) => this.#mark(edge),
    zoom: (factor) => this.#timeline?.zoom(factor),
    clear: () => this.#select(undefined),
    save: (what) => void this.#save(what),
    seekBy: (seconds) => void this.#seek((this.#timeMs ?? 0) + seconds * 1000),
    fullscreen: () => void this.#player?.fullscreen(),
    seek: (timeMs) => void this.#seek(timeMs),
    upload: (files) => void this.#panels.uploads.add(files),
  };

  changed(): void {
    const player = this.#player;
    const state: PageState = {
      words,
      rows: this.#rows,
      lastPictures: this.#lastPictures,
      search: this.#search,
      recording: this.recording,
      local: this.#local,
      isOver: this.#isOver,
      needsToken: this.#needsToken,
      hasToken: token() !== undefined,
      timeMs: this.#timeMs,
      paused: player?.paused ?? true,
      speed: player?.rate ?? 1,
      muted: player?.muted ?? false,
      loop: player?.loop ?? false,
      range: this.range,
      isSelected: this.#selection !== undefined,
      facts: this.#facts,
      hover: this.#hover.state,
      notice: this.#notice,
      events: this.#events,
      allowed: this.allowed,
      panels: this.#panels,
    };
    render(pageView(state, this.#actions), this.#root);
    this.#panels.cameras.follow(player, this.#root);
  }
}

defineBoxcarPlayer();
const root = document.querySelector<HTMLElement>("#page");
if (root !== null) void new Page(root).start();
