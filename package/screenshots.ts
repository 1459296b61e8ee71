/**
 * Pictures of the page for docs/screenshots: each main view at three widths, light and dark, in English and Chinese. Arguments: the views that are
 * to be made anew, by default all.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { startNode, type RunningServer } from "../src/runtime/node.ts";
import { chromiumPath } from "../test/browser/chromium.ts";
import { ffmpeg } from "../test/support/tools.ts";

const FOLDER = "docs/screenshots";
const START = Date.UTC(2026, 0, 31, 10, 0, 0);
const WIDTHS = [390, 820, 1280] as const;
const HEIGHT = 860;
/** Cameras, what they see, and when their segments of 10 s start: seconds after START. */
const CAMERAS = [
  ["site/gate", "mandelbrot=size=640x360:rate=25:start_scale=0.8:end_scale=0.01:end_pts=3000", [0, 10, 20, 45, 55]],
  ["site/hall", "testsrc2=size=640x360:rate=25", [0, 10, 20, 30, 40, 50]],
  ["site/yard", "testsrc=size=640x360:rate=25", [0, 10, 30, 40, 50]],
  ["site/depot", "smptehdbars=size=640x360:rate=25", [5, 15, 25, 35]],
] as const;

interface Look {
  readonly colorScheme: "light" | "dark";
  readonly locale: "en-GB" | "zh-CN";
}
const LOOKS: readonly Look[] = (["light", "dark"] as const).flatMap((colorScheme) =>
  (["en-GB", "zh-CN"] as const).map((locale) => ({ colorScheme, locale })),
);
/** Of further views: each language and each look once. */
const FEW: readonly Look[] = [
  { colorScheme: "light", locale: "en-GB" },
  { colorScheme: "dark", locale: "zh-CN" },
];

const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
const place = `#stream=site/gate&t=2026-01-31T10:00:24.5Z`;

/** What each view needs besides the page itself. */
const VIEWS: readonly {
  name: string;
  looks: readonly Look[];
  path: string;
  prepare?: (page: Page, folder: string) => Promise<void>;
}[] = [
  { name: "recording", looks: LOOKS, path: `/${place}`, prepare: select },
  {
    name: "cameras",
    looks: FEW,
    path: `/${place}`,
    prepare: async (page) => {
      await page.locator(".cameras button").nth(1).click();
      await page.waitForTimeout(2500);
    },
  },
  {
    name: "files",
    looks: FEW,
    path: "/",
    prepare: async (page, folder) => {
      await page
        .locator("input[type=file]")
        .first()
        .setInputFiles([join(folder, "gate-0.mp4"), join(folder, "gate-1.mp4")]);
      await page.waitForTimeout(1500);
    },
  },
  {
    name: "upload",
    looks: FEW,
    path: `/${place}`,
    prepare: async (page, folder) => {
      await page
        .locator("input[type=file]")
        .last()
        .setInputFiles([join(folder, "hall-0.mp4"), join(folder, "hall-1.mp4")]);
      await page.locator(".uploads").waitFor();
      await page.locator(".uploads").scrollIntoViewIfNeeded();
    },
  },
  { name: "docs", looks: [{ colorScheme: "light", locale: "en-GB" }], path: "/docs" },
];

async function select(page: Page): Promise<void> {
  await page.waitForTimeout(600);
  const box = await page.locator(".timeline canvas").boundingBox();
  if (box === null) throw new Error("no timeline");
  await page.keyboard.down("Shift");
  await page.mouse.move(box.x + box.width * 0.3, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.42, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await page.waitForTimeout(600);
}

async function record(server: RunningServer, folder: string): Promise<void> {
  for (const [stream, source, starts] of CAMERAS) {
    const name = stream.replace("site/", "");
    await ffmpeg([
      ...["-v", "error", "-y", "-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.05:seed=1"],
      ...[
        "-t",
        String(starts.length * 10),
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-g",
        "50",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
      ],
      ...["-f", "segment", "-segment_time", "10", "-reset_timestamps", "1", join(folder, `${name}-%d.mp4`)],
    ]);
    for (const [i, at] of starts.entries()) {
      const url = `${server.url}/mp4/api/segments/${stream}?start=${String(START + at * 1000)}`;
      await fetch(url, { method: "PUT", body: await readFile(join(folder, `${name}-${String(i)}.mp4`)) });
    }
  }
}

/** @param quality of WebP: text stays sharp enough to be read */
async function shoot(
  browser: Browser,
  url: string,
  name: string,
  look: Look,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  for (const width of WIDTHS) {
    const context = await browser.newContext({
      ...look,
      timezoneId: "UTC",
      viewport: { width, height: HEIGHT },
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForTimeout(1500);
    await act(page);
    const png = join(tmpdir(), `boxcar-${String(process.pid)}.png`);
    await page.screenshot({ path: png });
    const file = join(FOLDER, `${name}-${String(width)}-${look.colorScheme}-${look.locale.slice(0, 2)}.webp`);
    await ffmpeg(["-v", "error", "-y", "-i", png, "-c:v", "libwebp", "-quality", "60", file]);
    await rm(png);
    await context.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), "boxcar-screenshots-"));
const server = await startNode({
  PORT: "0",
  BOXCAR_DATA: join(folder, "data"),
  BOXCAR_LOG: "error",
  BOXCAR_LINK_SECRET: "a-link-secret-of-32-characters-00",
});
const browser = await chromium.launch({ executablePath: chromiumPath ?? "chromium", args: ["--no-sandbox"] });
try {
  await mkdir(FOLDER, { recursive: true });
  for (const look of isWanted("empty") ? FEW : [])
    await shoot(browser, server.url, "empty", look, () => Promise.resolve());
  await record(server, folder);
  for (const { name, looks, path, prepare } of VIEWS.filter((view) => isWanted(view.name)))
    for (const look of looks)
      await shoot(browser, server.url + path, name, look, async (page) => prepare?.(page, folder));
} finally {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true });
}
