import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { packets } from "./oracle.ts";
import { canRecord, record, type AudioCodec, type RecordingOptions, type VideoCodec } from "./recording.ts";
import { ffprobePath } from "./tools.ts";

const names: Record<VideoCodec | AudioCodec, string> = {
  h264: "h264",
  h265: "hevc",
  vp9: "vp9",
  av1: "av1",
  mpeg4: "mpeg4",
  aac: "aac",
  mp3: "mp3",
  opus: "opus",
  flac: "flac",
  ac3: "ac3",
  pcm: "pcm_s16le",
  g711: "pcm_mulaw",
};

const cases: RecordingOptions[] = [
  { video: "h264", audio: "aac" },
  { video: "h264", audio: "aac", fragmented: true },
  { video: "h264", audio: "aac", moov: "last" },
  { video: "h264", audio: null, bframes: 0, fps: 30 },
  { video: "h265", audio: "aac", rate: 44100 },
  { video: "vp9", audio: "opus" },
  { video: "av1", audio: "flac" },
  { video: "mpeg4", audio: "mp3" },
  { video: "h264", audio: "ac3" },
  { video: "h264", audio: "pcm" },
  { video: null, audio: "g711" },
  { video: null, audio: "aac", fragmented: true },
];

test.for(cases)(
  "a recording holds what was asked for: $video $audio fragmented=$fragmented moov=$moov",
  async (options, { skip }) => {
    skip(!(await canRecord(options)), "this ffmpeg has no such encoder");
    const segments = await record({ count: 2, seconds: 2, ...options });
    expect(segments).toHaveLength(2);
    for (const { file } of segments) {
      const bytes = await readFile(file);
      const isFragmented = bytes.includes("moof");
      expect(isFragmented).toBe(options.fragmented ?? false);
      if (!isFragmented) expect(bytes.indexOf("moov") < bytes.indexOf("mdat")).toBe(options.moov !== "last");
      if (ffprobePath === undefined) continue;
      const tracks = await packets(file, { edits: false });
      const wanted = [options.video, options.audio].flatMap((codec) => (codec ? [names[codec]] : []));
      expect(tracks.map((track) => track.codec)).toEqual(wanted);
      const [video] = tracks;
      if (options.video) {
        expect(video?.packets).toHaveLength(2 * (options.fps ?? 25));
        expect(video?.packets.filter((packet) => packet.sync)).toHaveLength(2);
      }
      const hashes = tracks.flatMap((track) => track.packets.map((packet) => packet.hash));
      expect(new Set(hashes).size).toBe(hashes.length);
    }
  },
);
