import { html, nothing, type TemplateResult } from "lit";
import { inNameOrder } from "./files.ts";
import type { PanelHost } from "./panel.ts";
import type { SegmentTarget } from "./uploader.ts";

interface Upload {
  readonly file: File;
  /** Where it was to go when it was begun before. */
  earlier?: SegmentTarget | undefined;
  state: "waiting" | "sending" | "done" | "failed";
  /** Sent, 0 to 1. */
  part: number;
  message: string;
}

/** Uploads files as segments of a stream, one after another. */
export class Uploads {
  readonly #host: PanelHost;
  #list: Upload[] = [];
  #streamPath = "";
  /** Of the next file; undefined: the files say it themselves. */
  #startMs: number | undefined;
  /** Ends what is being sent. */
  #running: AbortController | undefined;

  constructor(host: PanelHost) {
    this.#host = host;
  }

  /** Takes files; they are sent once it was said where to. Those that were begun before go on there. */
  async add(files: readonly File[]): Promise<void> {
    if (this.#list.every(({ state }) => state === "done")) {
      this.#list = [];
      this.#streamPath = this.#host.recording?.streamPath ?? "live/cam1";
      this.#startMs = undefined;
    }
    const added = inNameOrder(files).map((file): Upload => ({ file, state: "waiting", part: 0, message: "" }));
    this.#list.push(...added);
    this.#host.changed();
    const { earlierTarget } = await uploader();
    for (const upload of added) upload.earlier = await earlierTarget(upload.file);
    const { earlier } = this.#list[0] ?? {};
    if (earlier !== undefined && this.#running === undefined)
      [this.#streamPath, this.#startMs] = [earlier.streamPath, earlier.startMs];
    this.#host.changed();
  }

  view(): TemplateResult | typeof nothing {
    if (this.#list.length === 0) return nothing;
    const { words } = this.#host;
    const send = (event: SubmitEvent): void => {
      event.preventDefault();
      const { streamPath, start } = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<
        string,
        string
      >;
      this.#streamPath = streamPath ?? "";
      this.#startMs = start === undefined || start === "" ? undefined : new Date(start).getTime();
      for (const upload of this.#list) if (upload.state === "failed") upload.state = "waiting";
      void this.#run();
    };
    const isWaiting = this.#list.some(({ state }) => state === "waiting" || state === "failed");
    return html`<section class="uploads">
      <h2>${words.upload}</h2>
      <form @submit=${send}>
        <label>${words.uploadTo}<input name="streamPath" .value=${this.#streamPath} required /></label>
        <label
          >${words.uploadStart}<input
            name="start"
            type="datetime-local"
            step=${(this.#startMs ?? 0) % 1000 === 0 ? 1 : 0.001}
            .value=${localTime(this.#startMs)}
        /></label>
        <div class="actions">
          <button class="main" ?disabled=${!isWaiting || this.#running !== undefined}>${words.upload}</button>
          <button type="button" @click=${() => this.#clear()}>${words.close}</button>
        </div>
      </form>
      <ul>
        ${this.#list.map(
          ({ file, state, part, message, earlier }) =>
            html`<li>
              <span>${file.name}</span>
              ${state === "sending" ? html`<progress max="1" .value=${part} aria-label=${file.name}></progress>` : nothing}
              ${state === "waiting" && earlier !== undefined ? html`<em>${words.uploadBegun}</em>` : nothing}
              ${state === "done" ? html`<em>${words.uploaded}</em>` : nothing}
              ${message === "" ? nothing : html`<small role="alert">${message}</small>`}
            </li>`,
        )}
      </ul>
    </section>`;
  }

  #clear(): void {
    this.#running?.abort();
    this.#list = [];
    this.#host.changed();
  }

  async #run(): Promise<void> {
    if (this.#running !== undefined) return;
    this.#running = new AbortController();
    const { signal } = this.#running;
    for (const upload of this.#list)
      if (upload.state === "waiting" && !signal.aborted) await this.#send(upload, signal);
    this.#running = undefined;
    await this.#host.reload();
  }

  async #send(upload: Upload, signal: AbortSignal): Promise<void> {
    upload.message = "";
    upload.state = "sending";
    const onProgress = (part: number): void => {
      upload.part = part;
      this.#host.changed();
    };
    try {
      const { sendSegment } = await uploader();
      const target = { streamPath: this.#streamPath, startMs: this.#startMs };
      const endMs = await sendSegment(upload.file, target, { onProgress, signal });
      if (this.#startMs !== undefined) this.#startMs = endMs;
      upload.state = "done";
    } catch (error) {
      upload.state = "failed";
      upload.message = error instanceof Error ? error.message : String(error);
    }
    this.#host.changed();
  }
}

/** What sends them comes when it is needed. */
const uploader = () => import("./uploader.ts");

/** As fields of time have it: in the browser's zone. */
function localTime(ms: number | undefined): string {
  if (ms === undefined) return "";
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
}
