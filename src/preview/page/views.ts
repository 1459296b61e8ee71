import { html, nothing, type TemplateResult } from "lit";
import type { RangeFacts, SharedLink, StreamRow } from "./api.ts";
import { bytesText, clockText, dateText, lengthText, momentText } from "./clock.ts";
import type { HoverState } from "./hover.ts";
import type { Recording } from "./recording.ts";
import type { Span } from "./timeline.ts";
import type { Words } from "./words.ts";

/** What the page shows. */
export interface PageState {
  readonly words: Words;
  /** Undefined until the server has answered. */
  readonly rows: readonly StreamRow[] | undefined;
  readonly search: string;
  readonly recording: Recording | undefined;
  /** Files of this device. */
  readonly local: Recording | undefined;
  /** Whether files are held over the page. */
  readonly isOver: boolean;
  readonly needsToken: boolean;
  readonly hasToken: boolean;
  /** Wall clock of the picture that is shown. */
  readonly timeMs: number | undefined;
  readonly paused: boolean;
  readonly speed: number;
  readonly muted: boolean;
  /** Whether playback repeats. */
  readonly loop: boolean;
  /** What downloads and links are of. */
  readonly range: Span | undefined;
  readonly isSelected: boolean;
  /** Of `range`; undefined when nothing of it is recorded, or that is not known yet. */
  readonly facts: RangeFacts | undefined;
  readonly hover: HoverState | undefined;
  readonly link: SharedLink | undefined;
  readonly notice: string;
}

/** What can be done on the page. */
export interface PageActions {
  /** An empty token signs out. */
  readonly sign: (token: string) => void;
  readonly search: (text: string) => void;
  readonly choose: (row: StreamRow) => void;
  readonly chooseLocal: () => void;
  readonly openFiles: (files: readonly File[]) => void;
  readonly toggle: () => void;
  readonly step: (pictures: number) => void;
  readonly speed: (rate: number) => void;
  readonly mute: () => void;
  readonly loop: () => void;
  /** Plays what is selected. */
  readonly playRange: () => void;
  readonly mark: (edge: "in" | "out") => void;
  readonly zoom: (factor: number) => void;
  readonly clear: () => void;
  readonly save: (what: "mp4" | "fmp4" | "picture") => void;
  readonly share: () => void;
  readonly copy: (link: SharedLink) => void;
  readonly closeLink: () => void;
}

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

/** The whole page. */
export function pageView(state: PageState, act: PageActions): TemplateResult {
  const { words, recording, notice } = state;
  return html`<header>
      <h1>boxcar</h1>
      <nav>
        ${state.hasToken ? html`<button class="quiet" @click=${() => act.sign("")}>${words.signOut}</button>` : nothing}
        <a href="/docs">${words.api}</a>
      </nav>
    </header>
    <div class="columns">
      <aside>${state.needsToken ? signInView(state, act) : streamsView(state, act)} ${localView(state, act)}</aside>
      <main>${recording === undefined ? emptyView(state) : recordingView(recording, state, act)}</main>
    </div>
    <div class="drop" ?hidden=${!state.isOver}>
      <p>${words.drop}<small>${words.staysHere}</small></p>
    </div>
    <p class="notice" role="status" ?hidden=${notice === ""}>${notice}</p>`;
}

function signInView({ words }: PageState, act: PageActions): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = (event.target as HTMLFormElement).elements.namedItem("token") as HTMLInputElement;
    act.sign(field.value.trim());
  };
  return html`<form class="sign-in" @submit=${submit}>
    <label for="token">${words.signInWhy}</label>
    <input
      id="token"
      name="token"
      type="password"
      autocomplete="current-password"
      placeholder=${words.token}
      required
    />
    <button class="main">${words.signIn}</button>
  </form>`;
}

function localView({ words, recording, local }: PageState, act: PageActions): TemplateResult {
  const chosen = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    const files = [...(field.files ?? [])];
    if (files.length > 0) act.openFiles(files);
    field.value = "";
  };
  return html`<section class="local">
    <h2>${words.onThisDevice}</h2>
    ${
      local === undefined
        ? nothing
        : html`<ul class="streams">
            <li>
              <button aria-pressed=${local === recording} @click=${act.chooseLocal}>
                <strong>${local.name}</strong>
                <span>${lengthText(local.endMs - local.startMs)}</span>
              </button>
            </li>
          </ul>`
    }
    <label class="button"
      >${words.openFiles}<input type="file" accept="video/*,audio/*,.mp4,.m4s,.mov,.m4a" multiple @change=${chosen}
    /></label>
    <p class="faint">${words.openFilesWhy}</p>
  </section>`;
}

function streamsView({ words, rows = [], search, recording }: PageState, act: PageActions): TemplateResult {
  const found = rows.filter(({ streamPath }) => streamPath.includes(search.trim()));
  return html`<h2>${words.streams}</h2>
    <input
      type="search"
      aria-label=${words.search}
      placeholder=${words.search}
      .value=${search}
      @input=${(event: Event) => act.search((event.target as HTMLInputElement).value)}
    />
    <ul class="streams">
      ${found.map(
        (row) =>
          html`<li>
            <button aria-pressed=${row.streamPath === recording?.streamPath} @click=${() => act.choose(row)}>
              <strong>${row.streamPath}</strong>
              <span>${dateText(row.endMs)} ${clockText(row.endMs)} · ${bytesText(row.bytes)}</span>
            </button>
          </li>`,
      )}
    </ul>
    ${rows.length > 0 && found.length === 0 ? html`<p class="faint">${words.noMatch}</p>` : nothing}`;
}

function emptyView({ words, rows }: PageState): TemplateResult {
  if (rows?.length !== 0) return html`<p class="faint middle">${words.choose}</p>`;
  const server = location.origin;
  const ways = [
    [
      words.beginPush,
      `ffmpeg -i rtsp://CAMERA -c copy -f mp4 -movflags frag_keyframe+empty_moov -method POST ${server}/mp4/live/live/cam1`,
    ],
    [words.beginImport, "npx boxcar import FOLDER"],
    [
      words.beginUpload,
      `curl -T segment.mp4 "${server}/mp4/api/segments/live/cam1?start=${new Date().toISOString().slice(0, 19)}Z"`,
    ],
  ] as const;
  return html`<section class="empty">
    <h2>${words.nothing}</h2>
    <p>${words.begin}</p>
    <ol>
      ${ways.map(([what, command]) => html`<li>${what}<code>${command}</code></li>`)}
    </ol>
  </section>`;
}

function recordingView({ name }: Recording, state: PageState, act: PageActions): TemplateResult {
  const { words } = state;
  return html`<section class="player">
      <boxcar-player aria-label=${name}></boxcar-player>
    </section>
    ${controlsView(state, act)}
    <div class="timeline">
      <canvas role="img" aria-label=${words.timeline} title=${words.timeline}></canvas>
      ${hoverView(state)}
    </div>
    ${rangeView(state, act)}`;
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
  const { words, range, isSelected, facts, recording } = state;
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
      ${
        recording?.streamPath === undefined
          ? nothing
          : html`<button ?disabled=${size === undefined} @click=${act.share}>${words.share}</button>`
      }
    </div>
    ${linkView(state, act)}
  </section>`;
}

function linkView({ words, link }: PageState, act: PageActions): TemplateResult | typeof nothing {
  if (link === undefined) return nothing;
  return html`<div class="link">
    ${link.qr === null ? nothing : html`<img src=${link.qr} alt="QR" width="132" height="132" />`}
    <div>
      <label for="link">${words.link} ${momentText(Date.parse(link.expires))}</label>
      <input id="link" readonly .value=${link.url} />
      <button class="main" @click=${() => act.copy(link)}>${words.copy}</button>
      <button @click=${act.closeLink}>${words.close}</button>
    </div>
  </div>`;
}
