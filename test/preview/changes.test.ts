/** `<boxcar-player>` in a real Chromium where sound comes and goes, a codec is missing, and a recording grows. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { chromiumPath, openPage } from "../browser/chromium.ts";
import { FPS, numberedPictures, recordNumbered } from "../browser/numbered-recording.ts";
import { pushNumbered } from "../hls/live-source.ts";
import { ffmpeg } from "../support/tools.ts";

const START = Date.UTC(2026, 0, 31, 10, 0, 0);
let folder = "";
let server: RunningServer;
let page: Page;
let closePage: () => Promise<void>;

async function upload(stream: string, files: readonly string[]): Promise<void> {
  for (const [i, file] of files.entries()) {
    const url = `${server.url}/mp4/api/segments/live/${stream}?start=${START + i * 4000}`;
    expect((await fetch(url, { method: "PUT", body: await readFile(file) })).status).toBe(201);
  }
}

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-changes-"));
  server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  const files = await recordNumbered({ folder, name: "cam", segments: 3, seconds: 4 });
  const silent = files.map((file) => file.replace("cam", "silent"));
  for (const [i, file] of files.entries())
    await ffmpeg(["-v", "error", "-y", "-i", file, "-an", "-c", "copy", silent[i] ?? ""]);
  const [first = "", second = "", third = ""] = files;
  await upload("sounding", [silent[0] ?? "", second, silent[2] ?? ""]);
  const hevc = join(folder, "hevc.mp4");
  const pictures = ["-f", "lavfi", "-i", numberedPictures("160x96", 4 * FPS), "-t", "4"];
  await ffmpeg([
    "-v",
    "error",
    "-y",
    ...pictures,
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=none",
    "-tag:v",
    "hvc1",
    hevc,
  ]);
  await upload("mixed", [first, hevc, third]);
  ({ page, close: closePage } = await openPage(server.url));
  await page.addScriptTag({ type: "module", content: `import "/page/player.js";` });
  await page.waitForFunction(() => customElements.get("boxcar-player") !== undefined);
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await closePage();
  await server.close();
  await rm(folder, { recursive: true });
});

/** Opens a stream in a new element, whose pictures and stills are noted. */
function open(attributes: Record<string, string>): Promise<void> {
  return page.evaluate(async (given) => {
    const player = document.createElement("boxcar-player");
    const noted = { numbers: [] as number[], stills: [] as (string | undefined)[], errors: [] as string[] };
    Object.assign(window, { noted });
    player.muted = true;
    for (const [name, value] of Object.entries(given)) player.setAttribute(name, value);
    player.addEventListener("stills", ({ detail }) => noted.stills.push(detail?.codecs));
    player.addEventListener("error", ({ detail }) => noted.errors.push(detail.message));
    const look = (): void => {
      noted.numbers.push(window.playback.read(player.video).number);
      player.video.requestVideoFrameCallback(look);
    };
    player.video.requestVideoFrameCallback(look);
    const opened = new Promise((resolve) => player.addEventListener("open", resolve, { once: true }));
    document.body.replaceChildren(player);
    await opened;
  }, attributes);
}
interface Noted {
  readonly numbers: number[];
  readonly stills: (string | undefined)[];
  readonly errors: string[];
}
const noted = (): Promise<Noted> => page.evaluate(() => (window as unknown as { noted: Noted }).noted);
const times = { start: String(START), end: String(START + 12_000) };

/** The number of the picture at rest after a seek. */
async function pictureAt(picture: number): Promise<number> {
  return page.evaluate(
    async ([at]) => {
      const player = document.querySelector("boxcar-player");
      player?.seek(at);
      for (const until = performance.now() + 8000; performance.now() < until;) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        if (player?.video.readyState === 4 && !player.video.seeking) return window.playback.read(player.video).number;
      }
      return -2;
    },
    [START + ((picture + 0.5) / FPS) * 1000] as const,
  );
}

describe.skipIf(chromiumPath === undefined)("<boxcar-player>", () => {
  test("plays and seeks where sound begins late and ends early", async () => {
    await open({ stream: "live/sounding", ...times });
    for (const picture of [3, 150, 99, 100, 199, 200, 280, 40]) expect(await pictureAt(picture)).toBe(picture);
    await page.evaluate(async (start) => {
      const player = document.querySelector("boxcar-player");
      player?.seek(start + 3000);
      if (player) player.rate = 2;
      player?.play();
      for (
        const until = performance.now() + 15_000;
        performance.now() < until && (player?.timeMs ?? 0) < start + 11_500;
      )
        await new Promise((resolve) => setTimeout(resolve, 50));
    }, START);
    const { numbers, errors } = await noted();
    expect(errors).toEqual([]);
    const played = numbers.slice(numbers.lastIndexOf(40) + 1);
    expect(played).toEqual(played.toSorted((a, b) => a - b));
    // At twice the speed; the picture may rest for a moment where another buffer takes over.
    expect(new Set(played.map((number) => Math.floor(number / 12))).size).toBeGreaterThan(15);
    expect(played.at(-1)).toBeGreaterThan(280);
  });

  test("shows single pictures of the server where the browser lacks the codec, and says so", async () => {
    await open({ stream: "live/mixed", ...times });
    expect(await pictureAt(50)).toBe(50);
    const still = await page.evaluate(
      async (at) => {
        const player = document.querySelector("boxcar-player");
        player?.seek(at);
        while (!player?.video.poster.startsWith("blob:")) await new Promise((resolve) => setTimeout(resolve, 50));
        const image = await createImageBitmap(await (await fetch(player.video.poster)).blob());
        const canvas = new OffscreenCanvas(160, 96);
        const context = canvas.getContext("2d");
        context?.drawImage(image, 0, 0, 160, 96);
        const row = context?.getImageData(0, 24, 160, 1).data ?? [];
        const bits = Array.from({ length: 12 }, (_, bit) =>
          (row[4 * Math.floor(((bit + 0.5) * 160) / 12)] ?? 0) > 127 ? 2 ** bit : 0,
        );
        const told = player.shadowRoot?.querySelector(".error")?.textContent;
        return { number: bits.reduce((sum, bit) => sum + bit, 0), told, timeMs: player.timeMs };
      },
      START + (150.5 / FPS) * 1000,
    );
    expect(still.number).toBe(150);
    expect(still.told).toMatch(/cannot play hvc1/);
    expect(still.timeMs - START).toBeCloseTo(6020.5, 0);
    // It goes on by single pictures, and plays what follows.
    await page.evaluate(async (start) => {
      const player = document.querySelector("boxcar-player");
      if (player) player.rate = 4;
      player?.play();
      for (const until = performance.now() + 8000; performance.now() < until && (player?.timeMs ?? 0) < start + 9000;)
        await new Promise((resolve) => setTimeout(resolve, 50));
    }, START);
    const { numbers, stills, errors } = await noted();
    expect(errors).toEqual([]);
    expect(stills).toEqual([expect.stringMatching(/^hvc1/), undefined]);
    expect(numbers.at(-1)).toBeGreaterThan(205);
    expect(
      await page.evaluate(
        () => document.querySelector("boxcar-player")?.shadowRoot?.querySelector(".error")?.textContent,
      ),
    ).toBe("");
  });

  test("follows what is being recorded, and goes on in the recording when it was paused", async () => {
    const source = await pushNumbered(server.url, "live/now", folder, 8);
    await open({ stream: "live/now", live: "" });
    const wait = (ms: number): Promise<void> => page.waitForTimeout(ms);
    await page.evaluate(() => document.querySelector("boxcar-player")?.play());
    await wait(1500);
    const { numbers: before } = await noted();
    const behindMs = Date.now() - (source.startMs + ((before.at(-1) ?? 0) * 1000) / FPS);
    expect(await page.evaluate(() => document.querySelector("boxcar-player")?.isLive)).toBe(true);
    expect(behindMs).toBeLessThan(10_000);
    await page.evaluate(() => document.querySelector("boxcar-player")?.pause());
    await wait(300);
    const { length: resting } = (await noted()).numbers;
    await source.over;
    await page.evaluate(() => {
      const player = document.querySelector("boxcar-player");
      if (player) player.rate = 2;
      player?.play();
    });
    await page.waitForFunction(() => document.querySelector("boxcar-player")?.video.ended === true, undefined, {
      timeout: 20_000,
    });
    const { numbers, errors } = await noted();
    expect(errors).toEqual([]);
    const [last = 0, next = 0] = numbers.slice(resting - 1);
    expect(next - last).toBeLessThanOrEqual(FPS);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(numbers.at(-1)).toBe(8 * FPS - 1);
    expect(await page.evaluate(() => document.querySelector("boxcar-player")?.isLive)).toBe(false);
  });
});
