import { html, nothing, type TemplateResult } from "lit";
import { bytesText, momentText } from "./clock.ts";
import { deleteIn, segmentsIn, type ListedSegment } from "./manage-api.ts";
import type { PanelHost } from "./panel.ts";
import type { Interval } from "../../base/interval.ts";

/** Deletes what is selected, once it was said what that is. */
export class Deletion {
  readonly #host: PanelHost;
  #asked:
    { readonly streamPath: string; readonly range: Interval; readonly segments: readonly ListedSegment[] } | undefined;

  constructor(host: PanelHost) {
    this.#host = host;
  }

  /** The button that asks. */
  button(): TemplateResult | typeof nothing {
    const { words, allowed, recording } = this.#host;
    if (recording?.streamPath === undefined || !allowed.may("delete", recording.streamPath)) return nothing;
    return html`<button class="danger" @click=${() => void this.#ask()}>${words.remove}</button>`;
  }

  /** The question. */
  view(): TemplateResult | typeof nothing {
    if (this.#asked === undefined) return nothing;
    const { words } = this.#host;
    const { segments, streamPath } = this.#asked;
    const kept = segments.filter(({ eventLevel }) => eventLevel === "high").length;
    const gone = segments.filter(({ eventLevel }) => eventLevel !== "high");
    const [first, last] = [segments.at(-1), segments[0]];
    return html`<div class="question" role="alertdialog" aria-labelledby="question" aria-describedby="question-more">
      <p id="question">
        <strong>${gone.length === 0 ? words.nothingToRemove : `${words.removeWhat} ${String(gone.length)}`}</strong>
        ${gone.length === 0 ? nothing : html`(${bytesText(gone.reduce((sum, { size }) => sum + size, 0))}, ${streamPath})`}
      </p>
      <p id="question-more">
        ${
          first === undefined || last === undefined
            ? words.removeWhole
            : html`${momentText(Date.parse(first.startTime))} – ${momentText(Date.parse(last.endTime))}.`
        }
        ${kept > 0 ? `${words.protectedOnes} ${String(kept)}.` : nothing} ${gone.length > 0 ? words.noUndo : nothing}
      </p>
      <div class="actions">
        ${
          gone.length === 0
            ? nothing
            : html`<button class="danger main" @click=${() => void this.#delete()}>${words.removeNow}</button>`
        }
        <button @click=${() => this.cancel()}>${words.cancel}</button>
      </div>
    </div>`;
  }

  cancel(): void {
    this.#asked = undefined;
    this.#host.changed();
  }

  async #ask(): Promise<void> {
    const { recording, range } = this.#host;
    if (recording?.streamPath === undefined || range === undefined) return;
    try {
      const segments = await segmentsIn(recording.streamPath, range);
      this.#asked = { streamPath: recording.streamPath, range, segments };
      this.#host.changed();
    } catch (error) {
      this.#host.tell(error);
    }
  }

  async #delete(): Promise<void> {
    const asked = this.#asked;
    if (asked === undefined) return;
    this.cancel();
    try {
      await deleteIn(asked.streamPath, asked.range);
      await this.#host.reload();
      this.#host.tell(this.#host.words.removed);
    } catch (error) {
      this.#host.tell(error);
    }
  }
}
