import { beforeAll, describe, expect, test } from "vitest";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { bytesOf, shelve, type Shelf } from "../support/shelf.ts";
import { timingOf, type Timing } from "../support/timing.ts";

/** What readers rely on that never ask for more than the headers: each line is one that stopped, drifted or refused. */
const GAP = 3000;
const queries = [
  { name: "frames", from: 1320, to: 7320 },
  { name: "whole segments", from: 0, to: 8000 },
  { name: "a closed gap", from: 1320, to: 14_500 },
  { name: "a kept gap", from: 1320, to: 14_500, gaps: "keep" as const },
];

describe.each(["mp4", "fmp4"] as const)("%s", (format) => {
  let shelf: Shelf;
  beforeAll(async () => {
    const segments = await record({ count: 4, seconds: 4, gop: 2, rate: 44_100 });
    const late = ({ startMs, ...rest }: RecordedSegment, i: number): RecordedSegment => ({
      ...rest,
      startMs: startMs + (i >= 2 ? GAP : 0),
    });
    shelf = await shelve(segments.map(late));
  });

  async function made(
    { from, to, gaps }: (typeof queries)[number],
    edits: "list" | "none" = "list",
  ): Promise<{ file: Buffer; timing: Timing }> {
    const range = { startMs: RECORDED_AT + from, endMs: RECORDED_AT + to, edits };
    const plan = await shelf.plan({ ...range, ...(gaps && { gaps }) });
    const file = await bytesOf(plan.media(format));
    return { file, timing: timingOf(file) };
  }

  test.for(queries)("$name: the movie lasts as long as its longest media", async (query) => {
    const { timing } = await made(query);
    const ends = timing.tracks.map(({ samples, timescale }) => {
      const last = samples.at(-1);
      return ((last?.dts ?? 0) + (last?.duration ?? 0)) / timescale;
    });
    expect(timing.duration / timing.timescale).toBeGreaterThanOrEqual(Math.max(...ends));
    expect(timing.duration / timing.timescale).toBeLessThan(Math.max(...ends) + 0.2);
    const presented = Math.max(...timing.tracks.map(({ duration }) => duration)) / timing.timescale;
    const gap = query.gaps === "keep" || query.to < 8001 ? 0 : GAP / 1000;
    expect(Math.abs(presented - ((query.to - query.from) / 1000 - gap))).toBeLessThan(0.05);
    if (format === "fmp4") expect(timing.fragmentDuration).toBe(timing.duration);
    for (const { edits, duration } of timing.tracks) {
      for (const edit of edits) expect(edit.duration).toBe(format === "fmp4" ? 0 : duration);
    }
  });

  if (format === "mp4") {
    // The last sample decoded is not the last one shown, and GStreamer ends with the media.
    test.for(queries)("$name: without edit lists media last as long as they are presented", async (query) => {
      const { timing } = await made(query, "none");
      for (const { handler, edits, duration, mediaDuration, timescale } of timing.tracks) {
        const delay = edits.reduce((sum, edit) => sum + (edit.time < 0 ? edit.duration : 0), 0);
        const presented = (duration - delay) / timing.timescale;
        expect(mediaDuration / timescale, handler).toBeGreaterThan(presented - 0.001);
        expect(mediaDuration / timescale, handler).toBeLessThan(presented + 0.05);
      }
    });
    return;
  }

  test.for(queries)("$name: each fragment of a track lasts until its next one", async (query) => {
    const { timing } = await made(query);
    for (const { fragments } of timing.tracks) {
      expect(fragments.slice(1).map(({ start }) => start)).toEqual(fragments.slice(0, -1).map(({ end }) => end));
    }
  });

  test.for(queries)("$name: mfro tells where mfra starts, apart from the media", async (query) => {
    const { file } = await made(query);
    const mfra = file.length - file.readUInt32BE(file.length - 4);
    expect(file.toString("latin1", mfra + 4, mfra + 8)).toBe("mfra");
    expect(file.readUInt32BE(mfra)).toBe(file.length - mfra);
    expect(file.toString("latin1", mfra - 4, mfra)).toBe("free");
  });
});
