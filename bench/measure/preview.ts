/** The player and the page in a real Chromium, beside what others build with mp4box.js and mediabunny. */
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { CDPSession, Page } from "playwright-core";
import { chromiumPath, openPage } from "../../test/browser/chromium.ts";
import { random } from "../../test/support/random.ts";
import type { Bench, Opened } from "../browser/players.ts";
import { serveFiles, type FileServer } from "../files.ts";
import { manySegments } from "../many.ts";
import { DAY, DAY_OF_SHORT, HOUR, mergedFile, segmentAt, STREAM, STREAM_START } from "../material.ts";
import { startBoxcar } from "../servers.ts";
import { interleave, quantile } from "../statistics.ts";
import { record, type Context, type Measurements } from "./context.ts";
import { shortSegments } from "./remote.ts";

/** Minutes of the one large file: some 130 MB. */
const LARGE = 30;
/** What a bucket takes to answer, milliseconds. */
const LATE_MS = 30;
const SEEKS = 50;
const PICTURE_MS = 40;
/** What is played while bytes are counted, milliseconds. */
const PLAYED_MS = 60_000;
const PEERS = ["boxcar", "mp4box", "mediabunny"] as const;

/** What a fresh page showed, and what it then held. */
interface Shown extends Partial<Opened> {
  readonly firstMs: number;
  readonly heap: number;
}

/** A page with `window.bench`, that of nobody before. */
interface Fresh {
  readonly page: Page;
  readonly devTools: CDPSession;
}

/** Ranges of the server, files, URLs, and the page itself. Nothing without a Chromium. */
export async function preview(context: Context): Promise<Measurements> {
  if (chromiumPath === undefined) return {};
  const { boxcar, material } = context;
  const merged = await mergedFile(material, LARGE, () => undefined);
  const minutes = Array.from({ length: HOUR }, (_, i) => segmentAt(material, i));
  const files = await serveFiles([merged, ...minutes]);
  const { page, close } = await openPage(`http://127.0.0.1:${String(boxcar.port)}`);
  const browser = new Browser(page, await pageScript());
  try {
    return {
      ...(await ranges(context, browser)),
      ...(await ofFiles(context, browser, files)),
      ...(await localFiles(context, browser, minutes)),
      ...(await pageItself(context, browser)),
    };
  } finally {
    await close();
    await files.stop();
  }
}

/** Pages of one browser, one after another. */
class Browser {
  readonly #page: Page;
  readonly #script: string;
  readonly #url: string;

  constructor(page: Page, script: string) {
    this.#page = page;
    this.#script = script;
    this.#url = page.url();
  }

  /** Has something done in a fresh page. */
  async fresh<T>(does: (fresh: Fresh) => Promise<T>): Promise<T> {
    const page = await this.#page.context().newPage();
    try {
      await page.goto(this.#url);
      await page.addScriptTag({ type: "module", content: this.#script });
      await page.waitForFunction(() => "bench" in window);
      return await does({ page, devTools: await page.context().newCDPSession(page) });
    } finally {
      await page.close();
    }
  }

  /** An empty page, before it has gone anywhere. */
  empty(): Promise<Page> {
    return this.#page.context().newPage();
  }
}

/** An hour and a day of the server. */
async function ranges({ material, rounds }: Context, browser: Browser): Promise<Measurements> {
  const results: Measurements = {};
  const chance = random(31);
  for (const [name, minutes] of Object.entries({ hour: HOUR, day: Math.min(DAY, material.count) })) {
    const range = { streamPath: STREAM, startMs: STREAM_START, endMs: STREAM_START + minutes * 60_000 };
    const opened = async ({ page, devTools }: Fresh): Promise<Shown> => ({
      firstMs: await page.evaluate((of) => window.bench.firstOfRange(of), range),
      heap: await heapOf(devTools),
    });
    const runs = await interleave({ boxcar: () => browser.fresh(opened) }, rounds, 1);
    recordOpened(results, `preview.${name}`, runs);
    const { startMs, endMs } = range;
    const file = `/mp4/download/${STREAM}.mp4?start=${String(startMs)}&end=${String(endMs)}&inline=1`;
    const times = somewhere(minutes, chance);
    const seeks = await interleave(
      {
        boxcar: () =>
          browser.fresh(async (fresh) => {
            await opened(fresh);
            return quantile(await sought(fresh, times), 0.95);
          }),
        video: () =>
          browser.fresh(async ({ page }) => {
            const took = await page.evaluate(([url, to]) => window.bench.seekInFile(url, to), [file, times] as const);
            return quantile(took, 0.95);
          }),
      },
      rounds,
      1,
    );
    record(results, `preview.${name}.seekP95.ms`, seeks.boxcar ?? []);
    record(results, `preview.${name}.seekP95.video.ms`, seeks.video ?? []);
  }
  const { size } = await stat(segmentAt(material, 0));
  await browser.fresh(async ({ page, devTools }) => {
    let bytes = 0;
    devTools.on("Network.dataReceived", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await devTools.send("Network.enable");
    const range = { streamPath: STREAM, startMs: STREAM_START, endMs: STREAM_START + HOUR * 60_000 };
    await page.evaluate((of) => window.bench.firstOfRange(of), range);
    await page.evaluate((ms) => window.bench.play(ms), PLAYED_MS);
    record(results, "preview.hour.readBeyond.bytes", [Math.max(0, bytes - (1.2 * size * PLAYED_MS) / 60_000)]);
  });
  return results;
}

/** One large file, and an hour of small ones, all by URLs. */
async function ofFiles({ rounds }: Context, browser: Browser, files: FileServer): Promise<Measurements> {
  const results: Measurements = {};
  const cases = {
    url: { urls: [files.urlOf(0)], lateMs: 0 },
    segments: { urls: Array.from({ length: HOUR }, (_, i) => files.urlOf(i + 1)), lateMs: LATE_MS },
  };
  for (const [name, { urls, lateMs }] of Object.entries(cases)) {
    files.late(lateMs);
    const opened =
      (player: keyof Bench["players"]) =>
      async ({ page, devTools }: Fresh): Promise<Shown> => ({
        ...(await page.evaluate(([of, them]) => window.bench.open(of, them), [player, urls] as const)),
        heap: await heapOf(devTools),
      });
    const all = Object.fromEntries(PEERS.map((player) => [player, () => browser.fresh(opened(player))]));
    recordOpened(results, `preview.${name}`, await interleave(all, rounds, 1));
    files.late(0);
    const minutes = name === "url" ? LARGE : HOUR;
    const seek = (): Promise<number> =>
      browser.fresh(async (fresh) => {
        await opened("boxcar")(fresh);
        return quantile(await sought(fresh, somewhere(minutes, random(32))), 0.95);
      });
    record(results, `preview.${name}.seekP95.ms`, (await interleave({ seek }, rounds, 1)).seek ?? []);
  }
  return results;
}

/** An hour of files of the viewer. */
async function localFiles({ rounds }: Context, browser: Browser, paths: readonly string[]): Promise<Measurements> {
  const results: Measurements = {};
  const opened =
    (player: keyof Bench["players"]) =>
    async ({ page, devTools }: Fresh): Promise<Shown> => {
      await page.evaluate(() => {
        const input = document.createElement("input");
        Object.assign(input, { type: "file", multiple: true });
        document.body.replaceChildren(input);
      });
      await page.locator("input").setInputFiles([...paths]);
      const opened = await page.evaluate(
        (of) => window.bench.open(of, [...(document.querySelector("input")?.files ?? [])]),
        player,
      );
      return { ...opened, heap: await heapOf(devTools) };
    };
  const all = Object.fromEntries(PEERS.map((player) => [player, () => browser.fresh(opened(player))]));
  recordOpened(results, "preview.files", await interleave(all, rounds, 1));
  return results;
}

/** The page: its size, its first paint, and its timeline of a month of ten-second segments while it is dragged. */
async function pageItself({ program, material, rounds }: Context, browser: Browser): Promise<Measurements> {
  const results: Measurements = {};
  const built = join(resolve(program, ".."), "page");
  const names = (await readdir(built)).filter((name) => /\.(js|css|html|svg|wasm)$/.test(name));
  const sizes = await Promise.all(names.map(async (name) => gzipSync(await readFile(join(built, name))).length));
  record(results, "preview.page.gzip.bytes", [sizes.reduce((sum, size) => sum + size, 0)]);
  const folder = await mkdtemp(join(tmpdir(), "boxcar-preview-"));
  const files = (await shortSegments(material)).slice(0, 16);
  await manySegments(program, folder, { streamPath: STREAM, files, seconds: 10, count: 30 * DAY_OF_SHORT });
  const server = await startBoxcar(program, folder);
  try {
    const middle = new Date(STREAM_START + 15 * 86_400_000).toISOString();
    const hash = new URLSearchParams({ stream: STREAM, t: middle }).toString();
    const paints: number[] = [];
    const frames: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const page = await browser.empty();
      await page.goto(`http://127.0.0.1:${String(server.port)}/#${hash}`);
      await page.locator(".timeline canvas").waitFor();
      const paintMs = await page.evaluate(
        () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      );
      const intervals = await dragged(page);
      await page.close();
      if (round === 0) continue;
      paints.push(paintMs);
      frames.push(quantile(intervals, 0.95));
    }
    record(results, "preview.page.paint.ms", paints);
    record(results, "preview.timeline.frameP95.ms", frames);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
  return results;
}

/** Milliseconds from one frame to the next while a timeline of a month is dragged to and fro. */
async function dragged(page: Page): Promise<number[]> {
  const box = await page.locator(".timeline canvas").boundingBox();
  if (box === null) throw new Error("no timeline");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width / 2, y);
  for (let i = 0; i < 30; i++) await page.mouse.wheel(0, 400); // zooms out as far as it goes
  await page.waitForTimeout(1000);
  await page.evaluate(() => {
    const times: number[] = [];
    const note = (time: number): void => {
      times.push(time);
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    Object.assign(window, { times });
  });
  await page.mouse.down();
  for (let i = 0; i < 120; i++) await page.mouse.move(box.x + box.width * (0.5 + 0.3 * Math.sin(i / 10)), y);
  await page.mouse.up();
  const times = await page.evaluate(() => (window as unknown as { times: number[] }).times);
  return times.slice(1).map((time, i) => time - (times[i] ?? 0));
}

/** Times that are sought: of any pictures of some minutes, milliseconds. */
function somewhere(minutes: number, chance: ReturnType<typeof random>): number[] {
  const pictures = (minutes * 60_000) / PICTURE_MS;
  return Array.from({ length: SEEKS }, () => (chance.below(pictures - 1) + 0.5) * PICTURE_MS);
}

/** What each of some seeks takes. */
function sought({ page }: Fresh, times: readonly number[]): Promise<number[]> {
  return page.evaluate(([to, ms]) => window.bench.seek(to, ms), [times, PICTURE_MS] as const);
}

/** Bytes of JavaScript's heap and of its buffers, after what is garbage is gone. */
async function heapOf(devTools: CDPSession): Promise<number> {
  await devTools.send("HeapProfiler.collectGarbage");
  const usage = (await devTools.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize?: number };
  return usage.usedSize + (usage.backingStorageSize ?? 0);
}

function recordOpened(
  results: Measurements,
  name: string,
  runs: Readonly<Record<string, readonly Shown[] | undefined>>,
): void {
  for (const [player, opened = []] of Object.entries(runs)) {
    record(
      results,
      `${name}.first.${player}.ms`,
      opened.map(({ firstMs }) => firstMs),
    );
    const wholes = opened.flatMap(({ wholeMs }) => wholeMs ?? []);
    if (wholes.length > 0) record(results, `${name}.whole.${player}.ms`, wholes);
    record(
      results,
      `${name}.heap.${player}.bytes`,
      opened.map(({ heap }) => heap),
    );
  }
}

async function pageScript(): Promise<string> {
  const built = await build({
    ...{ entryPoints: [resolve("bench", "browser", "players.ts")], bundle: true, write: false, format: "esm" },
    ...{ platform: "browser", external: ["/page/*"], target: "es2022", logLevel: "warning" },
  });
  return built.outputFiles[0]?.text ?? "";
}
