import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { box, u16, zeros } from "../support/boxes.ts";
import { buildMovie, videoEntry, type MovieTrack } from "../support/movie.ts";
import { frameHashes, timedFrames } from "../support/oracle.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffmpeg, ffprobe, ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch, written } from "./output.ts";

const text = new TextEncoder();

/** Two seconds of pictures with three of telemetry, a sample a second. */
function telemetry(segment: number): Uint8Array {
  const video: MovieTrack = {
    handler: "vide",
    timescale: 1000,
    entries: [videoEntry("mp4v", 64, 48)],
    samples: Array.from({ length: 50 }, (_, i) => ({ data: text.encode(`picture ${segment} ${i}`), duration: 40 })),
    size: [64, 48],
  };
  const data: MovieTrack = {
    handler: "meta",
    timescale: 1000,
    entries: [box("gpmd", zeros(6), u16(1), zeros(4))],
    samples: [0, 1, 2].map((i) => ({ data: text.encode(`telemetry ${segment} ${i}`), duration: 1000 })),
  };
  return buildMovie({ tracks: [video, data] }).file;
}

describe.skipIf(ffprobePath === undefined)("telemetry that is longer than its video", () => {
  test.for(FORMATS)("loses nothing at a joint (%s)", async (format) => {
    const segments = await Promise.all(
      [0, 1, 2].map(async (i) => {
        const file = scratch("telemetry.mp4");
        await writeFile(file, telemetry(i));
        return { file, startMs: RECORDED_AT + i * 2000 };
      }),
    );
    const shelf = await shelve(segments);
    const file = await written(await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 7000 }), format);
    const asked = ["-select_streams", "d", "-show_data", "-show_entries", "packet=pts_time,data", "-of", "json"];
    const { packets } = JSON.parse(await ffprobe(["-v", "error", ...asked, file])) as {
      packets: { pts_time: string; data: string }[];
    };
    const told = packets.map(({ pts_time, data }) => {
      const [words = ""] = /telemetry \d \d/.exec(data) ?? [];
      // ffmpeg moves the whole track of a fragmented file where composition offsets are negative.
      return [words, Number(pts_time) - Number(packets[0]?.pts_time)];
    });
    const wanted = [0, 1, 2].flatMap((segment) =>
      [0, 1, 2].map((i) => [`telemetry ${String(segment)} ${String(i)}`, segment * 2 + i]),
    );
    expect(told).toEqual(wanted);
  });
});

describe.skipIf(ffprobePath === undefined)("cut=keyframe", () => {
  test("shows nothing that the file's own edit list hides", async () => {
    const [segment] = await record({ count: 1, seconds: 4, gop: 1 });
    const file = scratch("hidden.mp4");
    // Copied from within a group of pictures: what is before 1.5 s is hidden.
    await ffmpeg(["-v", "error", "-y", "-ss", "1.5", "-i", segment?.file ?? "", "-c", "copy", file]);
    const source = await frameHashes(file);
    const shelf = await shelve([{ file, startMs: RECORDED_AT }]);
    for (const at of [0, 200, 400]) {
      const plan = await shelf.plan({ startMs: RECORDED_AT + at, endMs: RECORDED_AT + 2000, cut: "keyframe" });
      expect(plan.startMs).toBe(RECORDED_AT);
      for (const format of FORMATS) {
        const seen = (await timedFrames(await written(plan, format))).filter((picture) => picture.at > -0.001);
        expect(seen[0]?.at, format).toBeLessThan(0.04);
        expect(source.slice(0, 40), format).toEqual(seen.slice(0, 40).map(({ hash }) => hash));
      }
    }
  });
});
