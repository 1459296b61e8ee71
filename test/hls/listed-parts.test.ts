import { expect, test } from "vitest";
import type { PartialSegment, UnfinishedSegment } from "../../src/core/index.ts";
import { ListedParts } from "../../src/deliver/listed-parts.ts";

test("no part is hinted at behind the last one of a recording that is closed while its playlist is made", async () => {
  const parts = [0, 12].map((first) => ({
    first,
    end: first + 12,
    durationMs: 480,
    sync: first === 0,
  })) as PartialSegment[];
  const hinted = async (whole: boolean): Promise<(string | undefined)[]> => {
    const listed = new ListedParts({ tracks: "v", lengthMs: 2000 });
    listed.unfinished = { recording: { id: 7, startMs: 1000 }, first: 0, startMs: 1000 } as UnfinishedSegment;
    await listed.find(() => Promise.resolve({ id: 7, end: 24, whole, parts }), 3000);
    return listed.lines(0, "").map((line) => /^#EXT-X-(?:PART|PRELOAD-HINT):.*URI="([^"]*)"/.exec(line)?.[1]);
  };
  const both = ["7-1000/v/0.0-2000.m4s", "7-1000/v/0.1-2000.m4s"];
  expect(await hinted(false)).toEqual([...both, "7-1000/v/0.2-2000.m4s"]);
  expect(await hinted(true)).toEqual(both);
});
