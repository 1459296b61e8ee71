import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { box, u16, u32, u8, zeros } from "../support/boxes.ts";
import { decodeErrors } from "../support/oracle.ts";
import { RECORDED_AT } from "../support/recording.ts";
import { bytesOf, shelve } from "../support/shelf.ts";
import { ffmpeg, ffprobe, ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, written } from "./output.ts";

/** What ffprobe reads as the timecode of a file's first picture. */
async function timecodeOf(file: string): Promise<string> {
  const shown = ["-show_entries", "stream_tags=timecode", "-select_streams", "d", "-of", "default=nw=1:nk=1"];
  return (await ffprobe(["-v", "error", ...shown, file])).trim();
}

/** Numbers and start times of a file's timecodes. */
async function numbersOf(file: string): Promise<[number: number, seconds: number][]> {
  const shown = ["-select_streams", "d", "-show_data", "-show_entries", "packet=pts_time,data", "-of", "json"];
  const { packets } = JSON.parse(await ffprobe(["-v", "error", ...shown, file])) as {
    packets: { pts_time: string; data: string }[];
  };
  return packets.map(({ pts_time, data }) => [
    Number.parseInt(data.slice(data.indexOf(":") + 1).replaceAll(" ", ""), 16),
    Number(pts_time),
  ]);
}

interface Source {
  readonly rate: string;
  readonly timecode: string;
  readonly suffix: "mov" | "mp4";
  readonly bframes: number;
}

async function made({ rate, timecode, suffix, bframes }: Source): Promise<string> {
  const file = scratch(`source.${suffix}`);
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=64x48:rate=${rate}`, "-t", "4", "-c:v", "libx264"];
  const coded = ["-preset", "veryfast", "-g", "30", "-bf", String(bframes), "-timecode", timecode];
  await ffmpeg(["-v", "error", "-y", ...picture, ...coded, file]);
  return file;
}

const DROP = 1001 / 30;
const CUTS: (Source & { fromMs: number; expected: string; title: string; cut?: "frame" | "keyframe" })[] = [
  {
    title: "nothing is cut",
    rate: "25",
    timecode: "01:00:00:00",
    suffix: "mov",
    bframes: 0,
    fromMs: 0,
    expected: "01:00:00:00",
  },
  {
    title: "between two pictures",
    rate: "25",
    timecode: "01:00:00:00",
    suffix: "mov",
    bframes: 2,
    fromMs: 1480,
    expected: "01:00:01:12",
  },
  {
    title: "within a picture",
    rate: "25",
    timecode: "10:20:30:10",
    suffix: "mp4",
    bframes: 2,
    fromMs: 1500,
    expected: "10:20:31:22",
  },
  {
    title: "over a drop",
    rate: "30000/1001",
    timecode: "00:00:58;00",
    suffix: "mp4",
    bframes: 2,
    fromMs: Math.round(60 * DROP),
    expected: "00:01:00;02",
  },
  {
    title: "before a drop",
    rate: "30000/1001",
    timecode: "00:00:58;00",
    suffix: "mov",
    bframes: 0,
    fromMs: Math.round(59 * DROP),
    expected: "00:00:59;29",
  },
  {
    title: "from a sync sample on",
    rate: "30",
    timecode: "00:59:59:15",
    suffix: "mov",
    bframes: 2,
    fromMs: 1700,
    cut: "keyframe",
    expected: "01:00:00:15",
  },
];

describe.skipIf(ffprobePath === undefined)("a timecode", () => {
  test.for(CUTS)(
    "is that of the first picture: $title ($rate, $suffix)",
    async ({ fromMs, expected, cut = "frame", ...source }) => {
      const shelf = await shelve([{ file: await made(source), startMs: RECORDED_AT }]);
      const plan = await shelf.plan({ startMs: RECORDED_AT + fromMs, endMs: RECORDED_AT + 3400, cut });
      for (const format of FORMATS) {
        const file = await written(plan, format);
        expect(await timecodeOf(file), format).toBe(expected);
        expect((await numbersOf(file)).map(([, seconds]) => seconds)).toEqual([0]);
        expect(await decodeErrors(file)).toBe("");
      }
    },
  );

  test("goes on with the first picture behind a joint, and a part of it can be read", async () => {
    const [before, after] = [
      await made({ rate: "25", timecode: "01:00:00:00", suffix: "mov", bframes: 0 }),
      await made({ rate: "25", timecode: "02:00:00:00", suffix: "mov", bframes: 0 }),
    ];
    // The later one takes over at its sync sample 1.2 s from its start.
    const shelf = await shelve([
      { file: before, startMs: RECORDED_AT },
      { file: after, startMs: RECORDED_AT + 2500 },
    ]);
    const plan = await shelf.plan({ startMs: RECORDED_AT + 1000, endMs: RECORDED_AT + 6000 });
    for (const format of FORMATS) {
      const file = await written(plan, format);
      expect(await numbersOf(file)).toEqual([
        [90_025, 0],
        [180_030, 2.7],
      ]);
      const whole = await readFile(file);
      const number = whole.indexOf(Buffer.from([0, 2, 0xbf, 0x3e]));
      expect(number).toBeGreaterThan(0);
      const span = { offset: number + 1, length: 2 };
      expect([...(await bytesOf(plan.media(format), span))]).toEqual([2, 0xbf]);
    }
  });
});

describe("what a timecode grows by", () => {
  const entry = (flags: number, rate: number, duration: number, frames: number, type = "tmcd"): Uint8Array =>
    box(type, zeros(6), u16(1), zeros(4), u32(flags, rate, duration), u8(frames, 0));
  const DAY = 86_400;

  test.for([
    ["of a day that ends", entry(2, 25, 1, 25), { frames: 25, wrapsAt: 25 * DAY }],
    ["of a day with drops", entry(3, 30_000, 1001, 30), { frames: 29, wrapsAt: 2_589_408 }],
    ["that counts on", entry(1, 60_000, 1001, 60), { frames: 59, wrapsAt: 0 }],
    ["of a counter", entry(8, 24, 1, 12), { frames: 2, wrapsAt: 0 }],
    ["of 64 bits: not known", entry(2, 25, 1, 25, "tc64"), { frames: 0, wrapsAt: 0 }],
    ["of no rate", entry(2, 25, 0, 25), { frames: 0, wrapsAt: 0 }],
    ["of too few fields", box("tmcd", zeros(24)), { frames: 0, wrapsAt: 0 }],
  ] as const)("%s", async ([, bytes, expected]) => {
    expect((await loadCore()).entries.timecodeStep(bytes, 90_000, 90_000)).toEqual(expected);
  });
});
