/** Browsers as readers: a `<video>` of the file, and a `<video>` fed with it through Media Source Extensions. */
import type { Evaluates } from "../browser/firefox.ts";
import { TONES } from "./streams.ts";
import type { Heard, Picture, Reading } from "./reading.ts";

declare global {
  interface Window {
    watch(source: WatchedSource): Promise<Watched>;
  }
}

interface WatchedSource {
  readonly url: string;
  /** Through Media Source Extensions, with this type. */
  readonly mse: string | undefined;
  /** Moments to look at, seconds. */
  readonly times: readonly number[];
  readonly tones: readonly number[];
}

interface Watched {
  readonly error: string | undefined;
  readonly duration: number;
  readonly pictures: readonly Picture[];
  readonly sound: readonly { readonly time: number; readonly tone: number }[];
}

/** Puts `window.watch` into a page that has `window.playback`. */
export function installWatch(page: Evaluates): Promise<void> {
  return page.evaluate(() => {
    const STILL_MS = 4000;

    const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const orAfter = <T>(ms: number, value: T, promise: Promise<T>): Promise<T> =>
      Promise.race([promise, wait(ms).then(() => value)]);

    async function append(video: HTMLVideoElement, url: string, type: string): Promise<void> {
      if (!MediaSource.isTypeSupported(type)) throw new Error(`type not supported: ${type}`);
      const source = new MediaSource();
      video.src = URL.createObjectURL(source);
      await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
      const buffer = source.addSourceBuffer(type);
      const bytes = await (await fetch(url)).arrayBuffer();
      const done = new Promise((resolve, reject) => {
        buffer.addEventListener("updateend", resolve, { once: true });
        buffer.addEventListener("error", () => reject(new Error("append failed")), { once: true });
      });
      buffer.appendBuffer(bytes);
      await done;
      if (source.readyState === "open") source.endOfStream();
    }

    async function pictureAt(video: HTMLVideoElement, time: number): Promise<Picture | undefined> {
      const seeked = new Promise<boolean>((resolve) => {
        video.addEventListener("seeked", () => resolve(true), { once: true });
      });
      const pictured = new Promise<boolean>((resolve) => {
        video.requestVideoFrameCallback(() => resolve(true));
      });
      video.currentTime = time;
      if (!(await orAfter(STILL_MS, false, seeked))) return undefined;
      await orAfter(300, false, pictured); // the same picture is not told of again
      return { time, number: window.playback.read(video).number };
    }

    /** Plays from the start and notes which tone is heard when; nothing where the machine has no device for sound (Firefox waits for one). */
    async function listen(
      video: HTMLVideoElement,
      tones: readonly number[],
    ): Promise<{ time: number; tone: number }[]> {
      const heard: { time: number; tone: number }[] = [];
      const context = new AudioContext({ sampleRate: 16_000 });
      await orAfter(STILL_MS, undefined, context.resume());
      if (context.state !== "running") return heard;
      const analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0 });
      context.createMediaElementSource(video).connect(analyser).connect(context.destination);
      const bins = new Float32Array(analyser.frequencyBinCount);
      const binOf = (tone: number): number => Math.round((tone * analyser.fftSize) / context.sampleRate);
      video.currentTime = 0;
      const ended = new Promise<void>((resolve) => {
        let [last, still] = [-1, performance.now()];
        const timer = setInterval(() => {
          const time = video.currentTime;
          if (time !== last) [last, still] = [time, performance.now()];
          if (video.ended || video.error !== null || performance.now() - still > STILL_MS) {
            clearInterval(timer);
            resolve();
            return;
          }
          analyser.getFloatFrequencyData(bins);
          const levels = tones.map((tone) => Math.max(...[-1, 0, 1].map((i) => bins[binOf(tone) + i] ?? -200)));
          const most = Math.max(...levels);
          // The analyser holds the 64 ms before now.
          heard.push({ time: Math.max(0, time - 0.04), tone: most < -60 ? -1 : levels.indexOf(most) });
        }, 40);
      });
      await video.play().catch(() => undefined);
      await ended;
      await context.close();
      return heard;
    }

    window.watch = async ({ url, mse, times, tones }) => {
      const video = document.createElement("video");
      document.body.append(video);
      video.preload = "auto";
      const message = (): string =>
        `MediaError ${String(video.error?.code)}: ${String(video.error?.message).slice(0, 80)}`;
      const pictures: Picture[] = [];
      let sound: { time: number; tone: number }[] = [];
      let error: string | undefined;
      try {
        const loaded = new Promise<void>((resolve, reject) => {
          video.addEventListener("loadeddata", () => resolve(), { once: true });
          video.addEventListener("error", () => reject(new Error(message())), { once: true });
          setTimeout(() => reject(new Error("no picture")), STILL_MS * 2);
        });
        loaded.catch(() => undefined);
        if (mse === undefined) video.src = url;
        else await append(video, url, mse);
        await loaded;
        for (const time of times) {
          const picture = await pictureAt(video, time);
          if (picture === undefined)
            throw new Error(video.error === null ? `stands still at ${time.toFixed(2)} s` : message());
          pictures.push(picture);
        }
        sound = await listen(video, tones);
        if (video.error !== null) throw new Error(message());
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause);
      }
      const { duration } = video;
      video.remove();
      return { error, duration, pictures, sound };
    };
  });
}

/**
 * Looks at a file in the page at some moments, and listens to it from the start.
 * @param mse its type for Media Source Extensions; undefined: `<video src>`
 */
export async function readInPage(
  page: Evaluates,
  url: string,
  mse: string | undefined,
  times: readonly number[],
): Promise<Reading> {
  const { error, duration, pictures, sound } = await page.evaluate((source) => window.watch(source), {
    ...{ url, mse, times, tones: TONES },
  });
  const heard: Heard[] = [...sound];
  return {
    ...(Number.isFinite(duration) ? { duration } : {}),
    ...{ looks: pictures, complaints: error === undefined ? [] : [error] },
    ...(heard.length > 0 ? { sound: heard } : {}),
  };
}
