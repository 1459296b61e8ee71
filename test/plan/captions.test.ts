import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { record, RECORDED_AT } from "../support/recording.ts";
import { bytesOf, shelve, type Shelf } from "../support/shelf.ts";
import { ffmpeg, ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, shown, written } from "./output.ts";

/** What a caption shows, and when: milliseconds from the start of the file. */
interface Shown {
  readonly fromMs: number;
  readonly toMs: number;
  readonly wallMs: number;
  readonly text: string;
}

/** The captions of a file as ffmpeg decodes them; it would count times from hidden frames on without `-copyts`. */
async function captionsOf(file: string): Promise<Shown[]> {
  const output = scratch("captions.srt");
  await ffmpeg(["-v", "error", "-y", "-copyts", "-i", file, "-map", "0:s:0", output]);
  const blocks = (await readFile(output, "utf8")).trim().split(/\n\n+/);
  const captions = blocks.map((block) => {
    const [, times = "", text = ""] = block.replace(/<[^>]*>|\{[^}]*\}/g, "").split("\n");
    const [fromMs = 0, toMs = 0] = times
      .split(" --> ")
      .map((time) => Date.parse(`1970-01-01T${time.replace(",", ".")}Z`));
    return { fromMs, toMs, wallMs: Date.parse(text.replace(" ", "T")), text };
  });
  // ffmpeg tells no durations of subtitles in fragments: each one shows until the next.
  return captions.map((caption, i) =>
    caption.toMs > caption.fromMs ? caption : { ...caption, toMs: captions[i + 1]?.fromMs ?? caption.fromMs },
  );
}

describe.skipIf(ffprobePath === undefined)("captions=clock", () => {
  let shelf: Shelf;
  const hourMs = 3_600_000;
  beforeAll(async () => {
    const segments = await record({ count: 4, seconds: 2 });
    // The third one starts 300 ms late, which is no gap; the fourth an hour later.
    const lateMs = [0, 0, 300, hourMs];
    shelf = await shelve(segments.map(({ file, startMs }, i) => ({ file, startMs: startMs + (lateMs[i] ?? 0) })));
  });
  const range = { startMs: RECORDED_AT + 480, endMs: RECORDED_AT + 2 * hourMs };

  test.for(FORMATS)("show the second of the recording that is on the screen (%s)", async (format) => {
    const plan = await shelf.plan({ ...range, captions: { offsetMinutes: 480 } });
    const file = await written(plan, format);
    const captions = await captionsOf(file);
    expect(captions[0]?.text).toBe("2026-01-31 18:00:00+08:00");
    expect(captions[0]).toMatchObject({ fromMs: 0, toMs: 520, wallMs: RECORDED_AT });
    // Output time to wall clock: 3,520 ms until the late segment, 2 s of it, 2 s of the last.
    const runs = [
      { fromMs: 0, wallMs: range.startMs },
      { fromMs: 3520, wallMs: RECORDED_AT + 4300 },
      { fromMs: 5520, wallMs: RECORDED_AT + hourMs + 6000 },
      { fromMs: 7520, wallMs: Number.POSITIVE_INFINITY },
    ];
    let endMs = 0;
    for (const caption of captions) {
      expect(caption.fromMs).toBe(endMs);
      endMs = caption.toMs;
      const run = runs.findLast(({ fromMs }) => fromMs <= caption.fromMs) ?? { fromMs: 0, wallMs: 0 };
      const wallMs = run.wallMs + caption.fromMs - run.fromMs;
      expect(caption.wallMs).toBe(Math.floor(wallMs / 1000) * 1000);
      const last = run.wallMs + caption.toMs - run.fromMs;
      expect(last).toBeLessThanOrEqual(caption.wallMs + 1000);
    }
    expect(endMs).toBe(format === "mp4" ? 7520 : 6520);
    // The picture and the sound are those of a file without captions.
    const plain = await shown(await written(await shelf.plan(range), format));
    expect((await shown(file)).filter(({ type }) => type !== "subtitle")).toEqual(plain);
  });

  test.for(FORMATS)("go on while a gap is held (%s)", async (format) => {
    const plan = await shelf.plan({ ...range, gaps: "keep", captions: { offsetMinutes: -570 } });
    const captions = await captionsOf(await written(plan, format));
    expect(captions.at(-1)?.text).toBe("2026-01-31 01:30:07-09:30");
    expect(captions.length).toBeGreaterThan(3600);
    const clock = captions.filter(({ fromMs }) => fromMs > 4000 && fromMs < hourMs);
    const off = clock.map(({ fromMs, wallMs }) => fromMs - wallMs);
    expect(Math.max(...off) - Math.min(...off)).toBe(0);
  });

  test("are only written on request, and change the ETag by their zone", async () => {
    const tags = [undefined, { offsetMinutes: 0 }, { offsetMinutes: 60 }].map(async (captions) => {
      const plan = await shelf.plan({ ...range, ...(captions === undefined ? {} : { captions }) });
      return plan.media("mp4").etag;
    });
    expect(new Set(await Promise.all(tags)).size).toBe(3);
  });

  test("read the same in slices", async () => {
    const media = (await shelf.plan({ ...range, captions: { offsetMinutes: 0 } })).media("fmp4");
    const whole = await bytesOf(media);
    for (let offset = 0; offset < 4000; offset += 61) {
      expect(await bytesOf(media, { offset, length: 97 })).toEqual(whole.subarray(offset, offset + 97));
    }
  });
});
