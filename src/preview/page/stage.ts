import type { BoxcarPlayer } from "../element/boxcar-player.ts";
import { marked } from "../marked.ts";
import { PLAIN, token, type DownloadOptions, type RangeEvent, type RangeFacts } from "./api.ts";
import { Filmstrip } from "./filmstrip.ts";
import { handOut } from "./hand-out.ts";
import { Hover } from "./hover.ts";
import { Look } from "./look.ts";
import type { Recording } from "./recording.ts";
import type { StageState } from "./state.ts";
import type { Interval } from "../../base/interval.ts";
import { Timeline } from "./timeline.ts";

/** What is shown of a stream at first: its newest hour. */
const FIRST_VIEW_MS = 3_600_000;

/** What a stage tells its page. */
interface StageHandlers {
  readonly changed: () => void;
  /** A sentence to show; empty: none. */
  readonly tell: (message: unknown) => void;
  /** Another range is chosen, or it is to be downloaded in another way. */
  readonly onSelect: () => void;
}

/** The player and the timeline of what the page shows, in step. */
export class Stage {
  readonly #root: HTMLElement;
  readonly #handlers: StageHandlers;
  #recording: Recording | undefined;
  #player: BoxcarPlayer | undefined;
  #timeline: Timeline | undefined;
  /** What the player has open. */
  #open: Interval | undefined;
  #selection: Interval | undefined;
  #options = PLAIN;
  #facts: RangeFacts | undefined;
  #timeMs: number | undefined;
  #events: readonly RangeEvent[] = [];
  readonly #hover: Hover;
  readonly #filmstrip = new Filmstrip((pictures) => {
    if (this.#timeline !== undefined) this.#timeline.pictures = pictures;
  });
  readonly #looker: Look;

  /** @param root where the page is rendered */
  constructor(root: HTMLElement, handlers: StageHandlers) {
    this.#root = root;
    this.#handlers = handlers;
    this.#hover = new Hover(handlers.changed);
    this.#looker = new Look(({ coverage, events, facts }) => {
      const [timeline, recording] = [this.#timeline, this.#recording];
      if (timeline !== undefined) Object.assign(timeline, { coverage, events });
      if (timeline !== undefined && recording !== undefined)
        this.#filmstrip.show(recording, timeline.view, coverage, timeline.width);
      this.#events = events;
      this.#facts = facts;
      handlers.changed();
    }, handlers.tell);
  }

  get recording(): Recording | undefined {
    return this.#recording;
  }

  get player(): BoxcarPlayer | undefined {
    return this.#player;
  }

  /** What is selected, else what the timeline shows. */
  get range(): Interval | undefined {
    const view = this.#timeline?.view;
    const { startMs = 0, endMs = 0 } = this.#recording ?? {};
    if (this.#selection !== undefined) return this.#selection;
    return view && { startMs: Math.max(view.startMs, startMs), endMs: Math.min(view.endMs, endMs) };
  }

  get state(): StageState {
    const player = this.#player;
    return {
      recording: this.#recording,
      timeMs: this.#timeMs,
      paused: player?.paused ?? true,
      speed: player?.rate ?? 1,
      muted: player?.muted ?? false,
      loop: player?.loop ?? false,
      range: this.range,
      options: this.#options,
      isSelected: this.#selection !== undefined,
      facts: this.#facts,
      hover: this.#hover.state,
      events: this.#events,
    };
  }

  /** Shows a recording. @param atMs the picture that is shown first; default: that of an hour before the end */
  async show(recording: Recording, atMs = Math.max(recording.startMs, recording.endMs - FIRST_VIEW_MS)): Promise<void> {
    this.#recording = recording;
    this.#open = undefined;
    this.#handlers.tell(""); // and renders the elements that player and timeline work on
    this.#attach();
    this.select(undefined);
    const length = Math.min(FIRST_VIEW_MS, Math.max(2_000, recording.endMs - recording.startMs));
    const startMs = Math.min(atMs, recording.endMs - length);
    if (this.#timeline !== undefined) this.#timeline.pictures = [];
    this.#timeline?.show({ startMs: startMs - length * 0.02, endMs: startMs + length * 1.02 });
    await this.seek(atMs);
  }

  /** Takes in what the recording has become; undefined: it is no more. */
  renew(recording: Recording | undefined): void {
    this.#recording = recording;
    this.#open = undefined; // what is open may have changed
    this.#look();
  }

  /** Lets go of all. */
  close(): void {
    this.#player?.close();
    [this.#recording, this.#player, this.#timeline] = [undefined, undefined, undefined];
  }

  /** Shows the picture of a time, opening the hours around it where they are not open. */
  async seek(timeMs: number): Promise<void> {
    const [player, recording] = [this.#player, this.#recording];
    if (player === undefined || recording === undefined) return;
    try {
      if (this.#open === undefined || timeMs < this.#open.startMs || timeMs >= this.#open.endMs) {
        const { span, what } = recording.playable(timeMs);
        this.#open = span;
        await player.open(what);
      }
      player.seek(timeMs);
      this.#handlers.tell("");
      const { streamPath } = recording;
      const place = streamPath === undefined ? "" : { stream: streamPath, t: new Date(timeMs).toISOString() };
      history.replaceState(null, "", `#${new URLSearchParams(place).toString()}`);
    } catch (error) {
      this.#open = undefined;
      this.#handlers.tell(error);
    }
  }

  /** @param seconds on; negative: back */
  seekBy(seconds: number): void {
    void this.seek((this.#timeMs ?? 0) + seconds * 1000);
  }

  select(selection: Interval | undefined): void {
    this.#selection = selection;
    if (this.#timeline !== undefined) this.#timeline.selection = selection;
    if (this.#player !== undefined) this.#player.range = selection;
    this.#look();
    this.#handlers.onSelect();
    this.#handlers.changed();
  }

  /** How the range is downloaded. */
  get options(): DownloadOptions {
    return this.#options;
  }

  set options(options: DownloadOptions) {
    this.#options = options;
    this.#look();
    this.#handlers.onSelect();
    this.#handlers.changed();
  }

  /** Makes the picture that is shown the first or the last one that is selected. */
  mark(edge: "in" | "out"): void {
    const [timeMs, view] = [this.#timeMs, this.#timeline?.view];
    if (timeMs !== undefined && view !== undefined) this.select(marked(edge, timeMs, this.#selection ?? view));
  }

  async playRange(): Promise<void> {
    const range = this.range;
    if (range === undefined) return;
    await this.seek(range.startMs);
    this.#player?.play();
  }

  switch(what: "muted" | "loop"): void {
    if (this.#player !== undefined) this.#player[what] = !this.#player[what];
    this.#handlers.changed();
  }

  set speed(rate: number) {
    if (this.#player !== undefined) this.#player.rate = rate;
  }

  /** @param factor below 1: less is shown */
  zoom(factor: number): void {
    this.#timeline?.zoom(factor);
  }

  /** Hands the range, or the picture that is shown, to the viewer. */
  async save(what: "mp4" | "fmp4" | "picture"): Promise<void> {
    const [range, recording, player] = [this.range, this.#recording, this.#player];
    if (range === undefined || recording === undefined || player === undefined) return;
    await handOut(what, recording, range, this.#options, player).catch(this.#handlers.tell);
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
        this.#handlers.changed();
      });
      for (const event of ["state", "range"]) player.addEventListener(event, this.#handlers.changed);
    }
    if (canvas !== null && this.#timeline === undefined)
      this.#timeline = new Timeline(canvas, {
        onView: () => this.#look(),
        onSeek: (timeMs) => void this.seek(timeMs),
        onSelect: (selection) => this.select(selection),
        onHover: (at) => this.#hover.move(at, this.#recording),
      });
  }

  #look(): void {
    this.#looker.soon(() => {
      const [recording, view, range] = [this.#recording, this.#timeline?.view, this.range];
      return recording && view && range && { recording, view, range, options: this.#options };
    });
  }
}
