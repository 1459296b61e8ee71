import type { RangeEvent } from "./api.ts";
import { ticks } from "./clock.ts";
import { DAY_MS } from "../../base/units.ts";

/** A stretch of wall-clock time, milliseconds since 1970, the end exclusive. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** A picture of a timeline, for the time that it is drawn over. */
export interface Cell extends Span {
  readonly picture: ImageBitmap;
  /** Whether it is of another time near by, until its own is there. */
  readonly isNear: boolean;
}

/** What a timeline tells its page. */
export interface TimelineHandlers {
  /** Other times are shown. */
  readonly onView: (view: Span) => void;
  /** A time was chosen, by a click or keys. */
  readonly onSeek: (timeMs: number) => void;
  readonly onSelect: (selection: Span | undefined) => void;
  /** The pointer is over a time, `x` pixels from the left; undefined: it has left. */
  readonly onHover: (at: { readonly timeMs: number; readonly x: number } | undefined) => void;
}

const SHORTEST_MS = 2_000;
const LONGEST_MS = 31 * DAY_MS;
/** Pixels that a pointer moves before a press is no click. */
const DRAG = 4;
/** Pixels below the pictures: what is recorded, and events. */
const BAND = 8;

/** A ruler of wall-clock time with what is recorded: dragged to move, scrolled to zoom, Shift and drag to select. */
export class Timeline {
  readonly #canvas: HTMLCanvasElement;
  readonly #handlers: TimelineHandlers;
  #view: Span = { startMs: 0, endMs: 1 };
  #coverage: readonly Span[] = [];
  #events: readonly RangeEvent[] = [];
  #pictures: readonly Cell[] = [];
  #selection: Span | undefined;
  #playheadMs: number | undefined;
  #isDrawing = false;
  #press: { readonly x: number; readonly view: Span; readonly selects: boolean; moved: boolean } | undefined;

  constructor(canvas: HTMLCanvasElement, handlers: TimelineHandlers) {
    this.#canvas = canvas;
    this.#handlers = handlers;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => (this.#press = undefined));
    canvas.addEventListener("pointerleave", () => this.#handlers.onHover(undefined));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** What is shown. */
  get view(): Span {
    return this.#view;
  }

  /** Shows other times, at least 2 s and at most 31 days. */
  show({ startMs, endMs }: Span): void {
    const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, endMs - startMs));
    const middle = (startMs + endMs) / 2;
    this.#view = { startMs: middle - length / 2, endMs: middle + length / 2 };
    this.#draw();
    this.#handlers.onView(this.#view);
  }

  /** Zooms about a time. @param factor below 1: less is shown */
  zoom(factor: number, aboutMs = this.#playheadMs ?? (this.#view.startMs + this.#view.endMs) / 2): void {
    const { startMs, endMs } = this.#view;
    const kept = Math.min(LONGEST_MS / (endMs - startMs), Math.max(SHORTEST_MS / (endMs - startMs), factor));
    this.show({ startMs: aboutMs - (aboutMs - startMs) * kept, endMs: aboutMs + (endMs - aboutMs) * kept });
  }

  /** Sets what is recorded of the times that are shown. */
  set coverage(coverage: readonly Span[]) {
    this.#coverage = coverage;
    this.#draw();
  }

  /** Sets what happened in the times that are shown. */
  set events(events: readonly RangeEvent[]) {
    this.#events = events;
    this.#draw();
  }

  /** Sets small pictures of what is recorded. */
  set pictures(pictures: readonly Cell[]) {
    this.#pictures = pictures;
    this.#draw();
  }

  set selection(selection: Span | undefined) {
    this.#selection = selection;
    this.#draw();
  }

  /** Sets the time of the picture that is shown; what is shown moves along when it leaves at the end. */
  set playheadMs(timeMs: number | undefined) {
    const { startMs, endMs } = this.#view;
    const before = this.#playheadMs;
    this.#playheadMs = timeMs;
    if (timeMs !== undefined && before !== undefined && before < endMs && timeMs >= endMs && timeMs < endMs + 5000)
      this.show({ startMs: timeMs, endMs: timeMs + endMs - startMs });
    else this.#draw();
  }

  /** How wide it is, pixels. */
  get width(): number {
    return this.#canvas.clientWidth;
  }

  #timeAt(x: number): number {
    const { startMs, endMs } = this.#view;
    return startMs + (x / Math.max(1, this.#canvas.clientWidth)) * (endMs - startMs);
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#press = { x: event.offsetX, view: this.#view, selects: event.shiftKey, moved: false };
  }

  #move(event: PointerEvent): void {
    this.#handlers.onHover({ timeMs: this.#timeAt(event.offsetX), x: event.offsetX });
    const press = this.#press;
    if (press === undefined) return;
    press.moved ||= Math.abs(event.offsetX - press.x) > DRAG;
    if (!press.moved) return;
    if (press.selects) {
      const [a, b] = [this.#timeAt(press.x), this.#timeAt(event.offsetX)];
      this.#handlers.onSelect({ startMs: Math.min(a, b), endMs: Math.max(a, b) });
      return;
    }
    const { startMs, endMs } = press.view;
    const by = ((press.x - event.offsetX) / Math.max(1, this.#canvas.clientWidth)) * (endMs - startMs);
    this.show({ startMs: startMs + by, endMs: endMs + by });
  }

  #up(event: PointerEvent): void {
    if (this.#press?.moved === false) this.#handlers.onSeek(this.#timeAt(event.offsetX));
    this.#press = undefined;
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { startMs, endMs } = this.#view;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX / Math.max(1, this.#canvas.clientWidth)) * (endMs - startMs);
      this.show({ startMs: startMs + by, endMs: endMs + by });
    } else this.zoom(1.0015 ** event.deltaY, this.#timeAt(event.offsetX));
  }

  /** Draws once in the next frame, however often it is asked to. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#paint();
    });
  }

  #paint(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    if (context === null || width === 0) return;
    const ratio = devicePixelRatio;
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(this.#canvas);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const { startMs, endMs } = this.#view;
    const x = (ms: number): number => ((ms - startMs) / (endMs - startMs)) * width;
    const [top, bottom] = [26, height - 10];

    context.fillStyle = color("--hollow");
    context.fillRect(0, top, width, bottom - top);
    context.fillStyle = color("--recorded");
    for (const { startMs: from, endMs: to } of this.#coverage)
      context.fillRect(x(from), top, Math.max(1, x(to) - x(from)), bottom - top);
    this.#paintPictures(context, x, top, bottom - BAND);
    context.fillStyle = color("--hollow");
    for (const [i, { endMs: from }] of this.#coverage.entries()) {
      const to = this.#coverage[i + 1]?.startMs ?? endMs;
      // Of a gap there is no picture.
      if (this.#pictures.length > 0 && x(to) - x(from) >= 1)
        context.fillRect(x(from), top, x(to) - x(from), bottom - top);
    }

    context.font = `11px ${style.fontFamily}`;
    context.textBaseline = "middle";
    for (const { ms, text } of ticks(startMs, endMs, Math.max(2, width / 90))) {
      context.fillStyle = color("--line");
      context.fillRect(x(ms), top - 6, 1, bottom - top + 6);
      context.fillStyle = color("--faint");
      // A label that the edge would cut through says less than none.
      if (x(ms) + 4 + context.measureText(text).width <= width) context.fillText(text, x(ms) + 4, top - 14);
    }
    for (const { startMs: from, endMs: to, level } of this.#events) {
      context.fillStyle = color(level === "high" ? "--high" : "--low");
      context.fillRect(x(from), bottom - BAND, Math.max(4, x(to) - x(from)), BAND);
    }
    if (this.#selection !== undefined) {
      const [from, to] = [x(this.#selection.startMs), x(this.#selection.endMs)];
      context.fillStyle = color("--selected");
      context.fillRect(from, top, to - from, bottom - top);
      context.fillStyle = color("--accent");
      context.fillRect(from - 1, top - 4, 2, bottom - top + 8);
      context.fillRect(to - 1, top - 4, 2, bottom - top + 8);
    }
    const now = x(Date.now());
    if (now > 0 && now < width) {
      context.fillStyle = color("--now");
      context.fillRect(now, top - 4, 1, bottom - top + 8);
    }
    if (this.#playheadMs !== undefined) {
      const at = Math.round(x(this.#playheadMs));
      context.fillStyle = color("--ink");
      context.fillRect(at - 1, top - 6, 2, bottom - top + 12);
    }
  }
  #paintPictures(context: CanvasRenderingContext2D, x: (ms: number) => number, top: number, bottom: number): void {
    const height = bottom - top;
    for (const { startMs, endMs, picture, isNear } of this.#pictures) {
      const width = x(endMs) - x(startMs) - 1;
      const scale = Math.max(width / picture.width, height / picture.height);
      const [shownWidth, shownHeight] = [width / scale, height / scale];
      const [left, above] = [(picture.width - shownWidth) / 2, (picture.height - shownHeight) / 2];
      context.globalAlpha = isNear ? 0.5 : 1;
      context.drawImage(picture, left, above, shownWidth, shownHeight, x(startMs), top, width, height);
    }
    context.globalAlpha = 1;
  }
}
