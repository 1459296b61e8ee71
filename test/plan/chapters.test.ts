import { writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { record, RECORDED_AT } from "../support/recording.ts";
import { shelve, type Shelf } from "../support/shelf.ts";
import { ffmpeg, ffprobe, ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, written } from "./output.ts";

/** Chapters as ffprobe reads them, seconds and title. */
async function chaptersOf(file: string): Promise<{ start: number; title: string }[]> {
  const text = await ffprobe(["-v", "error", "-show_chapters", "-of", "json", file]);
  const { chapters } = JSON.parse(text) as { chapters: { start_time: string; tags: { title: string } }[] };
  return chapters.map(({ start_time, tags }) => ({ start: Number(start_time), title: tags.title }));
}

describe.skipIf(ffprobePath === undefined)("chapters", () => {
  let shelf: Shelf;
  beforeAll(async () => {
    const segments = await record({ count: 3, seconds: 2 });
    shelf = await shelve(segments.map(({ file, startMs }, i) => ({ file, startMs: startMs + (i < 1 ? 0 : 60_000) })));
  });
  const range = { startMs: RECORDED_AT + 500, endMs: RECORDED_AT + 70_000 };
  const titles = ["2026-01-31 10:00:00 UTC", "2026-01-31 10:01:02 UTC"];

  test.for(FORMATS)("name the start and what follows a gap (%s)", async (format) => {
    const skipped = await chaptersOf(
      await written(await shelf.plan({ ...range, chapters: { offsetMinutes: 0 } }), format),
    );
    expect(skipped).toEqual(titles.map((title, i) => ({ start: i * 1.5, title })));
    const plan = await shelf.plan({ ...range, chapters: { offsetMinutes: 0 }, gaps: "keep" });
    const kept = await chaptersOf(await written(plan, format));
    expect(kept).toEqual(titles.map((title, i) => ({ start: i * 61.5, title })));
  });

  test("of the recording itself begin where they began, the one that is on at the start with the cut", async () => {
    const [recorded] = await record({ count: 1, seconds: 4, audio: null, bframes: 0 });
    const [titled, list] = [scratch("titled.mp4"), scratch("titles.txt")];
    const chapter = (from: number, title: string): string =>
      `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${String(from)}\nEND=${String(from + 2000)}\ntitle=${title}\n`;
    await writeFile(list, `;FFMETADATA1\n${chapter(0, "First")}${chapter(2000, "Second")}`);
    const inputs = ["-i", recorded?.file ?? "", "-i", list, "-map_metadata", "1", "-map", "0"];
    await ffmpeg(["-v", "error", "-y", ...inputs, "-c", "copy", titled]);
    const one = await shelve([{ file: titled, startMs: RECORDED_AT }]);
    const cut = await one.plan({ startMs: RECORDED_AT + 500, endMs: RECORDED_AT + 3500 });
    for (const format of FORMATS) {
      expect(await chaptersOf(await written(cut, format))).toEqual([
        { start: 0, title: "First" },
        { start: 1.5, title: "Second" },
      ]);
    }
  });

  test.for(FORMATS)("mark moments where they are presented, or what follows them (%s)", async (format) => {
    const at = (seconds: number, title: string): { wallMs: number; title: string } => {
      return { wallMs: RECORDED_AT + seconds * 1000, title };
    };
    // Before the range, in it, where nothing was recorded, and behind that; a long title is cut between characters.
    const marks = [at(-5, "Before"), at(1.25, "Door"), at(30, "Gap"), at(63, "Tür".repeat(100))];
    const titled = ["Before", "Door", "Gap", "Tür".repeat(63) + "Tü"];
    const marked = async (gaps: "skip" | "keep", offsetMinutes = 0): Promise<{ start: number; title: string }[]> =>
      chaptersOf(await written(await shelf.plan({ ...range, gaps, chapters: { offsetMinutes, marks } }), format));
    expect(await marked("skip")).toEqual([0, 0.75, 1.5, 2.5].map((start, i) => ({ start, title: titled[i] })));
    expect(await marked("keep")).toEqual([0, 0.75, 29.5, 62.5].map((start, i) => ({ start, title: titled[i] })));
    const etag = async (given: typeof marks): Promise<string> =>
      (await shelf.plan({ ...range, chapters: { offsetMinutes: 0, marks: given } })).media(format).etag;
    expect(new Set([await etag(marks), await etag(marks.slice(1)), await etag([])]).size).toBe(3);
  });

  test("tell the time of the zone asked for", async () => {
    const plan = await shelf.plan({ ...range, chapters: { offsetMinutes: -210 } });
    const [first] = await chaptersOf(await written(plan, "mp4"));
    expect(first?.title).toBe("2026-01-31 06:30:00-03:30");
    const other = await shelf.plan({ ...range, chapters: { offsetMinutes: 480 } });
    expect(other.media("mp4").etag).not.toBe(plan.media("mp4").etag);
  });

  test("are only written on request, and change the ETag", async () => {
    const plain = await shelf.plan(range);
    expect(await chaptersOf(await written(plain, "mp4"))).toEqual([]);
    const named = await shelf.plan({ ...range, chapters: { offsetMinutes: 0 } });
    expect(named.media("mp4").etag).not.toBe(plain.media("mp4").etag);
  });
});
