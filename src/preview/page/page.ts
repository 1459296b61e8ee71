import { render } from "lit";
import { defineBoxcarPlayer } from "../element/boxcar-player.ts";
import { Refused } from "../http.ts";
import { setToken, streams, token, type DownloadOptions, type StreamRow } from "./api.ts";
import { Cameras } from "./cameras.ts";
import { Deletion } from "./deletion.ts";
import { takeDrops } from "./drops.ts";
import { pressKey, type KeyActions } from "./keys.ts";
import { LastPictures } from "./last-pictures.ts";
import { allowed, NOTHING_ALLOWED } from "./manage-api.ts";
import type { PanelHost } from "./panel.ts";
import { Recorder } from "./recorder.ts";
import { localRecording, serverRecording, type Recording } from "./recording.ts";
import { Sharing } from "./sharing.ts";
import { Stage } from "./stage.ts";
import type { Panels } from "./state.ts";
import type { Interval } from "../../base/interval.ts";
import { Uploads } from "./uploads.ts";
import { pageView } from "./views.ts";
import { wordsFor } from "./words.ts";

const { language, words } = wordsFor(navigator.languages);

/** The page: what it shows, and what happens when something is done on it. */
class Page implements PanelHost {
  readonly words = words;
  readonly #root: HTMLElement;
  readonly #stage: Stage;
  /** Streams that have segments; undefined until the server has answered. */
  #kept: readonly StreamRow[] | undefined;
  #search = "";
  allowed = NOTHING_ALLOWED;
  /** Files of this device that were opened last. */
  #local: Recording | undefined;
  #isOver = false;
  readonly #panels: Panels = {
    deletion: new Deletion(this),
    sharing: new Sharing(this),
    uploads: new Uploads(this),
    recorder: new Recorder(this),
    cameras: new Cameras(this, () => this.#rows ?? []),
  };
  readonly #lastPictures = new LastPictures(() => this.changed());
  #notice = "";
  #needsToken = false;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#stage = new Stage(root, {
      changed: () => this.changed(),
      tell: (message) => this.tell(message),
      onSelect: () => this.#panels.sharing.close(),
    });
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

  get recording(): Recording | undefined {
    return this.#stage.recording;
  }

  get range(): Interval | undefined {
    return this.#stage.range;
  }

  get options(): DownloadOptions {
    return this.#stage.options;
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
    const { recording } = this;
    const row = this.#rows?.find(({ streamPath }) => streamPath === recording?.streamPath);
    this.#stage.renew(recording?.streamPath === undefined ? recording : row && serverRecording(row));
    if (this.recording === undefined) await this.#follow();
    this.changed();
  }

  /** Goes where the fragment of the URL says: `#stream=live%2Fcam1&t=2026-01-31T10:00:05Z`. */
  async #follow(): Promise<void> {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const stream = wanted.get("stream");
    const row = this.#rows?.find(({ streamPath }) => streamPath === stream) ?? this.#rows?.[0];
    const at = Date.parse(wanted.get("t") ?? "");
    if (row === undefined) return;
    if (row.streamPath === this.recording?.streamPath && !Number.isNaN(at)) await this.#stage.seek(at);
    else await this.#stage.show(serverRecording(row), Number.isNaN(at) ? undefined : at);
    if (stream !== null && row.streamPath !== stream) this.tell(`${words.noSuchStream} ${stream}`);
  }

  /** Plays files of this device. */
  async #openFiles(files: readonly File[]): Promise<void> {
    try {
      this.#local = await localRecording(files);
      await this.#stage.show(this.#local, this.#local.startMs);
    } catch (error) {
      this.tell(error);
    }
  }

  tell(what: unknown): void {
    if (what instanceof Error && what.name === "AbortError") return; // something else was asked for meanwhile
    this.#notice = what instanceof Error ? what.message : String(what);
    this.changed();
  }

  #sign(value: string): void {
    setToken(value);
    this.#notice = "";
    this.#kept = undefined;
    this.#stage.close();
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
    choose: (row) => void this.#stage.show(serverRecording(row)),
    openFiles: (files) => void this.#openFiles(files),
    chooseLocal: () => void (this.#local && this.#stage.show(this.#local, this.#local.startMs)),
    toggle: () => this.#stage.player?.toggle(),
    step: (pictures) => void this.#stage.player?.step(pictures),
    speed: (rate) => (this.#stage.speed = rate),
    mute: () => this.#stage.switch("muted"),
    loop: () => this.#stage.switch("loop"),
    playRange: () => void this.#stage.playRange(),
    mark: (edge) => this.#stage.mark(edge),
    zoom: (factor) => this.#stage.zoom(factor),
    options: (options) => (this.#stage.options = options),
    clear: () => this.#stage.select(undefined),
    save: (what) => void this.#stage.save(what),
    seekBy: (seconds) => this.#stage.seekBy(seconds),
    fullscreen: () => void this.#stage.player?.fullscreen(),
    seek: (timeMs) => void this.#stage.seek(timeMs),
    upload: (files) => void this.#panels.uploads.add(files),
  };

  changed(): void {
    const state = {
      ...this.#stage.state,
      words,
      rows: this.#rows,
      lastPictures: this.#lastPictures,
      search: this.#search,
      local: this.#local,
      isOver: this.#isOver,
      needsToken: this.#needsToken,
      hasToken: token() !== undefined,
      notice: this.#notice,
      allowed: this.allowed,
      panels: this.#panels,
    };
    render(pageView(state, this.#actions), this.#root);
    this.#panels.cameras.follow(this.#stage.player, this.#root);
  }
}

defineBoxcarPlayer();
const root = document.querySelector<HTMLElement>("#page");
if (root !== null) void new Page(root).start();
