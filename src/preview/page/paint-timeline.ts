import type { Interval } from "../../base/interval.ts";
import type { RangeEvent } from "./api.ts";
import { ticks } from "./clock.ts";

/** A picture of a timeline, for the time that it is drawn over. */
export interface Cell extends Interval {
  readonly picture: ImageBitmap;
  /** Whether it is of another time near by, until its own is there. */
  readonly isNear: boolean;
}

/** What a timeline shows. */
export interface TimelineState {
  readonly view: Interval;
  /** What is recorded of the view. */
  readonly coverage: readonly Interval[];
  readonly pictures: readonly Cell[];
  readonly events: readonly RangeEvent[];
  readonly selection: Interval | undefined;
  /** Of the picture that the player shows. */
  readonly playheadMs: number | undefined;
}

/** Pixels above the pictures, for the labels of the ruler. */
const TOP = 26;
/** Pixels below them: what is recorded, and events. */
const BAND = 8;
const MARGIN = 10;
/** Pixels from one label to the next, about. */
const LABEL = 90;

/** Where a timeline is painted, in pixels of the page. */
interface Paper {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  /** Of the stretch that shows recordings. */
  readonly top: number;
  readonly bottom: number;
  /** Where a wall-clock time lies. */
  readonly x: (ms: number) => number;
  /** The colour that a custom property of the page names. */
  readonly color: (name: string) => string;
  /** Fills a rectangle with such a colour. */
  readonly fill: (color: string, x: number, y: number, width: number, height: number) => void;
}

/** Paints a timeline anew; nothing while the canvas has no width. */
export function paintTimeline(canvas: HTMLCanvasElement, state: TimelineState): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext("2d");
  if (context === null || width === 0) return;
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  context.font = `11px ${style.fontFamily}`;
  context.textBaseline = "middle";
  const { startMs, endMs } = state.view;
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const paper: Paper = {
    ...{ context, width, top: TOP, bottom: height - MARGIN, color },
    x: (ms) => ((ms - startMs) / (endMs - startMs)) * width,
    fill: (name, ...rectangle) => {
      context.fillStyle = color(name);
      context.fillRect(...rectangle);
    },
  };
  paintRecorded(paper, state);
  paintRuler(paper, state.view);
  for (const event of state.events) paintEvent(paper, event);
  if (state.selection !== undefined) paintSelection(paper, state.selection);
  const now = paper.x(Date.now());
  if (now > 0 && now < width) paintLine(paper, "--now", now, { width: 1, over: 4 });
  if (state.playheadMs !== undefined)
    paintLine(paper, "--ink", Math.round(paper.x(state.playheadMs)) - 1, { width: 2, over: 6 });
}

function paintRecorded(paper: Paper, { view, coverage, pictures }: TimelineState): void {
  const { width, top, bottom, x, fill } = paper;
  fill("--hollow", 0, top, width, bottom - top);
  for (const { startMs, endMs } of coverage)
    fill("--recorded", x(startMs), top, Math.max(1, x(endMs) - x(startMs)), bottom - top);
  paintPictures(paper, pictures);
  // Of a gap there is no picture.
  if (pictures.length === 0) return;
  for (const [i, { endMs: from }] of coverage.entries()) {
    const to = coverage[i + 1]?.startMs ?? view.endMs;
    if (x(to) - x(from) >= 1) fill("--hollow", x(from), top, x(to) - x(from), bottom - top);
  }
}

function paintPictures({ context, top, bottom, x }: Paper, pictures: readonly Cell[]): void {
  const height = bottom - BAND - top;
  for (const { startMs, endMs, picture, isNear } of pictures) {
    const width = x(endMs) - x(startMs) - 1;
    const scale = Math.max(width / picture.width, height / picture.height);
    const [shownWidth, shownHeight] = [width / scale, height / scale];
    const [left, above] = [(picture.width - shownWidth) / 2, (picture.height - shownHeight) / 2];
    context.globalAlpha = isNear ? 0.5 : 1;
    context.drawImage(picture, left, above, shownWidth, shownHeight, x(startMs), top, width, height);
  }
  context.globalAlpha = 1;
}

function paintRuler(paper: Paper, { startMs, endMs }: Interval): void {
  const { context, width, top, bottom, x, color, fill } = paper;
  for (const { ms, text } of ticks(startMs, endMs, Math.max(2, width / LABEL))) {
    fill("--line", x(ms), top - 6, 1, bottom - top + 6);
    // A label that the edge would cut through says less than none.
    if (x(ms) + 4 + context.measureText(text).width > width) continue;
    context.fillStyle = color("--faint");
    context.fillText(text, x(ms) + 4, top - 14);
  }
}

function paintEvent({ bottom, x, fill }: Paper, { startMs, endMs, level }: RangeEvent): void {
  const color = level === "high" ? "--high" : "--low";
  fill(color, x(startMs), bottom - BAND, Math.max(4, x(endMs) - x(startMs)), BAND);
}

function paintSelection(paper: Paper, { startMs, endMs }: Interval): void {
  const { top, bottom, x, fill } = paper;
  const [from, to] = [x(startMs), x(endMs)];
  fill("--selected", from, top, to - from, bottom - top);
  for (const edge of [from, to]) paintLine(paper, "--accent", edge - 1, { width: 2, over: 4 });
}

/** An upright line. @param over pixels that it is longer at either end than the stretch with recordings */
function paintLine(
  { top, bottom, fill }: Paper,
  color: string,
  x: number,
  { width, over }: { readonly width: number; readonly over: number },
): void {
  fill(color, x, top - over, width, bottom - top + 2 * over);
}
