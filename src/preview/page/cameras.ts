import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { BoxcarPlayer } from "../element/boxcar-player.ts";
import { token, type StreamRow } from "./api.ts";
import type { PanelHost } from "./panel.ts";
import { serverRecording } from "./recording.ts";
import type { Interval } from "../../base/interval.ts";

/** Cameras that are shown together. */
const COUNTS = [1, 4, 9] as const;
/** Pictures may be so far from one another before they are brought together, milliseconds. */
const APART_MS = 300;
/** While they stand, no further than this. */
const SAME_MS = 2;

/** Another camera beside the one that leads. */
interface Beside {
  readonly row: StreamRow;
  readonly player: BoxcarPlayer;
  /** What it has open; undefined while it opens something. */
  open: Interval | undefined;
  /** What is asked for, so that it is asked for once. */
  asked: Interval | undefined;
}

/** Several cameras side by side, in step with the one that is chosen. */
export class Cameras {
  readonly #host: PanelHost;
  readonly #rows: () => readonly StreamRow[];
  #count: (typeof COUNTS)[number] = 1;
  #beside: readonly Beside[] = [];

  /** @param rows all streams */
  constructor(host: PanelHost, rows: () => readonly StreamRow[]) {
    this.#host = host;
    this.#rows = rows;
  }

  /** How many are shown. */
  get count(): number {
    return this.#count;
  }

  /** The choice of how many are shown. */
  choice(): TemplateResult | typeof nothing {
    const { words, recording } = this.#host;
    if (recording?.streamPath === undefined || this.#rows().length < 2) return nothing;
    return html`<div class="cameras" role="group" aria-label=${words.cameras}>
      ${COUNTS.map(
        (count) =>
          html`<button
            aria-pressed=${count === this.#count}
            aria-label="${words.cameras}: ${count}"
            @click=${() => this.#show(count)}
          >
            ${count}
          </button>`,
      )}
    </div>`;
  }

  /** The other cameras. */
  view(): unknown {
    const { recording, words } = this.#host;
    if (this.#count === 1 || recording?.streamPath === undefined) return nothing;
    return repeat(
      this.#others(),
      ({ streamPath }) => streamPath,
      ({ streamPath }) =>
        html`<figure>
          <boxcar-player muted data-stream=${streamPath} aria-label=${streamPath}></boxcar-player>
          <p class="away-note">${words.notRecorded}</p>
          <figcaption>${streamPath}</figcaption>
        </figure>`,
    );
  }

  /** Brings the others to what the one that leads does. To be called after each rendering, and as it plays. */
  follow(lead: BoxcarPlayer | undefined, root: ParentNode): void {
    const shown = new Map(
      [...root.querySelectorAll<BoxcarPlayer>("boxcar-player[data-stream]")].map((player) => [
        player.dataset.stream,
        player,
      ]),
    );
    for (const beside of this.#beside) if (shown.get(beside.row.streamPath) !== beside.player) beside.player.close();
    this.#beside = this.#others().flatMap((row) => {
      const player = shown.get(row.streamPath);
      if (player === undefined) return [];
      return this.#beside.find((one) => one.player === player) ?? this.#begin(row, player);
    });
    if (lead !== undefined) for (const beside of this.#beside) this.#bring(beside, lead);
  }

  #show(count: (typeof COUNTS)[number]): void {
    this.#count = count;
    this.#host.changed();
  }

  #others(): readonly StreamRow[] {
    if (this.#count === 1) return [];
    const chosen = this.#host.recording?.streamPath;
    return this.#rows()
      .filter(({ streamPath }) => streamPath !== chosen)
      .slice(0, this.#count - 1);
  }

  #begin(row: StreamRow, player: BoxcarPlayer): Beside {
    player.token = token;
    const beside: Beside = { row, player, open: undefined, asked: undefined };
    player.addEventListener("open", (event) => {
      const { startMs, endMs } = event.detail;
      beside.open = { startMs, endMs };
      this.#host.changed();
    });
    return beside;
  }

  #bring(beside: Beside, lead: BoxcarPlayer): void {
    const { row, player, asked } = beside;
    const { timeMs } = lead;
    if (timeMs === 0) return;
    const isRecorded = timeMs >= row.startMs && timeMs < row.endMs;
    if (isRecorded && (asked === undefined || timeMs < asked.startMs || timeMs >= asked.endMs)) {
      const { span, what } = serverRecording(row).playable(timeMs);
      beside.asked = span;
      beside.open = undefined;
      player.open(what).catch(() => undefined); // nothing is recorded there
      return;
    }
    const isOpen = beside.open !== undefined && timeMs >= beside.open.startMs && timeMs < beside.open.endMs;
    const isShown =
      isRecorded && isOpen && !player.gaps.some(({ startMs, endMs }) => timeMs >= startMs && timeMs < endMs);
    player.classList.toggle("away", !isShown);
    if (!isShown) {
      if (!player.paused) player.pause();
      return;
    }
    if (player.rate !== lead.rate) player.rate = lead.rate;
    if (Math.abs(player.timeMs - timeMs) > APART_MS * Math.max(1, lead.rate) && !player.video.seeking)
      player.seek(timeMs);
    if (player.paused !== lead.paused) {
      if (lead.paused) player.pause();
      else player.play();
    }
    if (lead.paused && !lead.video.seeking && Math.abs(player.timeMs - timeMs) > SAME_MS && !player.video.seeking)
      player.seek(timeMs);
  }
}
