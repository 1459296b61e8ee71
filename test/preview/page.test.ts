/** The page in a real Chromium: every picture it shows is the one of its time. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { chromiumPath, install, openPage } from "../browser/chromium.ts";
import { BITS, FPS, recordNumbered, type NumberedOptions } from "../browser/numbered-recording.ts";
import { random, seedOf } from "../support/random.ts";

/** A window with axe-core in it. */
interface AxeWindow {
  readonly axe: { run(): Promise<{ violations: { id: string; impact: string }[] }> };
}

const AXE = "node_modules/axe-core/axe.min.js";
const START = Date.UTC(2026, 0, 31, 10, 0, 0);
const chance = random(seedOf(31));
let folder = "";
let server: RunningServer;
let page: Page;
let closePage: () => Promise<void>;

/** Uploads a recording whose picture n is taken at START + n pictures. */
async function upload(stream: string, name: string, options: Partial<NumberedOptions>): Promise<void> {
  const { first = 0, seconds = 4 } = options;
  const files = await recordNumbered({ folder, name, segments: 1, seconds, ...options });
  for (const [i, file] of files.entries()) {
    const at = START + (first / FPS + i * seconds) * 1000;
    const url = `${server.url}/mp4/api/segments/${stream}?start=${String(at)}`;
    const reply = await fetch(url, { method: "PUT", body: await readFile(file) });
    expect(reply.status, await reply.text()).toBe(201);
  }
}

/** Opens the page at a time, seconds after START, and answers the number of the picture it then shows. */
function shownAt(stream: string, seconds: number): Promise<number> {
  const at = new Date(START + seconds * 1000).toISOString();
  return page.evaluate(
    async (hash) => {
      location.hash = hash;
      for (const until = performance.now() + 10_000; performance.now() < until;) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const video = document.querySelector("boxcar-player")?.video;
        const isThere = video !== undefined && video.readyState >= 2 && !video.seeking;
        if (isThere && document.querySelector("boxcar-player")?.shadowRoot?.querySelector("output")?.textContent !== "")
          return window.playback.read(video).number;
      }
      const video = document.querySelector("boxcar-player")?.video;
      const ranges = [...Array(video?.buffered.length ?? 0).keys()].map((i) => [
        video?.buffered.start(i),
        video?.buffered.end(i),
      ]);
      throw new Error(
        `no picture for ${hash}: ${JSON.stringify({ at: video?.currentTime, state: video?.readyState, seeking: video?.seeking, ranges })} ${document.querySelector(".notice")?.textContent ?? ""}`,
      );
    },
    new URLSearchParams({ stream, t: at }).toString(),
  );
}

/**
 * The numbers of the small pictures that the timeline shows from some seconds after START on; undefined: there is none.
 * @param view what the timeline shows
 * @param step seconds of each picture
 */
function drawnAt(
  view: { readonly startMs: number; readonly endMs: number },
  seconds: readonly number[],
  step: number,
): Promise<(number | undefined)[]> {
  return page.evaluate(
    ({ startMs, lengthMs, froms, stepMs, bits }) => {
      const canvas = document.querySelector("canvas");
      const context = canvas?.getContext("2d");
      if (canvas === null || context === null || context === undefined) throw new Error("no timeline");
      const pixel = (ms: number, y: number): string => {
        const x = ((ms - startMs) / lengthMs) * canvas.width;
        const [red = 0, green = 0, blue = 0] = context.getImageData(
          x,
          y * (canvas.width / canvas.clientWidth),
          1,
          1,
        ).data;
        if (Math.max(red, green, blue) - Math.min(red, green, blue) > 40) return "other";
        return green > 180 ? "white" : green < 75 ? "black" : "other";
      };
      return froms.map((fromMs) => {
        let number = 0;
        for (let bit = 0; bit < bits; bit++) {
          const ms = fromMs + ((bit + 0.5) / bits) * stepMs;
          const [upper, lower] = [pixel(ms, 26 + 12), pixel(ms, 26 + 34)];
          if (upper === lower || upper === "other" || lower === "other") return undefined;
          if (upper === "white") number += 2 ** bit;
        }
        return number;
      });
    },
    {
      startMs: view.startMs,
      lengthMs: view.endMs - view.startMs,
      froms: seconds.map((second) => START + second * 1000),
      stepMs: step * 1000,
      bits: BITS,
    },
  );
}

/** Selects all that the timeline shows. */
async function selectAll(): Promise<void> {
  await page.waitForTimeout(500);
  const box = await page.locator(".timeline canvas").boundingBox();
  if (box === null) throw new Error("no timeline");
  await page.keyboard.down("Shift");
  await page.mouse.move(box.x + 2, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 2, box.y + 50, { steps: 3 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
}

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-page-"));
  server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  // 12 s in three segments, 6 s of nothing, then 4 s of another size.
  await upload("live/cam1", "cam1", { segments: 3 });
  await upload("live/cam1", "later", { first: 18 * FPS, size: "320x192" });
  ({ page, close: closePage } = await openPage(server.url, "/"));
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await closePage();
  await server.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(chromiumPath === undefined)("the page", () => {
  test("shows the picture of each time, over joints and a change, and behind a gap the first", async () => {
    const pictures = [0, 4 * FPS - 1, 4 * FPS, 12 * FPS - 1, 18 * FPS, 22 * FPS - 1];
    for (let i = 0; i < 6; i++) pictures.push(chance.below(12 * FPS));
    for (const picture of pictures) {
      // anywhere in its time
      const seconds = (picture + 0.1 + chance.below(8) / 10) / FPS;
      expect(await shownAt("live/cam1", seconds), `seed ${chance.seed}, picture ${picture}`).toBe(picture);
    }
    expect(await shownAt("live/cam1", 14)).toBe(18 * FPS);
  });

  test("draws small pictures along the timeline, sharper ones where it is zoomed in, and none in the gap", async () => {
    await expect.poll(() => shownAt("live/cam1", 4.02)).toBe(4 * FPS);
    const recorded = (seconds: number): boolean => seconds < 12 || seconds >= 18;
    const expected = (seconds: number[]): (number | undefined)[] =>
      seconds.map((second) => (recorded(second) ? second * FPS : undefined));
    const coarse = [0, 3, 6, 9, 12, 15, 18];
    const whole = { startMs: START - 440, endMs: START + 22_440 };
    await expect.poll(() => drawnAt(whole, coarse, 3), { timeout: 10_000 }).toEqual(expected(coarse));
    await page.getByRole("button", { name: "Zoom in" }).click();
    const about = START + 4020;
    const half = { startMs: about - (about - whole.startMs) / 2, endMs: about + (whole.endMs - about) / 2 };
    const fine = [2, 4, 6, 8, 10];
    await expect.poll(() => drawnAt(half, fine, 2), { timeout: 10_000 }).toEqual(expected(fine));
  });

  test("shows the last picture of each stream", async () => {
    const picture = page.locator(".streams button", { hasText: "live/cam1" }).locator("img");
    expect(await picture.evaluate((image: HTMLImageElement) => window.playback.read(image).number)).toBe(21 * FPS);
  });

  test("says that a link names a stream that it does not know, and shows another one", async () => {
    expect(await shownAt("live/cam9", 1)).toBe(FPS);
    expect(await page.locator(".notice").textContent()).toMatch(/another stream is shown.*live\/cam9/i);
    await shownAt("live/cam1", 2);
  });

  test("plays over joints and the gap to the end", async () => {
    await shownAt("live/cam1", 10);
    const played = await page.evaluate(async () => {
      const video = document.querySelector("boxcar-player")?.video;
      if (video === undefined) throw new Error("no video");
      const numbers: number[] = [];
      const look = (): void => {
        numbers.push(window.playback.read(video).number);
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
      video.playbackRate = 2;
      await video.play();
      await new Promise((resolve, reject) => {
        video.addEventListener("ended", resolve);
        setTimeout(() => reject(new Error(`stands at ${String(video.currentTime)}`)), 15_000);
      });
      return numbers;
    });
    expect(played.every((number, i) => i === 0 || number >= (played[i - 1] ?? 0))).toBe(true);
    expect(played.filter((number) => number >= 12 * FPS && number < 18 * FPS)).toEqual([]);
    expect(played.filter((number) => number < 12 * FPS).length).toBeGreaterThan(20);
    expect(played.at(-1)).toBeGreaterThan(21 * FPS);
  });

  test("steps by pictures, chooses a range by keys, and knows the size of its download", async () => {
    await shownAt("live/cam1", 5.02);
    const number = (): Promise<number> =>
      page.evaluate(async () => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        const video = document.querySelector("boxcar-player")?.video;
        return video === undefined ? -1 : window.playback.read(video).number;
      });
    await page.keyboard.press(".");
    expect(await number()).toBe(126);
    await page.keyboard.press("i");
    await page.keyboard.press(",");
    await page.keyboard.press(",");
    expect(await number()).toBe(124);
    await shownAt("live/cam1", 8);
    await page.keyboard.press("i");
    await shownAt("live/cam1", 8.5);
    await page.keyboard.press("o");
    const size = page.locator(".actions button small").first();
    await size.waitFor();
    expect(await size.textContent()).toMatch(/^\d+ kB$/);
  });

  test("downloads with gaps and captions, of the size that it stated", async () => {
    await page.locator(".range button", { hasText: "Clear" }).click();
    await selectAll();
    for (const option of ["Keep gaps", "Captions"]) await page.locator(".options label", { hasText: option }).click();
    const button = page.locator(".range .actions button").first();
    const [reply] = await Promise.all([
      page.waitForResponse((one) => one.request().method() === "HEAD" && one.url().includes(".mp4?")),
      page.waitForTimeout(500),
    ]);
    await button.locator("small", { hasText: "kB" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    expect(new URL(download.url()).search).toMatch(/&gaps=keep&captions=clock&tz=/);
    const file = await readFile(await download.path());
    expect(file.length).toBe(Number(reply.headers()["content-length"]));
    expect(file.includes("tx3g")).toBe(true);
    for (const option of ["Keep gaps", "Captions"]) await page.locator(".options label", { hasText: option }).click();
  });

  test("uploads files into a stream, and deletes what is selected once it was said what that is", async () => {
    const [file] = await recordNumbered({ folder, name: "new", segments: 1, seconds: 4 });
    await page.getByRole("button", { name: "Upload recordings" }).setInputFiles(file ?? "");
    await page.locator(".uploads input[name=streamPath]").fill("live/new");
    await page.locator(".uploads input[name=start]").fill("2026-01-31T10:00:00");
    await page.locator(".uploads .actions button.main").click();
    await page.locator(".uploads em").waitFor();
    await page.locator(".uploads .actions button").nth(1).click();
    await page.locator(".streams button", { hasText: "live/new" }).click();
    await selectAll();
    await page.locator(".danger").first().click();
    expect(await page.locator(".question").textContent()).toContain("Segments to delete: 1");
    await page.locator(".question .danger").click();
    await page.locator(".streams button", { hasText: "live/new" }).waitFor({ state: "detached" });
    const left = (await (await fetch(`${server.url}/mp4/api/catalog`)).json()) as { data: { streamPath: string }[] };
    expect(left.data.map(({ streamPath }) => streamPath)).toEqual(["live/cam1"]);
  });

  test("shows what is recorded now, lists its events, and says that what they protect stays", async () => {
    const [file = ""] = await recordNumbered({ folder, name: "now", segments: 1, seconds: 4, fragmented: true });
    const bytes = await readFile(file);
    let end = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(bytes));
        end = () => controller.close();
      },
    });
    const pushed = fetch(`${server.url}/mp4/live/live/now`, { method: "POST", body, duplex: "half" } as RequestInit);
    await page.reload();
    await page.locator(".live").waitFor();
    await page.locator(".streams button", { hasText: "live/now" }).click();
    await page.locator("summary").click();
    await page.locator("input[name=eventName]").fill("Alarm");
    await page.locator("select[name=eventLevel]").selectOption("high");
    await page.locator("details form button").click();
    await page.locator(".notice", { hasText: "Event noted" }).waitFor();
    end();
    expect((await pushed).status).toBe(200);
    await page.reload();
    await page.locator(".streams button", { hasText: "live/now" }).click();
    await page.locator(".events button", { hasText: "Alarm" }).waitFor();
    await selectAll();
    await page.locator(".danger").first().click();
    expect(await page.locator(".question").textContent()).toMatch(/Nothing in the selection .*Protected .*: 1\./s);
    await page.locator(".question button").click();
  });

  test("shows four cameras in step", async () => {
    await upload("live/cam2", "cam2", { segments: 2 });
    await page.reload();
    await install(page);
    await shownAt("live/cam1", 2.02);
    await page.locator(".cameras button").nth(1).click();
    const number = (): Promise<number> =>
      page.evaluate(async () => {
        const player = document.querySelector<HTMLElementTagNameMap["boxcar-player"]>("boxcar-player[data-stream]");
        for (const until = performance.now() + 8000; performance.now() < until;) {
          await new Promise((resolve) => setTimeout(resolve, 200));
          if (player !== null && player.video.readyState >= 2 && !player.video.seeking && player.timeMs > 0)
            return window.playback.read(player.video).number;
        }
        return -1;
      });
    expect(await number()).toBe(50);
    await page.keyboard.press(".");
    await page.waitForTimeout(500);
    expect(await number()).toBe(51);
    await page.locator(".cameras button").first().click();
  });

  test("forgets what is selected once another stream is chosen", async () => {
    const heading = page.locator(".range h2");
    await selectAll();
    await expect.poll(() => heading.textContent()).toBe("Selection");
    await page.locator(".streams button", { hasText: "live/cam2" }).click();
    await expect.poll(() => heading.textContent()).toBe("What the timeline shows");
    expect(await page.evaluate(() => document.querySelector("boxcar-player")?.range ?? null)).toBeNull();
  });

  // `npm ci` brings it.
  test
    .skipIf(!existsSync(AXE))
    .for([["/", "light"] as const, ["/", "dark"] as const, ["/docs", "light"] as const, ["/docs", "dark"] as const])(
    "has nothing that axe finds serious at %s in %s, at the width of a desk and of a phone",
    async ([path, colorScheme]) => {
      const axe = await readFile(AXE, "utf8");
      const own = await page.context().newPage();
      await own.emulateMedia({ colorScheme });
      await own.goto(server.url + path);
      await own
        .locator(path === "/" ? ".range h2" : ".opblock")
        .first()
        .waitFor();
      await own.evaluate(axe);
      for (const width of [1280, 390]) {
        await own.setViewportSize({ width, height: 860 });
        const found = await own.evaluate(async () => {
          const { violations } = await (window as unknown as AxeWindow).axe.run();
          return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id);
        });
        expect(found, `${String(width)} px`).toEqual([]);
      }
      await own.close();
    },
  );

  test("asks for nothing that its own policy or the server refuses", async () => {
    const problems: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(String(error)));
    await shownAt("live/cam1", 1);
    await page.locator(".timeline canvas").hover({ position: { x: 200, y: 50 } });
    await page.locator(".hover img").waitFor();
    expect(problems).toEqual([]);
  });
});
