import { html, nothing, type TemplateResult } from "lit";
import { jobs, noteEvent, record, type Job } from "./manage-api.ts";
import type { StreamRow } from "./api.ts";
import type { PanelHost } from "./panel.ts";

/** How often it is asked what is being recorded, milliseconds. */
const EVERY_MS = 5000;

/** What is being recorded, and the buttons for it. */
export class Recorder {
  readonly #host: PanelHost;
  #jobs: readonly Job[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(host: PanelHost) {
    this.#host = host;
  }

  /** Whether a stream is being recorded, as far as the viewer may know. */
  isRecorded(streamPath: string): boolean {
    return this.#jobs.some((job) => job.streamPath === streamPath && job.state === "recording");
  }

  /** Streams as they are by now: with those that are recorded for the first time. @param known those that have segments */
  streams(known: readonly StreamRow[]): StreamRow[] {
    const running = new Map(
      this.#jobs.filter(({ state }) => state === "recording").map((job) => [job.streamPath, job]),
    );
    const rows = known.map((row) => (running.delete(row.streamPath) ? { ...row, endMs: Date.now() } : row));
    const begun = [...running.values()].map(({ streamPath, startTime, bytes }): StreamRow => {
      return { streamPath, startMs: Date.parse(startTime), endMs: Date.now(), bytes };
    });
    return [...rows, ...begun].sort((a, b) => (a.streamPath < b.streamPath ? -1 : 1));
  }

  /** Begins to watch, where the viewer may. */
  async watch(): Promise<void> {
    clearInterval(this.#timer);
    this.#jobs = [];
    const { allowed } = this.#host;
    if (!allowed.canRecord || !allowed.may("record")) return;
    this.#timer = setInterval(() => void this.#look(), EVERY_MS);
    await this.#look();
  }

  view(): TemplateResult | typeof nothing {
    const { words, allowed, recording } = this.#host;
    const streamPath = recording?.streamPath;
    if (streamPath === undefined || !allowed.canRecord || !allowed.may("record", streamPath)) return nothing;
    const isRecorded = this.isRecorded(streamPath);
    const note = (event: SubmitEvent): void => {
      event.preventDefault();
      const form = event.target as HTMLFormElement;
      const { eventName, eventLevel } = Object.fromEntries(new FormData(form)) as Record<string, string>;
      void this.#do(
        () => noteEvent(streamPath, eventName ?? "", eventLevel === "high" ? "high" : "low"),
        words.eventNoted,
      );
      form.reset();
      form.closest("details")?.removeAttribute("open");
    };
    return html`<div class="recorder">
      <button
        aria-pressed=${isRecorded}
        @click=${() => void this.#do(() => record(streamPath, isRecorded ? "stop" : "start"))}
      >
        <span class="dot" ?hidden=${!isRecorded}></span>${isRecorded ? words.stopRecording : words.startRecording}
      </button>
      <details>
        <summary class="button">${words.event}</summary>
        <form @submit=${note}>
          <label>${words.eventName}<input name="eventName" maxlength="200" required /></label>
          <label
            >${words.eventLevel}<select name="eventLevel">
              <option value="low">${words.low}</option>
              <option value="high">${words.high}</option>
            </select></label
          >
          <button class="main">${words.eventNote}</button>
        </form>
      </details>
    </div>`;
  }

  async #do(what: () => Promise<void>, said = ""): Promise<void> {
    try {
      await what();
      await this.#look();
      await this.#host.reload();
      this.#host.tell(said);
    } catch (error) {
      this.#host.tell(error);
    }
  }

  async #look(): Promise<void> {
    if (document.hidden) return;
    this.#jobs = await jobs().catch(() => []);
    this.#host.changed();
  }
}
