/** `<boxcar-player>` in a real Chromium, on a page that has nothing else, as another site would use it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as library from "../../src/preview/index.ts";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { chromiumPath, install, openPage } from "../browser/chromium.ts";
import { FPS } from "../browser/numbered-recording.ts";
import { random, seedOf } from "../support/random.ts";
import { ffmpeg } from "../support/tools.ts";
import { ATTRIBUTES, recordedWithGap, START } from "./recorded-with-gap.ts";
import { seekIn, shownIn } from "./shown.ts";

declare global {
  interface Window {
    preview: typeof library;
  }
}

const chance = random(seedOf(33));
let folder = "";
let server: RunningServer;
let page: Page;
let closePage: () => Promise<void>;
let closeServer: () => Promise<void>;

const shown = (): Promise<number> => shownIn(page);

const player = <T>(use: (player: HTMLElementTagNameMap["boxcar-player"]) => T): Promise<T> =>
  page.evaluate<T>(`(${String(use)})(document.querySelector("boxcar-player"))`);

const seekTo = (picture: number): Promise<void> => seekIn(page, START, picture);

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  ({ server, folder, close: closeServer } = await recordedWithGap());
  ({ page, close: closePage } = await openPage(server.url));
  await page.addScriptTag({ type: "module", content: `import * as all from "/page/player.js"; window.preview = all;` });
  await page.waitForFunction(() => "preview" in window);
  await page.evaluate((attributes) => {
    const element = document.createElement("boxcar-player");
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    for (const name of ["controls", "muted", "link"]) element.toggleAttribute(name);
    element.style.width = "480px";
    document.body.replaceChildren(element);
  }, ATTRIBUTES);
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await closePage();
  await closeServer();
});

describe.skipIf(chromiumPath === undefined)("<boxcar-player>", () => {
  test("opens what its attributes name, at the moment they name", async () => {
    expect(await shown()).toBe(50);
    const gaps = await player(({ gaps }) => gaps.map(({ startMs, endMs }) => [startMs, endMs]));
    expect(gaps).toEqual([[START + 8000, START + 12_000]]);
  });

  test("plays a signed link on another site's page, without a token", async () => {
    const secrets = {
      BOXCAR_TOKEN: "t".repeat(32),
      BOXCAR_LINK_SECRET: "s".repeat(32),
      BOXCAR_CORS_ORIGINS: server.url,
    };
    const data = { BOXCAR_DATA: join(folder, "other"), BOXCAR_LOG: "error" };
    const other = await startNode({ PORT: "0", ...data, ...secrets });
    const headers = { authorization: `Bearer ${secrets.BOXCAR_TOKEN}` };
    const body = await readFile(join(folder, "cam-0.mp4"));
    const put = await fetch(`${other.url}/mp4/api/segments/live/cam?start=${START}`, { method: "PUT", headers, body });
    expect(put.status).toBe(201);
    const range = `start=${START}&end=${START + 4000}&tracks=muxed&share=1`;
    const reply = await fetch(`${other.url}/mp4/hls/live/cam/index.m3u8?${range}`, { headers });
    const { url } = ((await reply.json()) as { data: { url: string } }).data;
    const site = await page.context().newPage();
    try {
      await site.goto(`${server.url}/healthz`);
      await install(site);
      await site.addScriptTag({ type: "module", url: `${other.url}/page/player.js` });
      const number = await site.evaluate(async (src) => {
        await customElements.whenDefined("boxcar-player");
        const element = document.createElement("boxcar-player");
        for (const [name, value] of Object.entries({ src, muted: "" })) element.setAttribute(name, value);
        document.body.replaceChildren(element);
        await new Promise((resolve, reject) => {
          element.video.requestVideoFrameCallback(resolve);
          element.addEventListener("error", ({ detail }) => reject(new Error(detail.message)));
        });
        const first = window.playback.read(element.video).number;
        const sought = new Promise((resolve) => element.video.requestVideoFrameCallback(resolve));
        element.seek(element.timeMs + 2000);
        await sought;
        return [first, window.playback.read(element.video).number];
      }, url);
      expect(number).toEqual([0, 2 * FPS]);
    } finally {
      await site.close();
      await other.close();
    }
  });

  test("steps, seeks, plays and chooses by keys", async () => {
    const press = async (...keys: string[]): Promise<number> => {
      for (const key of keys) await page.keyboard.press(key);
      return shown();
    };
    await player((element) => element.focus());
    await seekTo(50);
    expect(await shown()).toBe(50);
    expect(await press(".", ".", ".")).toBe(53);
    expect(await press(",", ",")).toBe(51);
    expect(await press("ArrowRight")).toBe(51 + 5 * FPS);
    expect(await press("ArrowLeft", "i")).toBe(51);
    expect(await press("ArrowRight", "o", "j")).toBe(0);
    const range = await player(({ range }) => range);
    expect(Math.round((range?.endMs ?? 0) - (range?.startMs ?? 0))).toBe(5000);
    await page.keyboard.press("m");
    expect(await player(({ muted }) => muted)).toBe(false);
    await page.keyboard.press(" ");
    expect(await player(({ paused }) => paused)).toBe(false);
    await page.keyboard.press("k");
    expect(await player(({ paused }) => paused)).toBe(true);
    await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/^#t=2026-01-31T10:00:0\d/);
  });

  test("pauses at out, or goes on at in", async () => {
    await page.evaluate(async (start) => {
      const element = document.querySelector("boxcar-player");
      if (element === null) return;
      element.range = { startMs: start + 1000, endMs: start + 2000 };
      element.seek(start + 1500);
      element.rate = 2;
      element.play();
      await new Promise((resolve) => element.addEventListener("state", () => element.paused && resolve(undefined)));
      while (element.video.seeking) await new Promise((resolve) => setTimeout(resolve, 10));
    }, START);
    expect(await shown()).toBe(49);
    const repeated = await page.evaluate(async (start) => {
      const element = document.querySelector("boxcar-player");
      if (element === null) return [];
      element.loop = true;
      element.seek(start + 1500);
      element.play();
      const numbers: number[] = [];
      const look = (): void => {
        numbers.push(window.playback.read(element.video).number);
        element.video.requestVideoFrameCallback(look);
      };
      element.video.requestVideoFrameCallback(look);
      while (numbers.filter((number, i) => number < (numbers[i - 1] ?? 0)).length < 2)
        await new Promise((resolve) => setTimeout(resolve, 50));
      element.pause();
      element.loop = false;
      element.range = undefined;
      return numbers;
    }, START);
    expect(repeated.filter((number) => number < 25 || number > 52)).toEqual([]);
  });

  test("skims by sync samples above 4×, over the gap, to the end", async () => {
    const numbers = await page.evaluate(async (start) => {
      const element = document.querySelector("boxcar-player");
      if (element === null) return [];
      element.seek(start);
      element.rate = 8;
      const found: number[] = [];
      const note = (): void => void found.push(window.playback.read(element.video).number);
      element.video.addEventListener("seeked", note);
      element.play();
      while (!element.paused) await new Promise((resolve) => setTimeout(resolve, 50));
      element.video.removeEventListener("seeked", note);
      element.rate = 1;
      return found;
    }, START);
    expect(numbers.length).toBeGreaterThan(1);
    // Media segments of a server last 4 s here: each begins with a sync sample.
    expect(numbers.filter((number) => number % (4 * FPS) !== 0)).toEqual([]);
  });

  test("gives the picture that is shown as a file named by its time", async () => {
    await seekTo(60);
    expect(await shown()).toBe(60);
    const file = await page.evaluate(async () => {
      const file = await document.querySelector("boxcar-player")?.snapshot();
      return { name: file?.name, first: [...new Uint8Array((await file?.arrayBuffer()) ?? []).subarray(1, 4)] };
    });
    expect(file.name).toMatch(/^live-cam 2026-01-31 \d\d-\d\d-02\.4\d\d\.png$/);
    expect(String.fromCharCode(...file.first)).toBe("PNG");
  });

  test("plays URLs of plain MP4 files as one recording, every picture in its time", async () => {
    const problem = await page.evaluate(async (start) => {
      const url = (from: number, until: number): string =>
        `/mp4/download/live/cam.mp4?start=${String(start + from * 1000)}&end=${String(start + until * 1000)}`;
      const files = await window.preview.openFiles([
        { file: url(0, 8), startMs: start },
        { file: url(12, 16), startMs: start + 12_000 },
      ]);
      await document.querySelector("boxcar-player")?.open(files);
      return files.segments.length > 0 ? "" : "no segments";
    }, START);
    expect(problem).toBe("");
    const pictures = [0, 8 * FPS - 1];
    for (let i = 0; i < 18; i++) pictures.push(chance.below(8 * FPS));
    for (const picture of pictures) {
      await seekTo(picture);
      expect(await shown(), `seed ${chance.seed}`).toBe(picture);
    }
    // A gap takes no time: what is sought in it is what follows.
    await seekTo(10 * FPS);
    expect(await shown()).toBe(8 * FPS);
  });

  describe("opens URLs of several files one by one", () => {
    /** Pictures of each file, and seconds from the start to that of each. */
    const PICTURES = 4 * FPS;
    const STARTS = [0, 4, 12];
    /** Files that state when they were recorded. */
    let stating: string[] = [];
    /** Lets answers come that were held back. */
    let release: () => void = () => undefined;

    beforeAll(async () => {
      stating = STARTS.map((_, i) => join(folder, `stating-${String(i)}.mp4`));
      for (const [i, at] of STARTS.entries()) {
        const stated = `creation_time=${new Date(START + at * 1000).toISOString()}`;
        const copied = ["-c", "copy", "-metadata", stated, stating[i] ?? ""];
        await ffmpeg(["-v", "error", "-y", "-i", join(folder, `cam-${String(i)}.mp4`), ...copied]);
      }
    });

    /** Opens three files, of which some are held back. @param atS what is shown first, seconds from the start */
    async function open(held: readonly number[], options: { atS?: number; given?: boolean } = {}): Promise<void> {
      const { atS, given = true } = options;
      await page.unroute("**/file/*");
      const isReleased = new Promise<void>((resolve) => (release = resolve));
      await page.route("**/file/*", async (route) => {
        const number = Number(/\d$/.exec(route.request().url())?.[0]);
        if (held.includes(number)) await isReleased;
        const bytes = await readFile(stating[number] ?? "");
        const [, from = "", to = ""] = /bytes=(\d+)-(\d+)/.exec(route.request().headers().range ?? "") ?? [];
        const body = bytes.subarray(Number(from), Number(to) + 1);
        const range = `bytes ${from}-${String(Number(from) + body.length - 1)}/${String(bytes.length)}`;
        await route.fulfill({ status: 206, headers: { "content-range": range }, body });
      });
      await page.evaluate(
        async ([times, atMs]) => {
          const files = times.map((startMs, i) => ({ file: `/file/${String(i)}`, ...(startMs > 0 && { startMs }) }));
          const recorded = await window.preview.openFiles(files, atMs === undefined ? {} : { atMs });
          const told: string[] = [];
          const element = document.querySelector("boxcar-player");
          for (const event of ["open", "growth"] as const) element?.addEventListener(event, () => told.push(event));
          Object.assign(window, { recorded, told });
          void element?.open(recorded);
        },
        [
          STARTS.map((at) => (given ? START + at * 1000 : 0)),
          atS === undefined ? undefined : START + atS * 1000,
        ] as const,
      );
    }

    const told = (): Promise<string[]> => page.evaluate(() => (window as unknown as { told: string[] }).told);
    const whole = (): Promise<void> =>
      page.evaluate(() => (window as unknown as { recorded: library.RecordedFiles }).recorded.whole());
    /** Seconds from the start to what the player says it shows. */
    const timeS = async (): Promise<number> => ((await player(({ timeMs }) => timeMs)) - START) / 1000;

    test("shows the first picture before the others are read, and all of them then", async () => {
      await open([1, 2]);
      expect(await shown()).toBe(0);
      expect(await timeS()).toBeCloseTo(0, 2);
      await seekTo(PICTURES - 10);
      expect(await shown()).toBe(PICTURES - 10);
      await seekTo(2 * PICTURES - 3);
      expect(await shown()).toBe(PICTURES - 10); // still
      release();
      await expect.poll(shown).toBe(2 * PICTURES - 3);
      await whole();
      const { gaps, endMs } = await page.evaluate(() => {
        const { recorded } = window as unknown as { recorded: library.RecordedFiles };
        return { gaps: document.querySelector("boxcar-player")?.gaps, endMs: recorded.endMs };
      });
      expect(gaps).toEqual([{ startMs: START + 8000, endMs: START + 12_000 }]);
      expect(endMs).toBe(START + 16_000);
      for (let i = 0; i < 5; i++) {
        const picture = chance.below(2 * PICTURES);
        await seekTo(picture);
        expect(await shown(), `seed ${chance.seed}`).toBe(picture);
      }
    });

    test("begins at a moment, whatever comes before it, which then stays where it is", async () => {
      await open([0], { atS: 14.02 });
      expect(await shown()).toBe(2 * PICTURES + 50);
      expect(await timeS()).toBeCloseTo(14.02, 2);
      await seekTo(10); // seconds 0 to 4 are held back
      expect(await timeS()).toBeCloseTo(14.02, 2);
      await page.evaluate((ms) => document.querySelector("boxcar-player")?.seek(ms), START + 13_020);
      expect(await shown()).toBe(2 * PICTURES + 25);
      release();
      await whole();
      await expect.poll(() => player(({ gaps }) => gaps.length)).toBe(1);
      expect(await shown()).toBe(2 * PICTURES + 25);
      expect(await timeS()).toBeCloseTo(13.02, 2);
      await seekTo(PICTURES + 7);
      expect(await shown()).toBe(PICTURES + 7);
      await seekTo(7);
      expect(await shown()).toBe(7);
    });

    test("plays on into what comes later", async () => {
      await open([1]);
      await seekTo(PICTURES - 20);
      expect(await shown()).toBe(PICTURES - 20);
      await player((element) => element.play());
      await expect.poll(shown).toBeGreaterThan(PICTURES - 6); // decoders keep the last ones back
      expect(await player(({ paused }) => paused)).toBe(false);
      release();
      await expect.poll(shown).toBeGreaterThan(PICTURES + 5);
      await player((element) => element.pause());
    });

    test("says when pictures were taken once that is sure", async () => {
      stating.reverse();
      await open([1, 2], { given: false });
      expect(await shown()).toBe(2 * PICTURES);
      expect(await told()).toEqual([]);
      release();
      await expect.poll(told).toContain("open");
      await expect.poll(shown).toBe(0); // of the file that states the first start
      await seekTo(PICTURES + 3);
      expect(await shown()).toBe(PICTURES + 3);
      await player((element) => element.seek(element.timeMs + 4000)); // in the gap
      expect(await shown()).toBe(2 * PICTURES);
    });
  });
});
