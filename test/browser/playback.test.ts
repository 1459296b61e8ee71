import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { hasEncoder } from "../support/tools.ts";
import { chromiumPath, openPlayer, type Played, type Player, type Shown } from "./chromium.ts";
import { encoderOf, FPS, recordNumbered, type NumberedOptions } from "./numbered-recording.ts";

/** What `<video>` in a real Chromium makes of downloads: every picture it shows must be the one of that time. */

const START = Date.UTC(2026, 0, 31, 10, 0, 0);
const FRAME = 1 / FPS;
const formats = ["mp4", "fmp4"] as const;

let folder = "";
let server: RunningServer;
let player: Player;

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-browser-"));
  server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  player = await openPlayer(server.url);
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await player.close();
  await server.close();
  await rm(folder, { recursive: true });
});

type Recorded = Omit<NumberedOptions, "folder" | "name">;

/** Records and uploads: frame n of the stream is taken at START + n frames. `without` names segments that are lost. */
async function upload(stream: string, recordings: readonly Recorded[], without: readonly number[] = []): Promise<void> {
  let index = 0;
  for (const [i, recording] of recordings.entries()) {
    const files = await recordNumbered({ folder, name: `${stream}${i}`, ...recording });
    for (const [j, file] of files.entries()) {
      if (without.includes(index++)) continue;
      const at = START + ((recording.first ?? 0) / FPS + j * recording.seconds) * 1000;
      const reply = await fetch(`${server.url}/mp4/api/segments/${stream}?start=${at}`, {
        method: "PUT",
        body: await readFile(file),
      });
      expect(reply.status, await reply.text()).toBe(201);
    }
  }
}

/** Path of a download; `from` and `to` are seconds since START. */
function path(stream: string, format: string, from: number, to: number, query = ""): string {
  const at = (seconds: number): number => START + Math.round(seconds * 1000);
  return `/mp4/download/${stream}.${format}?start=${at(from)}&end=${at(to)}&inline=1${query}`;
}

/** Pictures that are not the one of their time, in words. */
function wrong(shown: readonly Shown[], numberAt: (time: number) => number): string[] {
  return shown
    .filter(({ time, number }) => number !== numberAt(time))
    .map(({ time, number }) => `frame ${number} at ${time.toFixed(3)} s instead of ${numberAt(time)}`);
}

/** The frame of a stream that is taken at a time (seconds since START), for presentations that begin at `from`. */
const frameAt = (from: number) => (time: number) => Math.floor((from + time) * FPS + 0.01);

/**
 * That it played to its end, with new pictures in every second that is not `held`, and lasted `seconds`.
 * @param hidden seconds that may be counted on top
 */
function expectPlayed(
  played: Played,
  seconds: number,
  { held = [], hidden = 0 }: { held?: readonly number[]; hidden?: number } = {},
): void {
  const { error, ended, duration, currentTime, shown } = played;
  expect({ error, ended }).toEqual({ error: undefined, ended: true });
  expect(duration).toBeGreaterThanOrEqual(seconds - FRAME);
  expect(duration).toBeLessThanOrEqual(seconds + FRAME + hidden);
  expect(Math.abs(currentTime - duration), `currentTime ${currentTime}`).toBeLessThan(0.01);
  const secondsSeen = new Set(shown.map(({ time }) => Math.floor(Math.max(0, time))));
  const expected = Array.from({ length: Math.ceil(seconds) }, (_, i) => i).filter((i) => !held.includes(i));
  expect([...secondsSeen].sort((a, b) => a - b)).toEqual(expected);
}

const numberOf = (shown: Shown | string): number | string => (typeof shown === "string" ? shown : shown.number);

/** Chromium counts what an edit list hides in front as part of a fragmented file: some ticks, a picture or two ahead. */
const hiddenIn = (format: string): number => (format === "fmp4" ? 2 * FRAME + 0.02 : 0);

/** Every recording in which all segments have the same parameters. */
const plain: Record<string, Recorded> = {
  h264: { segments: 3, seconds: 2 },
  "h264-fragmented": { segments: 3, seconds: 2, fragmented: true },
  vp9: { segments: 3, seconds: 2, video: "vp9" },
  av1: { segments: 3, seconds: 2, video: "av1" },
};

// Under load a player leaves out pictures, also those of a whole second at four times the speed.
describe.skipIf(chromiumPath === undefined)("Chromium", { retry: 1 }, () => {
  describe.each(Object.entries(plain))("with %s", (stream, recording) => {
    let able = false;
    beforeAll(async () => {
      able = await hasEncoder(encoderOf(recording.video ?? "h264"));
      if (able) await upload(stream, [recording]);
    });

    test.for(formats)("plays all of it as %s", async (format, { skip }) => {
      if (!able) return skip("this ffmpeg has no such encoder");
      const played = await player.play(path(stream, format, 0, 6));
      // Sound that begins ahead of the picture, hidden by the edit list, counts in a fragmented file.
      expectPlayed(played, 6, { hidden: format === "fmp4" ? 0.08 : 0 });
      expect(played.audioBytes).toBeGreaterThan(0);
      expect(played.first?.number).toBe(0);
      expect(wrong(played.shown, frameAt(0))).toEqual([]);
    });

    test.for(formats)("plays a frame cut as %s", async (format, { skip }) => {
      if (!able) return skip("this ffmpeg has no such encoder");
      const [from, to] = [1.72, 4.6]; // between sync samples, over both joints
      const played = await player.play(path(stream, format, from, to));
      expectPlayed(played, to - from, { hidden: hiddenIn(format) });
      // Of fragments it counts from a picture or two before the start, and paints first what lasts a tick before the first picture.
      expect(format === "fmp4" ? [42, 43] : [43]).toContain(played.first?.number);
      expect(Math.abs(played.first?.time ?? Number.NaN)).toBeLessThan(format === "fmp4" ? 2 * FRAME + 0.01 : 1e-6);
      expect(
        wrong(
          played.shown.filter(({ time }) => time >= 0),
          frameAt(from),
        ),
      ).toEqual([]);
    });

    test.for(formats)("seeks to the right frame as %s", async (format, { skip }) => {
      if (!able) return skip("this ffmpeg has no such encoder");
      const from = 0.64;
      const times = [3.1, 0.5, 4.94, 1.38, 0.02, 3.34].map((time) => Math.floor(time * FPS) / FPS + FRAME / 2);
      const found = await player.seek(path(stream, format, from, 6), times);
      expect(found.map(numberOf)).toEqual(times.map(frameAt(from)));
    });
  });

  describe("with a gap of 1.6 s", () => {
    beforeAll(() =>
      upload("gap", [
        { segments: 1, seconds: 2 },
        { segments: 1, seconds: 2, first: 90 },
      ]),
    );

    test.for(formats)("holds the picture before it as %s", async (format) => {
      const query = path("gap", format, 0, 5.6, "&gaps=keep");
      const played = await player.play(query);
      expectPlayed(played, 5.6, { held: [2] });
      expect(wrong(played.shown, (time) => (time > 1.99 && time < 3.59 ? 49 : frameAt(0)(time)))).toEqual([]);
      const found = await player.seek(query, [2.5, 3.5, 3.62, 1.9]);
      // The sample that lasts over the gap is the last one decoded, in a fragment not the last one shown.
      const held = format === "mp4" ? 49 : 48;
      expect(found.map(numberOf)).toEqual([held, held, 90, 47]);
    });

    test.for(formats)("closes it as %s", async (format) => {
      const played = await player.play(path("gap", format, 0, 5.6));
      expectPlayed(played, 4);
      expect(wrong(played.shown, (time) => frameAt(time < 1.99 ? 0 : 1.6)(time))).toEqual([]);
    });
  });

  const changes: Record<string, readonly Recorded[]> = {
    "h264-size": [
      { segments: 2, seconds: 1 },
      { segments: 2, seconds: 1, first: 50, size: "320x192" },
      { segments: 1, seconds: 1, first: 100 },
    ],
    "vp9-size": [
      { segments: 2, seconds: 1, video: "vp9" },
      { segments: 2, seconds: 1, first: 50, size: "320x192", video: "vp9" },
      { segments: 1, seconds: 1, first: 100, video: "vp9" },
    ],
  };
  describe.each(Object.entries(changes))("with %s changing twice", (stream, recordings) => {
    let able = false;
    beforeAll(async () => {
      able = await hasEncoder(encoderOf(recordings[0]?.video ?? "h264"));
      if (able) await upload(stream, recordings);
    });
    const widthAt = (time: number): number => (time > 1.99 && time < 3.99 ? 320 : 160);

    test.for(formats)("shows the right pictures in the right size as %s", async (format, { skip }) => {
      if (!able) return skip("this ffmpeg has no such encoder");
      const played = await player.play(path(stream, format, 0, 5));
      expectPlayed(played, 5);
      expect(wrong(played.shown, frameAt(0))).toEqual([]);
      expect(played.shown.filter(({ time, width }) => width !== widthAt(time))).toEqual([]);
      expect(new Set(played.sizes)).toEqual(new Set(["160x96", "320x192"]));
      expect(played.sizes.at(-1)).toBe("160x96");
    });

    test.for(formats)("plays a frame cut that starts within the second size as %s", async (format, { skip }) => {
      if (!able) return skip("this ffmpeg has no such encoder");
      const played = await player.play(path(stream, format, 3.48, 4.64));
      expectPlayed(played, 1.16, { hidden: hiddenIn(format) });
      expect(played.first).toMatchObject({ number: 87, width: 320 });
      expect(
        wrong(
          played.shown.filter(({ time }) => time >= 0),
          frameAt(3.48),
        ),
      ).toEqual([]);
      expect(new Set(played.sizes)).toEqual(new Set(["320x192", "160x96"]));
      expect(played.sizes.at(-1)).toBe("160x96");
    });

    test.for(formats)("seeks over the changes as %s", async (format, { skip }) => {
      if (!able) return skip("this ffmpeg has no such encoder");
      const times = [2.5, 0.5, 3.94, 4.02, 2.02, 1.98, 4.9].map((time) => Math.floor(time * FPS) / FPS + FRAME / 2);
      const found = await player.seek(path(stream, format, 0, 5), times);
      expect(found.map((shown) => (typeof shown === "string" ? shown : [shown.number, shown.width]))).toEqual(
        times.map((time) => [frameAt(0)(time), widthAt(time)]),
      );
    });
  });
});
