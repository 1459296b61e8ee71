import { clockText } from "../clock.ts";
import type { Controlled } from "./controlled.ts";
import { icon, type ICONS } from "./icons.ts";
import type { ElementWords } from "./words.ts";

const RATES = [0.25, 0.5, 1, 2, 4, 8, 16];

/** What is drawn of the range: the times that are open, and what of them is recorded, or chosen. */
interface Shown {
  readonly startMs: number;
  readonly endMs: number;
}

/** The bar below the picture: buttons, and the range with its gaps. */
export class Controls {
  readonly element = document.createElement("div");
  readonly #player: Controlled;
  readonly #words: ElementWords;
  readonly #toggle: HTMLButtonElement;
  readonly #mute: HTMLButtonElement;
  readonly #loop: HTMLButtonElement;
  readonly #rate = document.createElement("select");
  readonly #position = document.createElement("input");
  readonly #track = document.createElement("canvas");
  #shown: Shown = { startMs: 0, endMs: 1 };

  constructor(player: Controlled, words: ElementWords) {
    this.#player = player;
    this.#words = words;
    this.element.className = "bar";
    this.element.part.add("bar");
    this.#toggle = this.#button("play", words.play, () => player.toggle());
    this.#loop = this.#button("loop", words.loop, () => {
      player.loop = !player.loop;
    });
    this.#mute = this.#button("sound", words.mute, () => {
      player.muted = !player.muted;
    });
    this.#rate.setAttribute("aria-label", words.rate);
    this.#rate.append(...RATES.map((rate) => new Option(`${rate}×`, String(rate), rate === 1, rate === 1)));
    this.#rate.addEventListener("change", () => (player.rate = Number(this.#rate.value)));
    Object.assign(this.#position, { type: "range", min: "0", max: "1", step: "any", value: "0" });
    this.#position.setAttribute("aria-label", words.seek);
    this.#position.addEventListener("input", () => player.seek(Number(this.#position.value)));
    const track = document.createElement("div");
    track.className = "track";
    track.append(this.#track, this.#position);
    const space = document.createElement("span");
    space.className = "space";
    const pip = "requestPictureInPicture" in player.video;
    this.element.append(
      ...[track, this.#toggle],
      this.#button("back", words.back, () => void player.step(-1)),
      this.#button("forward", words.forward, () => void player.step(1)),
      ...[this.#rate, this.#loop, this.#mute, space],
      this.#button("picture", words.picture, () => void player.savePicture()),
      ...(pip ? [this.#button("pip", words.pip, () => void player.pictureInPicture())] : []),
      this.#button("fullscreen", words.fullscreen, () => void player.fullscreen()),
    );
  }

  /** The range that is open. */
  set shown(shown: Shown) {
    this.#shown = shown;
    this.#position.min = String(shown.startMs);
    this.#position.max = String(shown.endMs);
    this.draw();
  }

  /** Shows the state of the player. */
  update(): void {
    const { paused, rate, timeMs, loop, muted } = this.#player;
    this.#toggle.replaceChildren(icon(paused ? "play" : "pause"));
    label(this.#toggle, paused ? this.#words.play : this.#words.pause);
    this.#rate.value = String(rate);
    this.#mute.replaceChildren(icon(muted ? "muted" : "sound"));
    this.#mute.setAttribute("aria-pressed", String(muted));
    this.#loop.setAttribute("aria-pressed", String(loop));
    this.#position.value = String(timeMs);
    this.#position.setAttribute("aria-valuetext", clockText(timeMs));
  }

  /** Draws what is recorded, and what is chosen of it. */
  draw(): void {
    const { startMs, endMs } = this.#shown;
    const { width } = Object.assign(this.#track, { width: 1200, height: 6 });
    const context = this.#track.getContext("2d");
    if (context === null) return;
    const x = (ms: number): number => ((ms - startMs) / Math.max(1, endMs - startMs)) * width;
    context.fillStyle = "#7aa2ff";
    context.fillRect(0, 0, width, 6);
    for (const gap of this.#player.gaps) {
      const [from, to] = [x(gap.startMs), Math.max(x(gap.endMs), x(gap.startMs) + 2)];
      context.clearRect(from, 0, to - from, 6);
      context.fillStyle = "#5a6472";
      for (let at = from; at < to; at += 8) context.fillRect(at, 0, Math.min(3, to - at), 6);
    }
    const { range } = this.#player;
    context.fillStyle = "#ffb020";
    if (range !== undefined) context.fillRect(x(range.startMs), 0, Math.max(2, x(range.endMs) - x(range.startMs)), 6);
  }

  #button(name: keyof typeof ICONS, text: string, act: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.append(icon(name));
    label(button, text);
    button.addEventListener("click", act);
    return button;
  }
}

function label(button: HTMLButtonElement, text: string): void {
  button.title = text;
  button.setAttribute("aria-label", text.replace(/ ?[(（].*$/, ""));
}
