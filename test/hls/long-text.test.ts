import { expect, test } from "vitest";
import { indexObject } from "../../src/core/index.ts";
import { TimedSegment } from "../../src/core/planning/placed-segment.ts";
import { configurationOf } from "../../src/core/streaming/init-segment.ts";
import { TimedRecording } from "../../src/core/streaming/streamed-recording.ts";
import { Manifest } from "../../src/deliver/dash.ts";
import { MediaPlaylist } from "../../src/deliver/media-playlist.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";

test("manifests and playlists of thousands of media segments are written bit by bit", async () => {
  const samples = [{ data: new Uint8Array(9), duration: 9000, sync: true }];
  const entries = [videoEntry("avc1", 160, 120)];
  const { file } = buildMovie({ tracks: [{ handler: "vide", timescale: 90_000, entries, samples, size: [160, 120] }] });
  const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(file.slice(offset, offset + length));
  const { summary } = await indexObject(await loadCore(), file.length, read);
  const timed = new TimedSegment({ id: 1, startMs: 0, endMs: 100, key: "a", etag: "b", summary });
  const recording = new TimedRecording(timed);
  const options = { startMs: 0, live: false, lengthMs: 6000, tracks: "v", iframes: false } as const;
  const captions = { offsetMinutes: 0 };
  const count = 5000;
  for (const sink of [
    new MediaPlaylist(options),
    new Manifest({ tracks: ["v"], usualMs: 6000, folder: "/", gaps: "skip", captions }),
  ]) {
    sink.begin({ configuration: configurationOf(timed), startMs: 0 });
    for (let i = 0; i < count; i++) {
      const rates = { durationMs: 6000, bytes: 9, firstBytes: 9, sync: true };
      sink.add({ recording, first: i, end: i + 1, startMs: i * 6000, ...rates });
    }
    const pieces: string[] = [];
    for await (const piece of sink.text()) pieces.push(piece);
    expect(Math.max(...pieces.map((piece) => piece.split("\n").length))).toBeLessThan(300);
    expect(pieces.join("").match(/\d-\d+\.m4s/g)).toHaveLength(count);
  }
});
