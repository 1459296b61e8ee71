/** Players of HLS and DASH in a real Chromium. */
import type { Page } from "playwright-core";
import { openPage, type Shown } from "../browser/chromium.ts";

export type PlayerName = "hls.js" | "shaka" | "dash.js" | "native";

/** Scripts that players are in, below node_modules: not all of them are exported by their packages. */
const scripts = [
  "hls.js/dist/hls.min.js",
  "shaka-player/dist/shaka-player.compiled.js",
  "dashjs/dist/modern/umd/dash.all.min.js",
];

/** A picture, and the moment that the player takes it for, milliseconds since 1970: of hls.js. */
export interface Dated extends Shown {
  readonly dateMs?: number | undefined;
}

/** What came of playing a source. */
export interface StreamPlayed {
  readonly duration: number;
  readonly ended: boolean;
  readonly error: string | undefined;
  readonly shown: readonly Shown[];
  /** The longest time without a new picture, milliseconds of real time, and where it was. */
  readonly stalledMs: number;
  readonly stalledAt: number;
}

export interface StreamPlayers {
  /** The pictures after seeking to each of the times (seconds), in that order. */
  seek(name: PlayerName, path: string, times: readonly number[]): Promise<(Dated | string)[]>;
  /** @param from seconds */
  play(name: PlayerName, path: string, from?: number): Promise<StreamPlayed>;
  /** What captions say at each of the times (seconds). */
  captions(name: PlayerName, path: string, times: readonly number[]): Promise<string[]>;
  /** What is shown of a stream that is being recorded, for so many seconds from the first picture on. */
  follow(name: PlayerName, path: string, seconds: number): Promise<Followed>;
  close(): Promise<void>;
}

/** What came of following a stream. */
export interface Followed {
  /** Each picture, and when it was shown, milliseconds since 1970. */
  readonly shown: readonly { readonly number: number; readonly atMs: number }[];
  /** From the request to the first picture, milliseconds. */
  readonly firstMs: number;
  readonly errors: readonly string[];
  /** Parts that were loaded. */
  readonly parts: number;
  /** The longest time without a new picture, milliseconds. */
  readonly stalledMs: number;
}

/** What the scripts put into the page, as far as it is used. */
interface PlayerScripts {
  readonly Hls: {
    readonly Events: { readonly ERROR: string; readonly FRAG_LOADED: string };
    new (options: object): {
      on(event: string, listener: (event: unknown, data: Record<string, unknown>) => void): void;
      loadSource(src: string): void;
      attachMedia(video: HTMLVideoElement): void;
      readonly playingDate: Date | null;
      destroy(): void;
    };
  };
  readonly shaka: {
    readonly Player: new () => {
      attach(video: HTMLVideoElement): Promise<void>;
      addEventListener(event: string, listener: (event: { readonly detail: unknown }) => void): void;
      load(src: string): Promise<void>;
      configure(options: object): void;
      destroy(): Promise<void>;
    };
  };
  readonly dashjs: {
    MediaPlayer(): {
      create(): {
        updateSettings(settings: object): void;
        on(event: string, listener: (event: { readonly error: unknown }) => void): void;
        setTextTrack(number: number): void;
        initialize(video: HTMLVideoElement, src: string, autoplay: boolean): void;
        destroy(): void;
      };
    };
  };
}

declare global {
  interface Window {
    streams: {
      seek(name: PlayerName, src: string, times: readonly number[]): Promise<(Dated | string)[]>;
      play(name: PlayerName, src: string, from: number): Promise<StreamPlayed>;
      captions(name: PlayerName, src: string, times: readonly number[]): Promise<string[]>;
      follow(name: PlayerName, src: string, seconds: number): Promise<Followed>;
    };
  }
}

/** Starts a browser with players in it that play what a server serves. */
export async function openStreamPlayers(serverUrl: string): Promise<StreamPlayers> {
  const { page, close } = await openPage(serverUrl);
  for (const script of scripts)
    await page.addScriptTag({ path: new URL(`../../node_modules/${script}`, import.meta.url).pathname });
  await install(page);
  return {
    seek: (name, path, times) =>
      page.evaluate(([of, src, at]) => window.streams.seek(of, src, at), [name, serverUrl + path, times] as const),
    play: (name, path, from = 0) =>
      page.evaluate(([of, src, at]) => window.streams.play(of, src, at), [name, serverUrl + path, from] as const),
    captions: (name, path, times) =>
      page.evaluate(([of, src, at]) => window.streams.captions(of, src, at), [name, serverUrl + path, times] as const),
    follow: (name, path, seconds) =>
      page.evaluate(([of, src, lasts]) => window.streams.follow(of, src, lasts), [
        name,
        serverUrl + path,
        seconds,
      ] as const),
    close,
  };
}

/** Puts `window.streams` into the page. The function runs there: nothing of this module is in reach. */
function install(page: Page): Promise<void> {
  return page.evaluate(() => {
    const STILL_MS = 5000; // so long without progress is an end
    const { Hls, shaka, dashjs } = window as unknown as PlayerScripts;

    /** An element on which a player has its first picture, what ends it, and what went wrong. */
    async function open(name: PlayerName, src: string, prepare?: (video: HTMLVideoElement) => void) {
      document.body.replaceChildren();
      const video = document.createElement("video");
      video.muted = true;
      document.body.append(video);
      const errors: string[] = [];
      const pictured = new Promise<void>((resolve, reject) => {
        video.requestVideoFrameCallback(() => resolve());
        setTimeout(() => reject(new Error(`no picture: ${errors.join("; ")}`)), 4 * STILL_MS);
      });
      pictured.catch(() => undefined);
      let end = (): unknown => undefined;
      let parts = 0;
      let dateMs = (): number | undefined => undefined;
      let showCaptions = (): void => undefined;
      prepare?.(video);
      if (name === "hls.js") {
        const hls = new Hls({ enableWorker: false });
        hls.on(Hls.Events.ERROR, (_, { details, fatal, reason, error }) =>
          errors.push([details, fatal, reason, error].map(String).join(" ")),
        );
        hls.on(Hls.Events.FRAG_LOADED, (_, { part }) => (parts += part ? 1 : 0));
        hls.loadSource(src);
        hls.attachMedia(video);
        end = () => hls.destroy();
        dateMs = () => hls.playingDate?.getTime();
      } else if (name === "shaka") {
        const player = new shaka.Player();
        // Shaka places captions that are chosen later only beside pictures that have yet to come.
        player.configure({ preferredText: [{ language: "und" }] });
        await player.attach(video);
        player.addEventListener("error", ({ detail }) => errors.push(JSON.stringify(detail)));
        player.load(src).catch((error: unknown) => errors.push(JSON.stringify(error)));
        end = () => player.destroy();
      } else if (name === "dash.js") {
        const player = dashjs.MediaPlayer().create();
        player.updateSettings({ debug: { logLevel: 0 } });
        player.on("error", ({ error }) => errors.push(JSON.stringify(error)));
        player.initialize(video, src, false);
        end = () => player.destroy();
        showCaptions = () => player.setTextTrack(0);
      } else {
        video.src = src;
        video.preload = "auto";
        end = () => {
          video.removeAttribute("src");
          video.load();
        };
      }
      video.addEventListener("error", () => errors.push(`MediaError ${video.error?.code}: ${video.error?.message}`));
      await pictured;
      return { video, errors, end, showCaptions, dateMs, parts: () => parts };
    }

    /** The picture that is shown; undefined while the element changes to another source. */
    function readOf(video: HTMLVideoElement): Shown | undefined {
      try {
        return window.playback.read(video);
      } catch {
        return undefined;
      }
    }

    async function seek(name: PlayerName, src: string, times: readonly number[]): Promise<(Dated | string)[]> {
      const { video, errors, end, dateMs } = await open(name, src);
      const found: (Dated | string)[] = [];
      let last: number | undefined;
      for (const time of times) {
        found.push(
          await new Promise<Dated | string>((resolve) => {
            setTimeout(() => resolve(`no picture at ${time}: ${errors.join("; ")}`), STILL_MS);
            // dash.js may lose a seek while it changes from one period to another.
            const again = setTimeout(() => {
              if (name === "dash.js") video.currentTime = time;
            }, STILL_MS / 2);
            // Another period is another source: a picture of the one before may still come.
            const look = (): void => {
              const shown = video.seeking || video.readyState < 2 ? undefined : readOf(video);
              if (shown !== undefined && Math.abs(video.currentTime - time) < 0.01 && shown.number !== last) {
                clearTimeout(again);
                resolve({ ...shown, dateMs: dateMs() });
              } else setTimeout(look, 20);
            };
            video.currentTime = time;
            look();
          }),
        );
        const shown = found.at(-1);
        last = typeof shown === "object" ? shown.number : undefined;
      }
      await end();
      return found;
    }

    async function captions(name: PlayerName, src: string, times: readonly number[]): Promise<string[]> {
      const { video, errors, end, showCaptions } = await open(name, src);
      showCaptions();
      const found: string[] = [];
      for (const time of times) {
        video.currentTime = time;
        found.push(
          await new Promise<string>((resolve) => {
            setTimeout(() => resolve(`no caption at ${time}: ${errors.join("; ")}`), STILL_MS);
            const look = (): void => {
              const cues = [...video.textTracks].flatMap((track) => [...(track.activeCues ?? [])]);
              const texts = cues
                .filter((cue) => cue.startTime <= time && time < cue.endTime)
                .map((cue) => (cue as VTTCue).text);
              if (!video.seeking && texts.length > 0) resolve(texts.join("; "));
              else setTimeout(look, 20);
            };
            look();
          }),
        );
      }
      await end();
      return found;
    }

    async function play(name: PlayerName, src: string, from: number): Promise<StreamPlayed> {
      const { video, errors, end } = await open(name, src);
      const shown: Shown[] = [];
      let [stalledMs, stalledAt, lastMs] = [0, 0, 0];
      const look = (nowMs: number): void => {
        if (lastMs > 0 && nowMs - lastMs > stalledMs) [stalledMs, stalledAt] = [nowMs - lastMs, video.currentTime];
        lastMs = nowMs;
        shown.push(window.playback.read(video));
        video.requestVideoFrameCallback(look);
      };
      if (from > 0) {
        const seeked = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
        video.currentTime = from;
        await seeked;
      }
      video.requestVideoFrameCallback(look);
      const error = await new Promise<string | undefined>((resolve) => {
        let still = 0;
        const start = (): void => {
          clearTimeout(still);
          still = window.setTimeout(
            () => resolve(`stands still at ${video.currentTime}: ${errors.join("; ")}`),
            STILL_MS,
          );
        };
        start();
        video.addEventListener("timeupdate", start);
        video.addEventListener("ended", () => resolve(undefined));
        video.play().catch((cause: unknown) => resolve(String(cause)));
      });
      const { duration, ended } = video;
      await end();
      return {
        duration,
        ended,
        error: error ?? errors.find((one) => one.includes("true")),
        shown,
        stalledMs,
        stalledAt,
      };
    }

    async function follow(name: PlayerName, src: string, seconds: number): Promise<Followed> {
      const beganMs = Date.now();
      const shown: { number: number; atMs: number }[] = [];
      let stalledMs = 0;
      const { video, errors, end, parts } = await open(name, src, (element) => {
        const look = (): void => {
          const { number } = window.playback.read(element);
          const atMs = Date.now();
          stalledMs = Math.max(stalledMs, atMs - (shown.at(-1)?.atMs ?? atMs));
          shown.push({ number, atMs });
          element.requestVideoFrameCallback(look);
        };
        element.requestVideoFrameCallback(look);
      });
      video.play().catch((cause: unknown) => errors.push(String(cause)));
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      await end();
      return { shown, firstMs: (shown[0]?.atMs ?? Number.NaN) - beganMs, errors, parts: parts(), stalledMs };
    }

    window.streams = { seek, captions, play, follow };
  });
}
