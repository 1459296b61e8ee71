import { describe, expect, test } from "vitest";
import { frameHashes, timedFrames } from "../support/oracle.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { ffprobePath } from "../support/tools.ts";
import { FORMATS, written } from "./output.ts";

describe.skipIf(ffprobePath === undefined)("a cut inside a long picture", () => {
  test.for([1, 5].flatMap((fps) => FORMATS.map((format) => [fps, format] as const)))(
    "shows the one that was on screen, for the rest of its time (%i fps, %s)",
    async ([fps, format]) => {
      const [segment] = await record({ count: 1, seconds: 8, fps, gop: 4, bframes: 0, size: "64x48" });
      if (segment === undefined) throw new Error("no recording");
      const shelf = await shelve([segment]);
      const long = 1000 / fps;
      const source = await frameHashes(segment.file);
      for (const [first, part] of [
        [fps * 2, 0.3],
        [fps * 5 + 1 - fps, 0.5],
      ] as const) {
        const startMs = RECORDED_AT + Math.round((first + part) * long);
        const plan = await shelf.plan({ startMs, endMs: RECORDED_AT + 7500 });
        const seen = await timedFrames(await written(plan, format), "-enc_time_base", "-1");
        // What is before 0 is decoded only.
        const from = seen.findLastIndex(({ at }) => at <= 0.001);
        const rest = seen.slice(Math.max(0, from));
        const next = rest[1]?.at ?? Number.NaN;
        expect(rest[0]?.hash).toBe(source[first]);
        expect(rest[1]?.hash).toBe(source[first + 1]);
        expect(next).toBeCloseTo(((1 - part) * long) / 1000, 2);
      }
    },
  );
});
