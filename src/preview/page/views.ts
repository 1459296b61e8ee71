import { html, nothing, type TemplateResult } from "lit";
import { bytesText, clockText, lengthText, momentText } from "./clock.ts";
import type { DownloadOptions } from "./api.ts";
import type { Recording } from "./recording.ts";
import { emptyView, localView, signInView, streamsView } from "./side-views.ts";
import type { PageActions, PageState } from "./state.ts";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

/** The whole page. */
export function pageView(state: PageState, act: PageActions): TemplateResult {
  const { words, recording, notice } = state;
  return html`<header>
      <h1>boxcar</h1>
      <nav>
        ${state.hasToken && !state.needsToken ? html`<button class="quiet" @click=${() => act.sign("")}>${words.signOut}</button>` : nothing}
        ${isGuest(state) ? html`<button class="quiet" @click=${act.askToken}>${words.signIn}</button>` : nothing}
        <a href="/docs">${words.api}</a>
      </nav>
    </header>
    <div class="columns">
      <aside>${state.needsToken ? signInView(state, act) : streamsView(state, act)} ${localView(state, act)}</aside>
      <main>
        ${state.panels.uploads.view()}
        ${recording === undefined ? emptyView(state) : recordingView(recording, state, act)}
      </main>
    </div>
    <div class="drop" ?hidden=${!state.isOver}>
      <p>${words.drop}<small>${words.staysHere}</small></p>
      ${state.allowed.may("upload") ? html`<p data-drop="upload">${words.dropUpload}<small>${words.dropUploadWhy}</small></p>` : nothing}
    </div>
    <p class="notice" role="status" ?hidden=${notice === ""}>${notice}</p>`;
}

/** Who may see something without a token, and more with one: a server without tokens lets everyone do all. */
const isGuest = ({ hasToken, needsToken, allowed }: PageState): boolean =>
  !hasToken && !needsToken && (allowed.may("read") || allowed.may("upload")) && !allowed.may("admin");

function recordingView({ name }: Recording, state: PageState, act: PageActions): TemplateResult {
  const { words } = state;
  const { cameras, recorder } = state.panels;
  return html`<div class="top">
      <h2>${name}</h2>
      ${cameras.choice()} ${recorder.view()}
    </div>
    <section class="player" data-count=${cameras.count}>
      <figure><boxcar-player aria-label=${name}></boxcar-player></figure>
      ${cameras.view()}
    </section>
    ${controlsView(state, act)}
    <div class="timeline">
      <canvas role="img" aria-label=${words.timeline} title=${words.timeline}></canvas>
      ${hoverView(state)}
    </div>
    ${eventsView(state, act)} ${rangeView(state, act)}`;
}

/** Events that are listed at most. */
const LISTED = 12;

function eventsView({ words, events }: PageState, act: PageActions): TemplateResult | typeof nothing {
  if (events.length === 0) return nothing;
  return html`<section class="events" aria-label=${words.events}>
    ${events
      .slice(-LISTED)
      .map(
        ({ startMs, name, level }) =>
          html`<button @click=${() => act.seek(startMs)}>
            <span class=${`mark ${level}`}></span>${clockText(startMs)} ${name}<span class="hidden">
              (${level === "high" ? words.high : words.low})</span
            >
          </button>`,
      )}
  </section>`;
}

function controlsView({ words, paused, speed, muted, loop }: PageState, act: PageActions): TemplateResult {
  const chosen = (event: Event): number => Number((event.target as HTMLSelectElement).value);
  return html`<div class="controls">
    <button class="main" @click=${act.toggle}>${paused ? words.play : words.pause}</button>
    <button aria-label=${words.back} title="${words.back} (,)" @click=${() => act.step(-1)}>◂◂</button>
    <button aria-label=${words.forward} title="${words.forward} (.)" @click=${() => act.step(1)}>▸▸</button>
    <label class="speed"
      >${words.speed}
      <select @change=${(event: Event) => act.speed(chosen(event))}>
        ${SPEEDS.map((rate) => html`<option value=${rate} ?selected=${rate === speed}>${rate}×</option>`)}
      </select></label
    >
    <button title="M" aria-pressed=${muted} @click=${act.mute}>${words.mute}</button>
    <button aria-pressed=${loop} @click=${act.loop}>${words.loop}</button>
    <span class="space"></span>
    <button title="I" @click=${() => act.mark("in")}>${words.in}</button>
    <button title="O" @click=${() => act.mark("out")}>${words.out}</button>
    <button aria-label=${words.zoomIn} title="${words.zoomIn} (+)" @click=${() => act.zoom(0.5)}>+</button>
    <button aria-label=${words.zoomOut} title="${words.zoomOut} (-)" @click=${() => act.zoom(2)}>−</button>
  </div>`;
}

function hoverView({ hover }: PageState): TemplateResult | typeof nothing {
  if (hover === undefined) return nothing;
  const { x, timeMs, picture } = hover;
  return html`<div class="hover" .style=${`left: clamp(100px, ${String(x)}px, 100% - 100px)`}>
    ${picture === undefined ? nothing : html`<img src=${picture} alt="" />`}${clockText(timeMs, true)}
  </div>`;
}

function rangeView(state: PageState, act: PageActions): TemplateResult | typeof nothing {
  const { words, range, isSelected, facts } = state;
  if (range === undefined || range.endMs <= range.startMs) return nothing;
  const size = facts?.size;
  const save = (format: "mp4" | "fmp4", label: string): TemplateResult =>
    html`<button ?disabled=${size === undefined} @click=${() => act.save(format)}>
      ${label} <small>${size === undefined ? words.notRecorded : bytesText(size[format])}</small>
    </button>`;
  return html`<section class="range">
    <h2>${isSelected ? words.selection : words.wholeView}</h2>
    <p>
      <span>${momentText(range.startMs)}</span> – <span>${momentText(range.endMs)}</span>
      <em>${lengthText(range.endMs - range.startMs)}</em>
      ${
        isSelected
          ? html`<button class="quiet" @click=${act.playRange}>${words.playRange}</button>
              <button class="quiet" @click=${act.clear}>${words.clear}</button>`
          : nothing
      }
    </p>
    <div class="actions">
      <span>${words.download}</span>
      ${save("mp4", words.asMp4)} ${save("fmp4", words.asFmp4)}
      <button @click=${() => act.save("picture")}>${words.picture}</button>
      ${state.panels.sharing.button(size !== undefined)}
      <span class="space"></span>
      ${isSelected ? state.panels.deletion.button() : nothing}
    </div>
    ${optionsView(state, act)} ${state.panels.sharing.view()} ${state.panels.deletion.view()}
  </section>`;
}

/** How the range is downloaded. */
function optionsView({ words, recording, options }: PageState, act: PageActions): TemplateResult {
  const option = (name: keyof DownloadOptions, label: string): TemplateResult =>
    html`<label
      ><input
        type="checkbox"
        .checked=${options[name]}
        @change=${(event: Event) => act.options({ ...options, [name]: (event.target as HTMLInputElement).checked })}
      />${label}</label
    >`;
  return html`<p class="options">
    ${option("keepsGaps", words.keepGaps)}
    ${recording?.streamPath === undefined ? nothing : option("hasCaptions", words.captions)}
  </p>`;
}
