/** The player and the page in a real Firefox. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firefoxPath, openFirefox, type Evaluates } from "../browser/firefox.ts";
import { FPS } from "../browser/numbered-recording.ts";
import { random, seedOf } from "../support/random.ts";
import { ATTRIBUTES, recordedWithGap, START } from "./recorded-with-gap.ts";
import { seekIn, shownIn } from "./shown.ts";

const chance = random(seedOf(34));
let page: Evaluates;
let closePage: () => Promise<void>;
let closeServer: () => Promise<void>;

beforeAll(async () => {
  if (firefoxPath === undefined) return;
  const recorded = await recordedWithGap();
  closeServer = recorded.close;
  ({ page, close: closePage } = await openFirefox(recorded.server.url));
  await page.evaluate(async (attributes) => {
    const script = document.createElement("script");
    Object.assign(script, {
      type: "module",
      textContent: 'import * as all from "/page/player.js"; window.preview = all;',
    });
    document.head.append(script);
    while (!("preview" in window)) await new Promise((resolve) => setTimeout(resolve, 20));
    const element = document.createElement("boxcar-player");
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.toggleAttribute("muted");
    document.body.replaceChildren(element);
  }, ATTRIBUTES);
});
afterAll(async () => {
  if (firefoxPath === undefined) return;
  await closePage();
  await closeServer();
});

const shown = (): Promise<number> => shownIn(page);
const seekTo = (picture: number): Promise<void> => seekIn(page, START, picture);

async function seeks(): Promise<void> {
  const pictures = [0, 8 * FPS - 1, 4 * FPS];
  for (let i = 0; i < 10; i++) pictures.push(chance.below(8 * FPS));
  for (const picture of pictures) {
    await seekTo(picture);
    expect(await shown(), `seed ${String(chance.seed)}`).toBe(picture);
  }
  await seekTo(10 * FPS); // in the gap
  expect(await shown()).toBe(8 * FPS);
}

describe.skipIf(firefoxPath === undefined)("in Firefox", () => {
  test("<boxcar-player> shows every picture of a server's range in its time", async () => {
    expect(await shown()).toBe(50);
    await seeks();
  });

  test("it plays over the gap", async () => {
    await seekTo(7 * FPS);
    await shown();
    const numbers = await page.evaluate(async () => {
      const element = document.querySelector("boxcar-player");
      if (element === null) return [];
      const found: number[] = [];
      element.play();
      for (const until = performance.now() + 6000; performance.now() < until && (found.at(-1) ?? 0) < 210;) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        found.push(window.playback.read(element.video).number);
      }
      element.pause();
      return found;
    });
    expect(numbers.at(-1)).toBeGreaterThan(8 * FPS + 5);
    expect(numbers.filter((number, i) => number < (numbers[i - 1] ?? 0))).toEqual([]);
  });

  test("it plays files joined in the page", async () => {
    await page.evaluate(async (start) => {
      const url = (from: number, until: number): string =>
        `/mp4/download/live/cam.mp4?start=${String(start + from * 1000)}&end=${String(start + until * 1000)}`;
      const files = await window.preview.openFiles([
        { file: url(0, 8), startMs: start },
        { file: url(12, 16), startMs: start + 12_000 },
      ]);
      await document.querySelector("boxcar-player")?.open(files);
    }, START);
    await seeks();
  });
});
