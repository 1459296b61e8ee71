/** Files of the device in a real Chromium: played, joined and cut in the page, without a server's help. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { chromiumPath, openPage } from "../browser/chromium.ts";
import { FPS, recordNumbered } from "../browser/numbered-recording.ts";
import { ffmpeg } from "../support/tools.ts";
import { judgeCut } from "../support/judge.ts";
import { random, seedOf } from "../support/random.ts";

const chance = random(seedOf(32));
/** Seconds of each file. */
const LENGTH = 4;
let folder = "";
let server: RunningServer;
let page: Page;
let closePage: () => Promise<void>;
/** Two files of one recording, and two of different sizes. */
let alike: string[] = [];
let changing: string[] = [];

/** Goes to a time of the files, seconds, and answers the number of the picture that is shown then. */
function shownAt(seconds: number): Promise<number> {
  return page.evaluate(async (ms) => {
    const video = document.querySelector("boxcar-player")?.video;
    if (video === undefined) throw new Error("no video");
    const settled = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    const pictured = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    video.currentTime = 0.1 + ms / 1000; // segments are placed behind a lead of 0.1 s
    await Promise.all([settled, pictured]);
    return window.playback.read(video).number;
  }, seconds * 1000);
}

async function openFiles(paths: string[]): Promise<void> {
  const before = await page.evaluate(() => document.querySelector("boxcar-player")?.video.src);
  await page.getByRole("button", { name: "Open files" }).setInputFiles(paths);
  await page.waitForFunction((src) => {
    const video = document.querySelector("boxcar-player")?.video;
    return video !== undefined && video.src !== src && video.readyState >= 2;
  }, before);
}

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-local-"));
  server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  alike = await recordNumbered({ folder, name: "a", segments: 2, seconds: LENGTH });
  const fragmented = { first: LENGTH * FPS, size: "320x192", fragmented: true } as const;
  const other = await recordNumbered({ folder, name: "b", segments: 1, seconds: LENGTH, ...fragmented });
  changing = [alike[0] ?? "", ...other];
  ({ page, close: closePage } = await openPage(server.url, "/"));
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await closePage();
  await server.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(chromiumPath === undefined)("files of the device", () => {
  test("show the picture of each time, over a joint and a change of size", async () => {
    const problems: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    await openFiles(changing);
    const pictures = [0, LENGTH * FPS - 1, LENGTH * FPS, 2 * LENGTH * FPS - 1];
    for (let i = 0; i < 20; i++) pictures.push(chance.below(2 * LENGTH * FPS));
    for (const picture of pictures) {
      const seconds = (picture + 0.1 + chance.below(8) / 10) / FPS;
      expect(await shownAt(seconds), `seed ${chance.seed}, picture ${picture}`).toBe(picture);
    }
    expect(problems).toEqual([]);
  });

  test("show the picture under the pointer", async () => {
    await openFiles(alike);
    const timeline = page.locator(".timeline canvas");
    const { width } = (await timeline.boundingBox()) ?? { width: 0 };
    for (const part of [0.1 + chance.below(300) / 1000, 0.6 + chance.below(300) / 1000]) {
      const before =
        (await page.locator(".hover img").count()) > 0 && (await page.locator(".hover img").getAttribute("src"));
      await timeline.hover({ position: { x: Math.round(part * width), y: 50 } });
      await page.waitForFunction((src) => {
        const picture = document.querySelector<HTMLImageElement>(".hover img");
        return picture !== null && picture.src !== src && picture.complete && picture.naturalWidth > 0;
      }, before);
      const { number, text } = await page.evaluate(() => {
        const picture = document.querySelector<HTMLImageElement>(".hover img");
        return {
          number: picture === null ? -1 : window.playback.read(picture).number,
          text: document.querySelector(".hover")?.textContent ?? "",
        };
      });
      // The label has the time of the day, which begins with the first file; it is cut to milliseconds.
      const [, seconds = "", ms = ""] = /:(\d\d)\.(\d+)\s*$/.exec(text) ?? [];
      const picture = (Number(seconds) + Number(`0.${ms}`)) * FPS;
      expect(number, `seed ${chance.seed}, ${text}`).toBeGreaterThanOrEqual(Math.floor(picture - 0.05));
      expect(number, `seed ${chance.seed}, ${text}`).toBeLessThanOrEqual(Math.floor(picture + 0.05));
    }
  });

  test("of which one lacks sound are joined, and play to the end", async () => {
    const mute = join(folder, "mute.mp4");
    const [first = "", second = ""] = alike;
    await ffmpeg(["-v", "error", "-y", "-i", second, "-map", "0:v", "-c", "copy", mute]);
    await openFiles([first, mute]);
    const pictures = [0, LENGTH * FPS - 1, LENGTH * FPS, 2 * LENGTH * FPS - 1];
    for (const picture of pictures) expect(await shownAt((picture + 0.5) / FPS)).toBe(picture);
    await shownAt(LENGTH - 0.5);
    const isOver = page.evaluate(async () => {
      const video = document.querySelector("boxcar-player")?.video;
      if (video === undefined) throw new Error("no video");
      video.playbackRate = 4;
      await video.play();
      await new Promise((resolve) => video.addEventListener("ended", resolve));
      return video.ended;
    });
    expect(await isOver).toBe(true);
  });

  test("are joined and cut into a download that is whole", async () => {
    await openFiles(alike);
    await shownAt(2.01);
    await page.keyboard.press("i");
    await shownAt(6.01);
    await page.keyboard.press("o");
    const button = page.locator(".actions button").first();
    await button.locator("small", { hasText: "kB" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    const output = join(folder, "cut.mp4");
    await download.saveAs(output);
    const segments = alike.map((file, i) => ({ file, startMs: i * LENGTH * 1000, endMs: (i + 1) * LENGTH * 1000 }));
    expect(await judgeCut({ segments, startMs: 2010, endMs: 6010, output })).toEqual([]);
  });

  test("that are no MP4 are refused by name", async () => {
    const path = join(folder, "cut.txt");
    await writeFile(path, "no movie at all");
    await page.getByRole("button", { name: "Open files" }).setInputFiles(path);
    await page.locator(".notice", { hasText: "cut.txt" }).waitFor();
  });
});
