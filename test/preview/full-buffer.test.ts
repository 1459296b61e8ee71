/** The player in a Chromium with room for 1 MiB of pictures, as devices of little memory and recordings of high bit rates have it. */
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

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-full-"));
  server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  const file = join(folder, "noise.mp4");
  const noise = ["-f", "lavfi", "-i", "color=gray:size=160x96:rate=25,noise=alls=60:all_seed=7:allf=t"];
  const encoded = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "800k", "-maxrate", "800k", "-bufsize", "400k"];
  await ffmpeg(["-v", "error", "-y", ...noise, "-t", String(LENGTH), ...encoded, "-g", "25", file]);
  const url = `${server.url}/mp4/api/segments/live/noise?start=${START}`;
  expect((await fetch(url, { method: "PUT", body: await readFile(file) })).status).toBe(201);
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
        await player.open({ streamPath: "live/noise", startMs, endMs });
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
