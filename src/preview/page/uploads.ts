import { html, nothing, type TemplateResult } from "lit";
import { uploadSegment } from "./manage-api.ts";
import type { PanelHost } from "./panel.ts";

/** Waits before what broke off is sent again, milliseconds. */
const AGAIN_MS = [1000, 3000, 9000];

interface Upload {
  readonly file: File;
  /** Names it, so that it is stored once however often it is sent. */
  readonly key: string;
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
  #isRunning = false;

  constructor(host: PanelHost) {
    this.#host = host;
  }

  /** Takes files; they are sent once it was said where to. */
  add(files: readonly File[]): void {
    if (this.#list.every(({ state }) => state === "done")) {
      this.#list = [];
      this.#streamPath = this.#host.recording?.streamPath ?? "live/cam1";
    }
    const inOrder = files.toSorted((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    this.#list.push(...inOrder.map((file): Upload => ({ file, key: keyOf(), state: "waiting", part: 0, message: "" })));
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
        <label>${words.uploadStart}<input name="start" type="datetime-local" step="1" /></label>
        <div class="actions">
          <button class="main" ?disabled=${!isWaiting || this.#isRunning}>${words.upload}</button>
          <button type="button" @click=${() => this.#clear()} ?disabled=${this.#isRunning}>${words.close}</button>
        </div>
      </form>
      <ul>
        ${this.#list.map(
          ({ file, state, part, message }) =>
            html`<li>
              <span>${file.name}</span>
              ${state === "sending" ? html`<progress max="1" .value=${part} aria-label=${file.name}></progress>` : nothing}
              ${state === "done" ? html`<em>${words.uploaded}</em>` : nothing}
              ${message === "" ? nothing : html`<small role="alert">${message}</small>`}
            </li>`,
        )}
      </ul>
    </section>`;
  }

  #clear(): void {
    this.#list = [];
    this.#host.changed();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (const upload of this.#list) if (upload.state === "waiting") await this.#send(upload);
    this.#isRunning = false;
    await this.#host.reload();
  }

  async #send(upload: Upload): Promise<void> {
    upload.message = "";
    for (const [tries, waitMs] of [...AGAIN_MS, 0].entries()) {
      upload.state = "sending";
      try {
        const onProgress = (part: number): void => {
          upload.part = part;
          this.#host.changed();
        };
        const { file, key } = upload;
        const endMs = await uploadSegment(this.#streamPath, file, { startMs: this.#startMs, key, onProgress });
        if (this.#startMs !== undefined) this.#startMs = endMs;
        upload.state = "done";
        break;
      } catch (error) {
        upload.state = "failed";
        upload.message = error instanceof Error ? error.message : String(error);
        // What the server refuses it refuses again.
        if (!(error instanceof TypeError) || tries === AGAIN_MS.length) break;
        this.#host.changed();
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
    if (upload.state === "done") upload.message = "";
    this.#host.changed();
  }
}

/** A name that nobody else chooses. */
function keyOf(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
