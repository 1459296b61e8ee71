/** Outputs of a running server, and what readers make of them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumPath, openPage } from "../browser/chromium.ts";
import { firefoxPath, openFirefox, type Evaluates } from "../browser/firefox.ts";
import { startNode } from "../../src/runtime/node.ts";
import { ffmpegPath } from "../support/tools.ts";
import { installWatch, readInPage } from "./browser.ts";
import { judge, picturesOf } from "./judge.ts";
import { readWithMediabunny, readWithMp4box } from "./libraries.ts";
import { pathOf, type Format, type Output } from "./outputs.ts";
import {
  readWithFfmpeg,
  readWithGstreamer,
  readWithMediainfo,
  readWithMkvmerge,
  readWithMpv,
  versionOf,
  type Given,
} from "./programs.ts";
import type { Reading } from "./reading.ts";
import { recordStream, type StreamName } from "./streams.ts";
import { readWithVlc, vlcVersion } from "./vlc.ts";

/** Something that reads downloads, and is at hand here. */
export interface Reader {
  readonly name: string;
  readonly version: string;
  /** Formats that it is for. */
  readonly formats: readonly Format[];
  read(given: Given, output: Output): Promise<Reading>;
}

export interface Bench {
  readonly readers: readonly Reader[];
  /** What the reader makes of an output: what is wrong, a few words each. */
  try(reader: Reader, output: Output, format: Format): Promise<string[]>;
  close(): Promise<void>;
}

const both: readonly Format[] = ["mp4", "fmp4"];

/** Starts a server and all readers that are at hand. @param density of the moments at which browsers are looked at, a second */
export async function openBench(density: number): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-readers-"));
  const server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  const browsers = await openBrowsers(server.url);
  for (const { page } of browsers) await installWatch(page);
  const recorded = new Map<StreamName, Promise<void>>();
  const files = new Map<string, Promise<string>>();
  let scratches = 0;

  async function download(output: Output, format: Format): Promise<string> {
    let recording = recorded.get(output.stream);
    if (recording === undefined) {
      recording = recordStream(server.url, folder, output.stream);
      recorded.set(output.stream, recording);
    }
    await recording;
    const reply = await fetch(server.url + pathOf(output, format));
    if (!reply.ok) throw new Error(`${output.name}: ${await reply.text()}`);
    const file = join(folder, "outputs", `${output.name.replaceAll(/\W+/g, "-")}.${format}.mp4`);
    await mkdir(join(folder, "outputs"), { recursive: true });
    await writeFile(file, new Uint8Array(await reply.arrayBuffer()));
    return file;
  }

  const inPage = ({ name, version, page }: Browser, mse: boolean): Reader => ({
    ...{ name: `${name} ${mse ? "MSE" : "`<video>`"}`, version, formats: mse ? ["fmp4"] : both },
    read: async ({ url }, output) => {
      const type = mse ? await typeOf(server.url, output) : undefined;
      return readInPage(page, url, type, momentsOf(output, density));
    },
  });

  const readers = [
    await program("ffmpeg", ffmpegPath, readWithFfmpeg, ["-version"]),
    await program("GStreamer", "gst-launch-1.0", readWithGstreamer),
    await program("mpv", "mpv", readWithMpv),
    reader("VLC", await vlcVersion(), readWithVlc),
    await program("mkvmerge", "mkvmerge", readWithMkvmerge),
    await program("mediainfo", "mediainfo", readWithMediainfo),
    { name: "mp4box.js", version: "2.4.1", formats: both, read: readWithMp4box },
    { name: "mediabunny", version: "1.61.0", formats: both, read: readWithMediabunny },
    ...browsers.flatMap((browser) => [inPage(browser, false), inPage(browser, true)]),
  ].filter((reader) => reader !== undefined);

  return {
    readers,
    try: async (reader, output, format) => {
      const name = `${output.name} ${format}`;
      const made = files.get(name) ?? download(output, format);
      files.set(name, made);
      const file = await made;
      const scratch = join(folder, `scratch-${scratches++}`);
      const url = server.url + pathOf(output, format);
      return judge(output, await reader.read({ file, url, scratch, texts: output.texts ?? 0 }, output));
    },
    close: async () => {
      for (const browser of browsers) await browser.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A browser with a page of the server. */
interface Browser {
  readonly name: string;
  readonly version: string;
  readonly page: Evaluates;
  readonly close: () => Promise<void>;
}

/** Those that are at hand. */
async function openBrowsers(url: string): Promise<Browser[]> {
  const browsers: Browser[] = [];
  if (chromiumPath !== undefined) {
    const { page, close } = await openPage(url);
    browsers.push({ name: "Chromium", version: page.context().browser()?.version() ?? "", page, close });
  }
  if (firefoxPath === undefined) console.warn("SKIPPING Firefox: it is not installed");
  else browsers.push({ name: "Firefox", ...(await openFirefox(url)) });
  return browsers;
}

async function program(
  name: string,
  path: string,
  read: Reader["read"],
  versionArgs?: string[],
): Promise<Reader | undefined> {
  return reader(name, await versionOf(path, undefined, versionArgs), read);
}

function reader(name: string, version: string | undefined, read: Reader["read"]): Reader | undefined {
  if (version === undefined) console.warn(`SKIPPING ${name}: it is not installed`);
  return version === undefined ? undefined : { name, version, formats: both, read };
}

/** The middles of some of the output's pictures, always of the first and the last one. */
function momentsOf(output: Output, density: number): number[] {
  const times = picturesOf(output).map(({ time }) => time + 0.02);
  const step = Math.max(1, Math.round(25 / density));
  return times.filter((_, i) => i % step === 0 || i === times.length - 1);
}

async function typeOf(server: string, output: Output): Promise<string> {
  const path = pathOf(output, "fmp4")
    .replace("/download/", "/api/timeline/")
    .replace(".fmp4", "")
    .replace("&captions=clock&chapters=1", "");
  const { data } = (await (await fetch(server + path)).json()) as { data: { codecs: string } };
  return `video/mp4; codecs="${data.codecs}"`;
}
