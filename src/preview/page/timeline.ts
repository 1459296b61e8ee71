import type { RangeEvent } from "./api.ts";
import { DAY_MS } from "../../base/units.ts";
import type { Interval } from "../../base/interval.ts";
import { paintTimeline, type Cell } from "./paint-timeline.ts";

/** What a timeline tells its page. */
export interface TimelineHandlers {
  /** Other times are shown. */
  readonly onView: (view: Interval) => void;
  /** A time was chosen, by a click or keys. */
  readonly onSeek: (timeMs: number) => void;
  readonly onSelect: (selection: Interval | undefined) => void;
  /** The pointer is over a time, `x` pixels from the left; undefined: it has left. */
  readonly onHover: (at: { readonly timeMs: number; readonly x: number } | undefined) => void;
}

const SHORTEST_MS = 2_000;
const LONGEST_MS = 31 * DAY_MS;
/** Pixels that a pointer moves before a press is no click. */
const DRAG = 4;

/** A ruler of wall-clock time with what is recorded: dragged to move, scrolled to zoom, Shift and drag to select. */
export class Timeline {
  readonly #canvas: HTMLCanvasElement;
  readonly #handlers: TimelineHandlers;
  #view: Interval = { startMs: 0, endMs: 1 };
  #coverage: readonly Interval[] = [];
  #events: readonly RangeEvent[] = [];
  #pictures: readonly Cell[] = [];
  #selection: Interval | undefined;
  #playheadMs: number | undefined;
  #isDrawing = false;
  #press: { readonly x: number; readonly view: Interval; readonly selects: boolean; moved: boolean } | undefined;

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
  get view(): Interval {
    return this.#view;
  }

  /** Shows other times, at least 2 s and at most 31 days. */
  show({ startMs, endMs }: Interval): void {
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
  set coverage(coverage: readonly Interval[]) {
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

  set selection(selection: Interval | undefined) {
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
      paintTimeline(this.#canvas, {
        view: this.#view,
        coverage: this.#coverage,
        pictures: this.#pictures,
        events: this.#events,
        selection: this.#selection,
        playheadMs: this.#playheadMs,
      });
    });
  }
}
