/** A real Chromium, and what a `<video>` in it shows. */
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { BITS } from "./numbered-recording.ts";

/** A picture that was shown, read from its pixels. */
export interface Shown {
  /** Media time of the picture, seconds. */
  readonly time: number;
  /** The number drawn into it; -1 when it cannot be read, as in a picture decoded from the wrong references. */
  readonly number: number;
  readonly width: number;
  readonly height: number;
}

/** What came of playing a source from its start to its end. */
export interface Played {
  /** Seconds, at the end. */
  readonly duration: number;
  /** What it was taken for before, from the metadata alone, as `duration` each time it changed. */
  readonly durations: readonly number[];
  /** Where it stood at last, seconds. */
  readonly currentTime: number;
  readonly ended: boolean;
  /** Message of the `error` event, or that playback stood still. */
  readonly error: string | undefined;
  /** The picture before playback began. */
  readonly first: Shown | undefined;
  /** Pictures in the order they were shown; above real time a player leaves some out. */
  readonly shown: readonly Shown[];
  /** Sizes the element took on (`videoWidth`x`videoHeight`), in order; Chromium may state one more than once. */
  readonly sizes: readonly string[];
  /** Bytes of sound that were decoded. */
  readonly audioBytes: number;
}

export interface Player {
  play(path: string, options?: { rate?: number }): Promise<Played>;
  /** The picture after seeking to each of the times (seconds), in that order, in one element, up to an error. */
  seek(path: string, times: readonly number[]): Promise<(Shown | string)[]>;
  /** The cues of a WebVTT file as a `<track>` has them. */
  cues(path: string): Promise<Cue[]>;
  close(): Promise<void>;
}

/** A cue of a text track. */
export interface Cue {
  /** Seconds. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The Chromium to drive: `CHROMIUM_PATH`, else where distributions install it; undefined when there is none. */
export const chromiumPath: string | undefined = firstExecutable(
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
);

if (chromiumPath === undefined) {
  console.warn("SKIPPING every test that needs a browser: no Chromium in CHROMIUM_PATH or /usr/bin");
}

/** The first of some paths that can be run. */
export function firstExecutable(...paths: readonly (string | undefined)[]): string | undefined {
  return paths.find((path) => path !== undefined && path !== "" && isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

/**
 * A browser with an empty profile on a document of that server, with `window.playback` in it. Default: one without media.
 * @param flags of its command line, beside those that all have
 */
export async function openPage(
  serverUrl: string,
  path = "/healthz",
  flags: readonly string[] = [],
): Promise<{ readonly page: Page; readonly close: () => Promise<void> }> {
  if (chromiumPath === undefined) throw new Error("no Chromium; guard the test with chromiumPath");
  const profile = await mkdtemp(join(tmpdir(), "boxcar-chromium-"));
  const args = [...FLAGS, ...flags];
  const browser = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, args });
  const page = await browser.newPage();
  await page.goto(serverUrl + path); // any document of the server: pixels of its media may be read there
  await install(page);
  return {
    page,
    close: async () => {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Starts a browser that plays what that server serves. */
export async function openPlayer(serverUrl: string): Promise<Player> {
  const { page, close } = await openPage(serverUrl);
  return {
    play: (path, { rate = 4 } = {}) =>
      page.evaluate(([src, speed]) => window.playback.play(src, speed), [serverUrl + path, rate] as const),
    seek: (path, times) =>
      page.evaluate(([src, to]) => window.playback.seek(src, to), [serverUrl + path, times] as const),
    cues: (path) => page.evaluate((src) => window.playback.cues(src), serverUrl + path),
    close,
  };
}

declare global {
  interface Window {
    playback: {
      play(src: string, rate: number): Promise<Played>;
      seek(src: string, times: readonly number[]): Promise<(Shown | string)[]>;
      cues(src: string): Promise<Cue[]>;
      /** The picture that the element shows now. */
      read(video: HTMLVideoElement | HTMLImageElement): Shown;
    };
  }
  interface HTMLVideoElement {
    readonly webkitAudioDecodedByteCount: number;
  }
}

/** Puts `window.playback` into the page, which is gone with each document. The function runs there: nothing of this module is in reach. */
export function install(page: Pick<Page, "evaluate">): Promise<void> {
  return page.evaluate((bits) => {
    const STILL_MS = 3000; // so long without progress is an end
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("no canvas");

    function read(video: HTMLVideoElement | HTMLImageElement): Shown {
      const frame = video instanceof HTMLImageElement ? new VideoFrame(video, { timestamp: 0 }) : new VideoFrame(video); // picture and time together, whatever the element does next
      const [width, height] = [frame.displayWidth, frame.displayHeight];
      [canvas.width, canvas.height] = [width, height];
      context?.drawImage(frame, 0, 0);
      const time = frame.timestamp / 1e6;
      frame.close();
      const pixels = context?.getImageData(0, 0, width, height).data ?? [];
      const white = (x: number, y: number): boolean =>
        (pixels[(Math.floor(y) * width + Math.floor(x)) * 4 + 1] ?? 0) > 127;
      let number = 0;
      for (let bit = 0; bit < bits; bit++) {
        const x = ((bit + 0.5) * width) / bits;
        const set = white(x, height / 4);
        if (set === white(x, (height * 3) / 4)) return { time, number: -1, width, height };
        if (set) number += 2 ** bit;
      }
      return { time, number, width, height };
    }

    /** An element that has its first picture. Rejects with the message of its error. */
    async function open(src: string, durations: number[] = []): Promise<HTMLVideoElement> {
      document.body.replaceChildren();
      const video = document.createElement("video");
      video.addEventListener("durationchange", () => durations.push(video.duration));
      document.body.append(video);
      video.preload = "auto";
      const loaded = new Promise<void>((resolve, reject) => {
        video.requestVideoFrameCallback(() => resolve());
        video.addEventListener("error", () => reject(new Error(messageOf(video))));
        setTimeout(() => reject(new Error("no picture")), STILL_MS);
      });
      video.src = src;
      await loaded;
      return video;
    }

    const messageOf = ({ error }: HTMLVideoElement): string =>
      `MediaError ${String(error?.code)}: ${String(error?.message)}`;

    async function play(src: string, rate: number): Promise<Played> {
      const shown: Shown[] = [];
      const sizes: string[] = [];
      const durations: number[] = [];
      let video: HTMLVideoElement;
      try {
        video = await open(src, durations);
      } catch (cause) {
        const error = String(cause);
        return {
          ...{ duration: Number.NaN, currentTime: 0, ended: false, error, first: undefined },
          ...{ durations, shown, sizes, audioBytes: 0 },
        };
      }
      const first = read(video);
      const look = (): void => {
        shown.push(read(video));
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
      const noteSize = (): number => sizes.push(`${video.videoWidth}x${video.videoHeight}`);
      noteSize();
      video.addEventListener("resize", noteSize);
      const error = await new Promise<string | undefined>((resolve) => {
        let still = 0;
        const start = (): void => {
          clearTimeout(still);
          still = window.setTimeout(() => resolve("stands still"), STILL_MS);
        };
        start();
        video.addEventListener("timeupdate", start);
        video.addEventListener("ended", () => resolve(undefined));
        video.addEventListener("error", () => resolve(messageOf(video)));
        video.playbackRate = rate;
        video.play().catch((cause: unknown) => resolve(String(cause)));
      });
      const { duration, currentTime, ended, webkitAudioDecodedByteCount: audioBytes } = video;
      return { duration, durations, currentTime, ended, error, first, shown, sizes, audioBytes };
    }

    async function seek(src: string, times: readonly number[]): Promise<(Shown | string)[]> {
      const video = await open(src);
      const found: (Shown | string)[] = [];
      for (const time of times) {
        if (video.error !== null) break;
        found.push(
          await new Promise<Shown | string>((resolve) => {
            setTimeout(() => resolve(`no picture at ${time}`), STILL_MS);
            video.addEventListener("error", () => resolve(messageOf(video)), { once: true });
            const seeked = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
            const pictured = new Promise((done) => video.requestVideoFrameCallback(done));
            video.currentTime = time;
            void Promise.all([seeked, pictured]).then(() => resolve(read(video)));
          }),
        );
      }
      return found;
    }

    async function cues(src: string): Promise<Cue[]> {
      const track = document.createElement("track");
      document.body.replaceChildren(document.createElement("video"));
      document.querySelector("video")?.append(track);
      const loaded = new Promise((resolve, reject) => {
        track.addEventListener("load", resolve);
        track.addEventListener("error", () => reject(new Error("the track cannot be loaded")));
      });
      track.src = src;
      track.track.mode = "hidden"; // loads it
      await loaded;
      return [...(track.track.cues ?? [])].map((cue) => {
        const { startTime: from, endTime: to, text } = cue as VTTCue;
        return { from, to, text };
      });
    }

    window.playback = { play, seek, cues, read };
  }, BITS);
}
