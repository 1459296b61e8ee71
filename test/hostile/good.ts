/** Small valid files of many shapes: what damage starts from, and what must still parse after it. */
import { box, bytes, u16, u32, u8, zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie, videoEntry, type Movie, type MovieTrack } from "../support/movie.ts";
import { fragment, fullRun, initSegment, tfdt, tfhd, trun } from "./fragments.ts";

const AVCC = box(
  "avcC",
  u8(1, 0x42, 0xc0, 0x1e, 0xff, 0xe1),
  u16(4),
  u8(0x67, 0x42, 0xc0, 1, 1),
  u16(2),
  u8(0x68, 0xce),
);
const ESDS = box("esds", zeros(4), u8(3, 25, 0, 1, 0, 4, 17, 0x40, 0x15), zeros(11), u8(5, 2, 0x11, 0x90, 6, 1, 2));
const HVCC = box(
  "hvcC",
  u8(1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93),
  zeros(8),
  u8(0xf3, 1, 0x21),
  u16(1, 3),
  u8(0x42, 1, 2),
);

/** H.264 with reordered pictures, a sync sample every fifth, and an edit list. */
export const video: MovieTrack = {
  handler: "vide",
  timescale: 12_800,
  entries: [videoEntry("avc1", 64, 48, AVCC, box("btrt", zeros(12)))],
  samples: Array.from({ length: 12 }, (_, i) => ({
    data: new Uint8Array(8 + ((i * 7) % 13)).fill(i),
    duration: 512,
    offset: [1024, 2048, 512][i % 3] ?? 0,
    sync: i % 5 === 0,
  })),
  chunks: [2, 3],
  edits: [[480, 1024]],
  size: [64, 48],
};

export const audio: MovieTrack = {
  handler: "soun",
  timescale: 48_000,
  entries: [audioEntry("mp4a", 2, 48_000, ESDS)],
  samples: Array.from({ length: 16 }, (_, i) => ({ data: new Uint8Array(5 + (i % 4)).fill(100 + i), duration: 1024 })),
  chunks: [3],
};

const pcm: MovieTrack = {
  handler: "soun",
  timescale: 8000,
  entries: [audioEntry("ulaw", 1, 8000)],
  samples: Array.from({ length: 40 }, (_, i) => ({ data: u8(i), duration: 1 })),
  sizes: "constant",
  offsets: "co64",
  chunks: [8],
};

const hevc: MovieTrack = {
  ...video,
  entries: [videoEntry("hvc1", 64, 48, HVCC), videoEntry("hev1", 32, 32, HVCC)],
  samples: video.samples.map((sample, i) => ({ ...sample, entry: i < 6 ? 1 : 2, duration: 300 + (i % 4) })),
  sizes: 16,
  cttsVersion: 0,
  edits: [
    [100, -1],
    [400, 512],
  ],
  editVersion: 1,
};

/** The same movie built with other layouts. */
const movies: readonly Movie[] = [
  { tracks: [video, audio] },
  { tracks: [pcm], moov: "last" },
  { tracks: [hevc, pcm, { ...audio, sizes: 4 }], mdat: "large" },
  { tracks: [{ ...audio, sizes: 8 }], mdat: "rest" },
];

function fragmented(): Uint8Array {
  const run = (first: number) => (dataOffset: number) =>
    bytes(
      tfhd(1),
      tfdt(first),
      trun(dataOffset, [
        { flags: 0x200_0000, offset: 512 },
        { offset: 1024, size: 12 },
        { size: 7, duration: 500 },
      ]),
    );
  const sound = (first: number) => (dataOffset: number) => bytes(tfhd(2), tfdt(first), fullRun(dataOffset + 29, 20));
  return bytes(
    initSegment(),
    fragment(new Uint8Array(49), 1, run(0), sound(0)),
    box("sidx", zeros(24)),
    fragment(new Uint8Array(49), 2, run(1524), sound(24)),
  );
}

/** Every good file, each a few thousand bytes at most. */
export const goodFiles: readonly Uint8Array[] = [
  ...movies.map((movie) => buildMovie(movie).file),
  fragmented(),
  bytes(
    initSegment(),
    fragment(
      new Uint8Array(40),
      1,
      (at) => bytes(tfhd(2, 0x2_0008, u32(2)), fullRun(at, 30)),
      (at) => bytes(tfhd(1), tfdt(0), trun(at + 30, [{ flags: 0x200_0000 }])),
    ),
  ),
];
