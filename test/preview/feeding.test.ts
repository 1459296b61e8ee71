/**
 * The player where it is not given all it wants: in a Chromium with room for 1 MiB of pictures, as devices of little memory and
 * recordings of high bit rates have it, and of a server that goes away.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Player } from "../../src/preview/index.ts";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { chromiumPath, openPage } from "../browser/chromium.ts";
import { ffmpeg } from "../support/tools.ts";

declare global {
  interface Window {
    Player: typeof Player;
  }
}

const START = Date.UTC(2026, 0, 31, 10, 0, 0);
/** Seconds of the recording. Of 30 s, which the player has ready elsewhere, there is room for a third. */
const LENGTH = 40;
let folder = "";
let server: RunningServer;
let page: Page;
let closePage: () => Promise<void>;

const settings = (): Record<string, string> => ({
  PORT: "0",
  BOXCAR_DATA: join(folder, "data"),
  BOXCAR_LOG: "error",
});

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-full-"));
  server = await startNode(settings());
  const file = join(folder, "noise.mp4");
  const noise = ["-f", "lavfi", "-i", "color=gray:size=160x96:rate=25,noise=alls=60:all_seed=7:allf=t"];
  const encoded = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "800k", "-maxrate", "800k", "-bufsize", "400k"];
  await ffmpeg(["-v", "error", "-y", ...noise, "-t", String(LENGTH), ...encoded, "-g", "25", file]);
  for (const stream of ["full", "away"]) {
    const url = `${server.url}/mp4/api/segments/live/${stream}?start=${START}`;
    expect((await fetch(url, { method: "PUT", body: await readFile(file) })).status).toBe(201);
  }
  ({ page, close: closePage } = await openPage(server.url, "/healthz", ["--mse-video-buffer-size-limit-mb=1"]));
  await page.addScriptTag({
    type: "module",
    content: `import { Player } from "/page/player.js"; window.Player = Player;`,
  });
  await page.waitForFunction(() => "Player" in window);
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await closePage();
  await server.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(chromiumPath === undefined)("a buffer without room for 30 s", () => {
  test("is played without an error, and what the browser removed is fetched again", async () => {
    const found = await page.evaluate(
      async ([startMs, endMs]) => {
        const player = new window.Player(document.body.appendChild(document.createElement("video")));
        const errors: string[] = [];
        player.video.muted = true;
        player.addEventListener("error", ({ detail }) => errors.push(detail.message));
        await player.open({ streamPath: "live/full", startMs, endMs });
        player.seek(endMs - 5000);
        player.rate = 4;
        player.play();
        await new Promise((resolve) => player.video.addEventListener("ended", resolve, { once: true }));
        const shownMs: number[] = [];
        for (const timeMs of [31_020, 24_020, 17_020, 3020, 38_020]) {
          const shown = new Promise((resolve) => player.video.requestVideoFrameCallback(resolve));
          player.seek(startMs + timeMs);
          await shown;
          shownMs.push(player.timeMs - startMs);
        }
        return { errors, shownMs };
      },
      [START, START + LENGTH * 1000] as const,
    );
    expect(found.errors).toEqual([]);
    expect(found.shownMs.map(Math.round)).toEqual([31_020, 24_020, 17_020, 3020, 38_020]);
  });
});

describe.skipIf(chromiumPath === undefined)("a server that is away", () => {
  test("is told of, and once it is back the picture comes by itself", async () => {
    await page.evaluate(
      async ([startMs, endMs]) => {
        const player = document.body.appendChild(document.createElement("boxcar-player"));
        player.muted = true;
        const shown = new Promise((resolve) => player.video.requestVideoFrameCallback(resolve));
        await player.open({ streamPath: "live/away", startMs, endMs });
        await shown;
      },
      [START, START + LENGTH * 1000] as const,
    );
    const alert = page.locator("boxcar-player [role=alert]");
    const { port } = new URL(server.url);
    await server.close();
    await page.evaluate((timeMs) => document.querySelector("boxcar-player")?.seek(timeMs), START + 38_020);
    await expect.poll(() => alert.textContent()).toBe("The server cannot be reached.");
    server = await startNode({ ...settings(), PORT: port });
    await expect.poll(() => alert.textContent(), { timeout: 10_000 }).toBe("");
    const shownMs = await page.evaluate(() => document.querySelector("boxcar-player")?.timeMs ?? 0);
    expect(Math.round(shownMs - START)).toBe(38_020);
  });
});
