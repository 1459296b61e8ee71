/** Runs in a page: boxcar's player, and what others build with mp4box.js and mediabunny, all told of the same files. */
import { ALL_FORMATS, BlobSource, CanvasSink, Input, UrlSource } from "mediabunny";
import { createFile, MP4BoxBuffer, type ISOFile, type Movie } from "mp4box";
import type * as library from "../../src/preview/index.ts";

/** A file of the viewer, or the address of one. */
export type Playable = File | string;

/** Somebody who shows the first picture of one or several files as soon as it can, then finds how long all of them last. */
export type Player = (files: readonly Playable[], onShown: () => void) => Promise<void>;

/** Milliseconds until the first picture is there, and until the durations of all files are known, too. */
export interface Opened {
  readonly firstMs: number;
  readonly wholeMs: number;
}

/** What the page does when it is asked. */
export interface Bench {
  readonly players: Readonly<Record<"boxcar" | "mp4box" | "mediabunny", Player>>;
  open(name: keyof Bench["players"], files: readonly Playable[]): Promise<Opened>;
  /** Milliseconds until the first picture of a range of this page's server is there. */
  firstOfRange(range: {
    readonly streamPath: string;
    readonly startMs: number;
    readonly endMs: number;
  }): Promise<number>;
  /**
   * Milliseconds of each seek until its picture is there. Times count from the start of what is open, and lie within pictures.
   * @throws Error when another picture than that of the time is shown
   */
  seek(timesMs: readonly number[], pictureMs: number): Promise<number[]>;
  /** The same in a `<video>` without any script, of a file that the server sends. */
  seekInFile(url: string, timesMs: readonly number[]): Promise<number[]>;
  /** Plays four times as fast until so much was shown, milliseconds. */
  play(ms: number): Promise<void>;
}

declare global {
  interface Window {
    bench: Bench;
  }
}

/** What is read at a time where a whole file is gone through. */
const PIECE = 1 << 20;

const PLAYER = "/page/player.js";
const preview = import(PLAYER) as Promise<typeof library>;
let own: library.Player | undefined;
let startMs = 0;

window.bench = {
  players: { boxcar, mp4box, mediabunny },
  open: async (name, files) => {
    await preview; // its code, as that of the others, is there
    const startedMs = performance.now();
    let firstMs = Number.NaN;
    await window.bench.players[name](files, () => {
      firstMs = performance.now() - startedMs;
    });
    return { firstMs, wholeMs: performance.now() - startedMs };
  },
  firstOfRange: async (range) => {
    const { Player } = await preview;
    const startedMs = performance.now();
    own = new Player(newVideo());
    const shown = picture(own.video);
    await own.open(range);
    await shown;
    ({ startMs } = range);
    return performance.now() - startedMs;
  },
  seek: async (timesMs, pictureMs) => {
    const player = opened();
    const took: number[] = [];
    for (const timeMs of timesMs) {
      const startedMs = performance.now();
      const shown = picture(player.video);
      player.seek(startMs + timeMs);
      await shown;
      took.push(performance.now() - startedMs);
      const foundMs = player.timeMs - startMs;
      const wantedMs = Math.floor(timeMs / pictureMs) * pictureMs;
      if (foundMs < wantedMs - 1 || foundMs >= wantedMs + pictureMs)
        throw new Error(`sought ${String(timeMs)} ms, which ${String(foundMs)} ms is shown for`);
    }
    return took;
  },
  seekInFile: async (url, timesMs) => {
    const video = newVideo();
    const shown = picture(video);
    video.src = url;
    await shown;
    const took: number[] = [];
    for (const timeMs of timesMs) {
      const startedMs = performance.now();
      const sought = picture(video);
      video.currentTime = timeMs / 1000;
      await sought;
      took.push(performance.now() - startedMs);
    }
    return took;
  },
  play: async (ms) => {
    const player = opened();
    const untilMs = player.timeMs + ms;
    player.rate = 4;
    player.play();
    while (player.timeMs < untilMs) await new Promise((resolve) => setTimeout(resolve, 100));
    player.pause();
  },
};

async function boxcar(files: readonly Playable[], onShown: () => void): Promise<void> {
  const { openFiles, Player } = await preview;
  own = new Player(newVideo());
  const shown = picture(own.video).then(onShown);
  const recorded = await openFiles(files);
  await Promise.all([own.open(recorded), shown]);
  await recorded.whole();
  ({ startMs } = recorded);
}

/** By Media Source Extensions: the boxes of the first are read, and it is cut into fragments until a picture is there. */
async function mp4box([file, ...others]: readonly Playable[], onShown: () => void): Promise<void> {
  if (file === undefined) return;
  const first = await parsed(file);
  const video = newVideo();
  const state = { isShown: false };
  const shown = picture(video).then(() => {
    state.isShown = true;
  });
  const media = new MediaSource();
  const isOpen = new Promise((resolve) => media.addEventListener("sourceopen", resolve, { once: true }));
  video.src = URL.createObjectURL(media);
  await isOpen;
  const { movie, info } = first;
  const buffers = new Map<number, SourceBuffer>();
  const lines = new Map<number, Promise<void>>();
  const append = (id: number, bytes: ArrayBuffer): void => {
    const buffer = buffers.get(id);
    const appended = async (): Promise<void> => {
      if (buffer === undefined) return;
      const ended = new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
      buffer.appendBuffer(bytes);
      await ended;
    };
    lines.set(id, (lines.get(id) ?? Promise.resolve()).then(appended));
  };
  for (const { id, codec, type } of info.tracks) {
    buffers.set(id, media.addSourceBuffer(`${type === "audio" ? "audio" : "video"}/mp4; codecs="${codec}"`));
    movie.setSegmentOptions(id, undefined, { nbSamples: 25 });
  }
  movie.onSegment = (id, _user, bytes) => append(id, bytes);
  for (const { id, buffer } of movie.initializeSegmentation("per-track")) append(id, buffer);
  movie.start();
  let at = movie.seek(0, true).offset;
  while (!state.isShown) {
    const bytes = await read(file, at, at + PIECE);
    if (bytes.byteLength === 0) break;
    movie.appendBuffer(bytes);
    at += bytes.byteLength;
    await Promise.all(lines.values());
  }
  await shown;
  onShown();
  await Promise.all(others.map(parsed));
}

/** A file whose `moov` was read, wherever it stands. */
async function parsed(file: Playable): Promise<{ readonly movie: ISOFile; readonly info: Movie }> {
  const movie = createFile();
  let info: Movie | undefined;
  movie.onReady = (ready) => {
    info = ready;
  };
  for (let at = 0; info === undefined;) {
    const bytes = await read(file, at, at + PIECE);
    if (bytes.byteLength === 0) throw new Error("no moov");
    at = movie.appendBuffer(bytes);
  }
  return { movie, info };
}

/** Some bytes of a file as mp4box.js takes them. */
async function read(file: Playable, from: number, to: number): Promise<MP4BoxBuffer> {
  const bytes =
    typeof file === "string"
      ? await (await fetch(file, { headers: { range: `bytes=${String(from)}-${String(to - 1)}` } })).arrayBuffer()
      : await file.slice(from, to).arrayBuffer();
  return MP4BoxBuffer.fromArrayBuffer(bytes, from);
}

/** By WebCodecs onto a canvas. */
async function mediabunny(files: readonly Playable[], onShown: () => void): Promise<void> {
  const inputs = files.map(
    (file) =>
      new Input({
        formats: ALL_FORMATS,
        source: typeof file === "string" ? new UrlSource(file) : new BlobSource(file),
      }),
  );
  const track = await inputs[0]?.getPrimaryVideoTrack();
  if (track === undefined || track === null) throw new Error("no picture");
  const shown = await new CanvasSink(track).getCanvas(await track.getFirstTimestamp());
  if (shown === null) throw new Error("no picture");
  document.body.replaceChildren(shown.canvas as HTMLCanvasElement);
  await new Promise((resolve) => requestAnimationFrame(resolve));
  onShown();
  await Promise.all(inputs.map((input) => input.computeDuration()));
}

function newVideo(): HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = true;
  document.body.replaceChildren(video);
  return video;
}

const picture = (video: HTMLVideoElement): Promise<unknown> =>
  new Promise((resolve) => video.requestVideoFrameCallback(resolve));

function opened(): library.Player {
  if (own === undefined) throw new Error("nothing is open");
  return own;
}
