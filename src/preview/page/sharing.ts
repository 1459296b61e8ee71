import { html, nothing, type TemplateResult } from "lit";
import { downloadOf, share, type SharedLink } from "./api.ts";
import { momentText } from "./clock.ts";
import type { PanelHost } from "./panel.ts";

/** Gives links to what is selected, that hold for a time and need no token. */
export class Sharing {
  readonly #host: PanelHost;
  #link: SharedLink | undefined;

  constructor(host: PanelHost) {
    this.#host = host;
  }

  /** The button that makes one. @param isRecorded whether there is anything in the range */
  button(isRecorded: boolean): TemplateResult | typeof nothing {
    const { words, recording } = this.#host;
    if (recording?.streamPath === undefined) return nothing;
    return html`<button ?disabled=${!isRecorded} @click=${() => void this.#share()}>${words.share}</button>`;
  }

  view(): TemplateResult | typeof nothing {
    const link = this.#link;
    if (link === undefined) return nothing;
    const { words } = this.#host;
    const copy = (): void => void navigator.clipboard.writeText(link.url).then(() => this.#host.tell(words.copied));
    return html`<div class="link">
      ${link.qr === null ? nothing : html`<img src=${link.qr} alt="QR" width="132" height="132" />`}
      <div>
        <label for="link">${words.link} ${momentText(Date.parse(link.expires))}</label>
        <input id="link" readonly .value=${link.url} />
        <button class="main" @click=${copy}>${words.copy}</button>
        <button @click=${() => this.close()}>${words.close}</button>
      </div>
    </div>`;
  }

  /** Takes the link away: it is of something else. */
  close(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#host.changed();
  }

  async #share(): Promise<void> {
    const { range, recording, options } = this.#host;
    if (range === undefined || recording?.streamPath === undefined) return;
    try {
      const path = downloadOf(recording.streamPath, "mp4", range.startMs, range.endMs, options);
      this.#link = await share(path, "24h");
      this.#host.changed();
    } catch (error) {
      this.#host.tell(error);
    }
  }
}
