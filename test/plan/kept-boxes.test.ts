import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createCore } from "../../src/core/wasm/module.ts";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import { compiledCore } from "../hostile/feed.ts";
import { audio, video } from "../hostile/good.ts";
import { box, bytes, find, fullBox, u16, u32, zeros } from "../support/boxes.ts";
import { buildMovie, type Movie, type MovieTrack } from "../support/movie.ts";
import { bytesOf, shelve } from "../support/shelf.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { ffprobePath } from "../support/tools.ts";
import { FORMATS, scratch } from "./output.ts";

const core = createCore(await compiledCore());
const START = Date.UTC(2026, 0, 31, 10);

/** Every box of a type, headers included, wherever it stands in `moov`. */
function all(file: Uint8Array, type: string): string[] {
  const { offset, size } = find(file, "moov");
  const boxes = core.listBoxes({ offset, bytes: file.slice(offset, offset + size) });
  return boxes
    .filter((listed) => listed.type === type)
    .map((listed) => Buffer.from(file.subarray(listed.offset, listed.offset + listed.size)).toString("latin1"));
}

/** Bytes of a box inside `moov` as text. */
function at(file: Uint8Array, ...path: readonly string[]): string {
  const { offset, size } = find(file, "moov", ...path);
  return Buffer.from(file.subarray(offset, offset + size)).toString("latin1");
}

async function outputs(movies: readonly Movie[], cut?: { from: number; to: number }): Promise<Uint8Array[]> {
  const segments = await Promise.all(
    movies.map(async (movie, i) => {
      const file = scratch(`kept-${i}.mp4`);
      await writeFile(file, buildMovie(movie).file);
      return { file, startMs: START + i * 480 };
    }),
  );
  const shelf = await shelve(segments);
  const plan = await shelf.plan({
    startMs: START + (cut?.from ?? 0),
    endMs: START + (cut?.to ?? 60_000),
    ...(movies.length > 1 ? { chapters: { offsetMinutes: 0 } } : {}),
  });
  const media = await Promise.all(FORMATS.map((format) => bytesOf(plan.media(format))));
  return media;
}

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, "latin1"));
const place = box("\u00a9xyz", u16(18, 0x15c7), text("+48.8577+002.295/\0"));
const make = box("\u00a9mak", u16(6, 0x15c7), text("Camera"));
const lens = box("LENS", text("LAJ7052940601711"));
const item = (key: number, value: string): Uint8Array =>
  box("\0\0\0" + String.fromCharCode(key), box("data", u32(1, 0), text(value)));
const key = (name: string): Uint8Array => box("mdta", text(name));
const quicktime = box(
  "meta",
  fullBox("hdlr", 0, 0, zeros(4), "mdta", zeros(13)),
  fullBox(
    "keys",
    0,
    0,
    u32(3),
    key("com.apple.quicktime.location.ISO6709"),
    key("com.apple.quicktime.creationdate"),
    key("com.apple.quicktime.model"),
  ),
  box("ilst", item(1, "+48.8577+002.2950+051.0/"), item(2, "2026-01-31T11:00:00+0100"), item(3, "Phone 12")),
);
const userData = box(
  "udta",
  place,
  make,
  lens,
  box("\u00a9day", u16(4, 0), text("2026")),
  fullBox("chpl", 1, 0, zeros(5)),
  fullBox(
    "meta",
    0,
    0,
    fullBox("hdlr", 0, 0, zeros(4), "mdir", zeros(13)),
    box("ilst", box("\u00a9too", box("data", u32(1, 0), text("Muxer 1")))),
  ),
  u32(0),
);

const chapters: MovieTrack = {
  handler: "text",
  timescale: 1000,
  entries: [box("text", zeros(6), u16(1), zeros(43))],
  samples: [{ data: bytes(u16(3), "One"), duration: 400 }],
  flags: 0,
  name: "Chapters",
  information: box("gmhd", fullBox("gmin", 0, 0, u16(0x40, 0x8000, 0x8000, 0x8000), zeros(4))),
};

const rich: Movie = {
  tracks: [
    {
      ...video,
      edits: [],
      name: "Core Media Video",
      flags: 7,
      extras: [box("tref", box("chap", u32(3, 9)), box("hint", u32(9))), box("udta", box("name", text("front")))],
    },
    { ...audio, name: "Sound", flags: 2, alternateGroup: 2, information: fullBox("smhd", 0, 0, u16(0xff00, 0)) },
    chapters,
  ],
  extras: [userData, quicktime, box("uuid", zeros(16), text("<xmp/>"))],
};

test.each([
  ["whole", undefined],
  ["cut", { from: 200, to: 400 }],
] as const)("what tracks and movie say of themselves is in the output of a %s segment", async (_, cut) => {
  for (const file of await outputs([rich], cut)) {
    const names = all(file, "hdlr").map((hdlr) => hdlr.slice(32, -1));
    expect(names.slice(0, 3)).toEqual(["Core Media Video", "Sound", "Chapters"]);
    expect(all(file, "tkhd").map((tkhd) => tkhd.charCodeAt(11))).toEqual([7, 2, 0]);
    expect(all(file, "tkhd").map((tkhd) => tkhd.slice(42, 44))).toEqual(["\0\0", "\0\u0002", "\0\0"]);
    expect(all(file, "smhd")[0]?.slice(12, 14)).toBe("\u00ff\0");
    expect(all(file, "vmhd")).toHaveLength(1);
    expect(all(file, "gmhd")).toHaveLength(1);
    expect(all(file, "nmhd")).toEqual([]);
    // References to tracks that are not there are gone, and with them those of their kind.
    expect(all(file, "tref")).toEqual([Buffer.from(box("tref", box("chap", u32(3)))).toString("latin1")]);
    expect(at(file, "trak", "udta")).toContain("front");
    expect(at(file, "udta")).toBe(Buffer.from(box("udta", place, make, lens)).toString("latin1"));
    const meta = at(file, "meta");
    expect(meta).toContain("+48.8577+002.2950+051.0/");
    expect(meta).toContain("Phone 12");
    expect(meta).not.toContain("2026-01-31T11");
    expect(at(file, "uuid")).toContain("<xmp/>");
  }
});

test("it is there once in an output of many segments, beside the output's own chapters", async () => {
  for (const file of await outputs([rich, rich, rich])) {
    expect(all(file, "udta")).toHaveLength(2);
    expect(at(file, "udta")).toContain("+48.8577+002.295/");
    expect(at(file, "udta")).toContain("chpl");
    expect(all(file, "meta")).toHaveLength(1);
  }
});

test("what decoders are to leave out of a file's sound (iTunSMPB) is not said of an output", async () => {
  const named = (name: string, value: string): Uint8Array =>
    box(
      "----",
      fullBox("mean", 0, 0, text("com.apple.iTunes")),
      fullBox("name", 0, 0, text(name)),
      box("data", u32(1, 0), text(value)),
    );
  const list = box(
    "ilst",
    named("iTunSMPB", " 00000000 00000840"),
    named("iTunNORM", " 00000A2B"),
    box("----", u32(3)),
  );
  const meta = fullBox("meta", 0, 0, fullBox("hdlr", 0, 0, zeros(4), "mdir", zeros(13)), list);
  for (const file of await outputs([{ ...rich, extras: [box("udta", meta)] }])) {
    expect(at(file, "udta")).toContain("iTunNORM");
    expect(at(file, "udta")).not.toContain("iTunSMPB");
  }
});

test("references follow their tracks when another one is left out", async () => {
  const hint: MovieTrack = {
    ...chapters,
    handler: "hint",
    entries: [box("rtp ", zeros(16))],
    samples: chapters.samples,
  };
  const [picture, , titles] = rich.tracks;
  if (picture === undefined || titles === undefined) throw new Error("no tracks");
  const movie: Movie = {
    tracks: [hint, { ...picture, extras: [box("tref", box("chap", u32(3)), box("hint", u32(1)))] }, titles],
  };
  const indexer = new StreamIndexer(core);
  indexer.push(buildMovie(movie).file);
  expect(indexer.end().description).toMatchObject({
    tracks: [{ handler: "vide" }, { handler: "text" }],
    warnings: ["Hint tracks were left out: they only tell servers how to send the other tracks."],
  });
  for (const file of await outputs([movie])) {
    expect(all(file, "tref")).toEqual([Buffer.from(box("tref", box("chap", u32(2)))).toString("latin1")]);
  }
});

test("where no track is enabled, all are", async () => {
  const movie: Movie = {
    tracks: [
      { ...video, edits: [], flags: 0 },
      { ...audio, flags: 0 },
    ],
  };
  for (const file of await outputs([movie])) {
    expect(all(file, "tkhd").map((tkhd) => tkhd.charCodeAt(11))).toEqual([3, 3]);
  }
});

test("the movie's matrix becomes the tracks'", async () => {
  const ONE = 0x10000;
  const turned = u32(0, ONE, 0, -ONE, 0, 0, 48 * ONE, 0, 0x40000000);
  for (const file of await outputs([{ tracks: [{ ...video, edits: [] }], matrix: turned }])) {
    expect(at(file, "trak", "tkhd").slice(48, 84)).toBe(Buffer.from(turned).toString("latin1"));
    expect(at(file, "mvhd").slice(44, 48)).toBe("\0\u0001\0\0");
  }
});

test("what is too much is left out, with a warning", () => {
  const large = box("udta", place, box("thmb", new Uint8Array(60 << 10)));
  const more = box("uuid", new Uint8Array(20 << 10));
  const indexer = new StreamIndexer(core);
  indexer.push(buildMovie({ tracks: [audio], extras: [large, more, box("meta", zeros(4))] }).file);
  const { index, description } = indexer.end();
  expect(description.warnings).toEqual(["Metadata of more than 64 KiB was left out: media and times are complete."]);
  expect(index.length).toBeGreaterThan(60 << 10);
  expect(index.length).toBeLessThan(66 << 10);
});

test("user data that is damaged is left out as far as it is", async () => {
  const damaged = bytes(u32(8 + place.length + 12), "udta", place, u32(1000), "LENS", zeros(4));
  for (const file of await outputs([{ tracks: [{ ...video, edits: [] }], extras: [damaged] }])) {
    expect(at(file, "udta")).toBe(Buffer.from(box("udta", place)).toString("latin1"));
  }
});

test.skipIf(ffprobePath === undefined)("names of QuickTime's handlers are written as MPEG-4 has them", async () => {
  const shelf = await shelve(await record({ count: 1, seconds: 1, audio: "g711" }));
  const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 1000 });
  for (const format of FORMATS) {
    const names = all(await bytesOf(plan.media(format)), "hdlr").map((hdlr) => [hdlr.slice(12, 20), hdlr.slice(32)]);
    expect(names).toEqual([
      ["\0\0\0\0vide", "VideoHandler\0"],
      ["\0\0\0\0soun", "SoundHandler\0"],
    ]);
  }
});
