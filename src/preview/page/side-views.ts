import { html, nothing, type TemplateResult } from "lit";
import { bytesText, clockText, dateText, lengthText } from "./clock.ts";
import type { PageActions, PageState } from "./state.ts";

/** Asks for a token. */
export function signInView({ words }: PageState, act: PageActions): TemplateResult {
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

/** Files of this device. */
export function localView({ words, recording, local, allowed }: PageState, act: PageActions): TemplateResult {
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
      >${words.openFiles}<input
        type="file"
        accept="video/*,audio/*,.mp4,.m4s,.mov,.m4a"
        multiple
        @change=${chosenFiles(act.openFiles)}
    /></label>
    <p class="faint">${words.openFilesWhy}</p>
    ${
      allowed.may("upload")
        ? html`<label class="button"
            >${words.upload}<input
              type="file"
              accept="video/*,audio/*,.mp4,.m4s,.mov"
              multiple
              @change=${chosenFiles(act.upload)}
          /></label>`
        : nothing
    }
  </section>`;
}

/** What takes the files that were chosen in a field. */
function chosenFiles(take: (files: readonly File[]) => void): (event: Event) => void {
  return (event) => {
    const field = event.target as HTMLInputElement;
    const files = [...(field.files ?? [])];
    if (files.length > 0) take(files);
    field.value = "";
  };
}

/** The streams of the server. */
export function streamsView(
  { words, rows = [], lastPictures, search, recording, panels }: PageState,
  act: PageActions,
): TemplateResult {
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
              ${pictureView(lastPictures.of(row.streamPath))}
              <strong>${row.streamPath}</strong>
              ${panels.recorder.isRecorded(row.streamPath) ? html`<span class="live"><span class="dot"></span>${words.recording}</span>` : nothing}
              <span class="facts"
                ><span>${dateText(row.endMs)} ${clockText(row.endMs).slice(0, 5)}</span>
                <span>${bytesText(row.bytes)}</span></span
              >
            </button>
          </li>`,
      )}
    </ul>
    ${rows.length > 0 && found.length === 0 ? html`<p class="faint">${words.noMatch}</p>` : nothing}`;
}

function pictureView(url: string | undefined): TemplateResult {
  return html`<span class="last">${url === undefined ? nothing : html`<img src=${url} alt="" />`}</span>`;
}

/** What is said where there is nothing to play: how to begin. */
export function emptyView({ words, rows }: PageState): TemplateResult {
  if (rows === undefined) return html``; // there may be none, or a token is wanted first
  if (rows.length > 0) return html`<p class="faint middle">${words.choose}</p>`;
  const server = location.origin;
  const ways = [
    [
      words.beginPush,
      `ffmpeg -i rtsp://CAMERA -c copy -f mp4 -movflags frag_keyframe+empty_moov -method POST ${server}/mp4/live/live/cam1`,
    ],
    [words.beginImport, "npx boxcar import FOLDER --pattern '%path/%Y-%m-%d_%H-%M-%S.mp4'"],
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
