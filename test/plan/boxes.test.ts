/** Each box that is written says to mp4box.js what it was to say: a row for each file of assembly/box. */
import { readdir, readFile } from "node:fs/promises";
import { createFile, MP4BoxBuffer, type ISOFile } from "mp4box";
import { expect, test } from "vitest";
import { indexObject, planSegments } from "../../src/core/index.ts";
import { LiveBoxes, type LiveTrack } from "../../src/core/wasm/live-boxes.ts";
import { Code } from "../../src/core/wasm/abi/names.ts";
import { createCore } from "../../src/core/wasm/module.ts";
import { compiledCore } from "../hostile/feed.ts";
import { box, bytes, fullBox, u16, u32, u8, zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie, videoEntry, type MovieTrack } from "../support/movie.ts";
import { bytesOf } from "../support/shelf.ts";

const core = createCore(await compiledCore());
const live = new LiveBoxes(core);

/** Five pictures, I P B P B, the second entry from the fourth on; and five samples of sound, all alike. */
const video: MovieTrack = {
  ...{ handler: "vide", timescale: 1000, size: [160, 90], flags: 7, alternateGroup: 2, name: "Camera 1" },
  entries: [160, 320].map((width) => videoEntry("avc1", width, 90, box("avcC", zeros(7)))),
  samples: [0, 40, -40, 40, -40].map((offset, i) => ({
    ...{ data: zeros(10 + i), duration: i === 1 ? 50 : 40, offset, sync: i === 0, entry: i < 3 ? 1 : 2 },
  })),
  ...{ chunks: [2, 1], offsets: "co64" },
};
const audio: MovieTrack = {
  ...{ handler: "soun", timescale: 8000, chunks: [5], entries: [audioEntry("sowt", 1, 8000)] },
  samples: Array.from({ length: 5 }, () => ({ data: zeros(8), duration: 320 })),
};

const fixed = (value: number, width: number): string => value.toString(2).padStart(width, "0");
const golomb = (value: number): string => "0".repeat(fixed(value + 1, 1).length - 1) + fixed(value + 1, 1);

function ofBits(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  return u8(...(padded.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** A sequence parameter set of H.264 (clause 7.3.2.1): 160 by 96, Baseline, samples of 4:3. */
function avcSet(): Uint8Array {
  const head = [fixed(0x67, 8), fixed(66, 8), fixed(0, 8), fixed(30, 8), ...[0, 0, 2, 1].map(golomb), "0"];
  const size = [golomb(9), golomb(5), "110"];
  const shape = ["11", fixed(255, 8), fixed(4, 16), fixed(3, 16), "00000000"];
  return ofBits([...head, ...size, ...shape, "1"].join(""));
}

/** One of H.265 (clause 7.3.2.2): 160 by 96, Main, level 3.1. */
function hevcSet(): Uint8Array {
  const profile = [1, 0x60, 1, 1, 1, 1, 0xb0, 1, 1, 1, 1, 93].map((byte) => fixed(byte, 8));
  const size = [golomb(0), golomb(1), golomb(160), golomb(96), "0", golomb(0), golomb(0)];
  return ofBits(
    [fixed(0x4201, 16), "00000001", ...profile, ...size, golomb(4), "1", ...[1, 0, 0].map(golomb), "1"].join(""),
  );
}

/** A header and two fragments of a stream that is recorded as it comes; in front of the second, when it was captured. */
function stream(): Uint8Array {
  const { entry } = live.videoEntry("avc1", [avcSet(), u8(0x68, 0xce, 0x3c, 0x80)]);
  const picture: LiveTrack = { id: 1, kind: "video", timescale: 90_000, entry };
  const sets = [u8(0x40, 1, 12), hevcSet(), u8(0x44, 1, 192)];
  const other: LiveTrack = { id: 3, kind: "video", timescale: 90_000, entry: live.videoEntry("hvc1", sets).entry };
  const sound: LiveTrack = { id: 2, kind: "sound", timescale: 48_000, entry: live.aacEntry(u8(0x11, 0x90)).entry };
  const first = [0, 1, 2].map((i) => {
    return { dts: i * 3600, pts: i * 3600 + (i === 1 ? 7200 : 3600), duration: 3600, bytes: 5 + i, isSync: i === 0 };
  });
  const second = [0, 1].map((i) => ({ dts: i * 1024, pts: i * 1024, duration: 1024, bytes: 3, isSync: true }));
  return bytes(
    live.header([picture, sound, other]),
    live.fragment([{ track: picture, samples: first }], 1),
    zeros(18),
    live.producerTime({ trackId: 1, wallUs: 1_500_000, mediaTime: 10_800 }),
    live.fragment([{ track: sound, samples: second }], 2),
    zeros(6),
  );
}

const av1 = (...fields: number[]): Uint8Array => videoEntry("av01", 160, 90, box("av1C", u8(0x81, ...fields, 0)));
const vp9 = (...fields: number[]): Uint8Array =>
  videoEntry("vp09", 160, 90, fullBox("vpcC", 1, 0, u8(...fields, 0x82, 1, 1, 1), u16(0)));

/** STREAMINFO (RFC 9639 section 8.2): blocks of 4096 samples, 48 kHz, stereo, 16 bits. @param file what differs from file to file */
function flac(file: number): Uint8Array {
  const sound = [20, 3, 5, 36].map((width, i) => fixed([48_000, 1, 15, file][i] ?? 0, width)).join("");
  const frames = [0, file, file].flatMap((size) => [size, size, size]).slice(3);
  const info = bytes(u16(4096, 4096), u8(...frames), ofBits(sound), zeros(15), u8(file));
  // Not marked as the last block: mp4box.js goes on behind the one that is.
  return audioEntry("fLaC", 2, 48_000, fullBox("dfLa", 0, 0, u32(info.length), info));
}

const opus = (channels: number, family: number): Uint8Array =>
  audioEntry("Opus", channels, 48_000, box("dOps", u8(0, channels), u16(312), u32(48_000), u16(0), u8(family)));

/** A header of sample entries that are made of others. */
function remade(): Uint8Array {
  const { entries } = core;
  const pictures = [entries.covering(av1(0x25, 0x40), av1(0x08, 0xc0)), entries.covering(vp9(0, 31), vp9(1, 10))];
  const sounds = [entries.plain(Code.soun, flac(1)), entries.plain(Code.soun, opus(2, 0))];
  return live.header([
    ...pictures.map((entry, i): LiveTrack => ({ id: i + 1, kind: "video", timescale: 90_000, entry })),
    ...sounds.map((entry, i): LiveTrack => ({ id: i + 3, kind: "sound", timescale: 48_000, entry })),
  ]);
}

/** Both forms of a plan of all of it, a stream, and sample entries. */
async function outputs(): Promise<Record<Output, ISOFile>> {
  const { file } = buildMovie({ tracks: [video, audio] });
  const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(file.subarray(offset, offset + length));
  const source = await indexObject(core, file.length, read);
  const all = { startMs: 0, endMs: 10_000, changes: "entries" } as const;
  const plan = await planSegments({ core }, [{ ...source, startMs: 0, read }], all);
  const [mp4, fmp4] = [await bytesOf(plan.media("mp4")), await bytesOf(plan.media("fmp4"))];
  return { mp4: parsed(mp4), fmp4: parsed(fmp4), live: parsed(stream()), remade: parsed(remade()) };
}

function parsed(file: Uint8Array): ISOFile {
  const movie = createFile();
  movie.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(file).buffer, 0), true);
  movie.flush();
  return movie;
}

interface Found {
  readonly type: string;
  readonly boxes?: readonly Found[];
  /** Of `stsd`. */
  readonly entries?: readonly Found[];
}

/** The box at a path like `moov.trak[1].tkhd`. */
function boxAt(file: ISOFile, path: string): Found {
  let found = file as unknown as Found;
  for (const step of path.split(".")) {
    const [, type, number = "0"] = /^(....)(?:\[(\d)\])?$/.exec(step) ?? [];
    const inside = [...(found.boxes ?? []), ...(found.entries ?? [])];
    const next = inside.filter((child) => child.type === type)[Number(number)];
    if (next === undefined) throw new Error(`no ${step} of ${path}`);
    found = next;
  }
  return found;
}

type Output = "mp4" | "fmp4" | "live" | "remade";

const [SYNC, NON_SYNC] = [0x0200_0000, 0x0101_0000];
const [TABLES, SOUND_TABLES, OTHER, LAST] = ["", "[1]", "[2]", "[3]"].map(
  (number) => `moov.trak${number}.mdia.minf.stbl`,
);

/** What mp4box.js is to read of each file's box. Ticks of pictures are 16 a millisecond, those of movies 90. */
const ROWS: readonly (readonly [file: string, output: Output, path: string, fields: object])[] = [
  ["ftyp", "mp4", "ftyp", { major_brand: "isom", compatible_brands: ["isom", "iso2", "mp41"] }],
  ["mvhd", "mp4", "moov.mvhd", { timescale: 90_000, duration: 22_500, next_track_id: 3, rate: 0x1_0000 }],
  ["matrix", "mp4", "moov.mvhd", { matrix: Int32Array.of(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000) }],
  ["tkhd", "mp4", "moov.trak.tkhd", { track_id: 1, flags: 7, alternate_group: 2, volume: 0, duration: 18_900 }],
  ["tkhd", "mp4", "moov.trak.tkhd", { width: 160 << 16, height: 90 << 16 }],
  ["elst", "mp4", "moov.trak.edts.elst", { entries: [{ segment_duration: 18_900, media_time: 640 }] }],
  ["mdhd", "mp4", "moov.trak.mdia.mdhd", { timescale: 16_000, duration: 3360, languageString: "und" }],
  ["hdlr", "mp4", "moov.trak.mdia.hdlr", { handler: "vide", name: "Camera 1" }],
  ["media-header", "mp4", "moov.trak.mdia.minf.vmhd", { flags: 1, graphicsmode: 0 }],
  ["media-header", "mp4", "moov.trak[1].mdia.minf.smhd", { flags: 0, balance: 0 }],
  ["dref", "mp4", "moov.trak.mdia.minf.dinf.dref", { entries: [{ flags: 1 }] }],
  ["stsd", "mp4", `${TABLES}.stsd`, { entries: [{ width: 160 }, { width: 320 }] }],
  ["stts", "mp4", `${TABLES}.stts`, { sample_counts: [1, 1, 2, 1], sample_deltas: [640, 800, 640, 640] }],
  ["ctts", "mp4", `${TABLES}.ctts`, { sample_counts: [1, 1, 1, 1, 1], sample_offsets: [640, 1280, 0, 1280, 0] }],
  ["stss", "mp4", `${TABLES}.stss`, { sample_numbers: [1] }],
  ["stsc", "mp4", `${TABLES}.stsc`, { first_chunk: [1, 2, 3], samples_per_chunk: [2, 1, 2] }],
  ["stsc", "mp4", `${TABLES}.stsc`, { sample_description_index: [1, 1, 2] }],
  ["stsz", "mp4", `${TABLES}.stsz`, { sample_size: 0, sample_sizes: [10, 11, 12, 13, 14] }],
  ["stsz", "mp4", `${SOUND_TABLES}.stsz`, { sample_size: 8, sample_count: 5 }],
  ["mehd", "fmp4", "moov.mvex.mehd", { fragment_duration: 22_500 }],
  ["trex", "fmp4", "moov.mvex.trex", { track_id: 1, default_sample_description_index: 1 }],
  ["sample-flags", "fmp4", "moov.mvex.trex", { default_sample_flags: NON_SYNC }],
  ["sample-flags", "fmp4", "moov.mvex.trex[1]", { default_sample_flags: SYNC }],
  ["sidx", "fmp4", "sidx", { reference_ID: 1, timescale: 16_000, earliest_presentation_time: 0 }],
  ["sidx", "fmp4", "sidx", { references: [{ subsegment_duration: 3360, starts_with_SAP: 1, SAP_type: 1 }] }],
  ["mfhd", "fmp4", "moof.mfhd", { sequence_number: 1 }],
  ["tfhd", "fmp4", "moof.traf[1].tfhd", { track_id: 1, flags: 0x2_0002, default_sample_description_index: 2 }],
  ["tfhd", "fmp4", "moof.traf[2].tfhd", { track_id: 2, default_sample_duration: 320, default_sample_size: 8 }],
  ["tfdt", "fmp4", "moof.traf[1].tfdt", { baseMediaDecodeTime: 2080 }],
  ["trun", "fmp4", "moof.traf.trun", { sample_duration: [640, 800], sample_size: [10, 11] }],
  ["trun", "fmp4", "moof.traf.trun", { sample_flags: [SYNC, NON_SYNC], sample_composition_time_offset: [640, 1280] }],
  ["mfra", "fmp4", "mfra.tfra", { track_ID: 1, entries: [{ time: 640, traf_number: 1, trun_number: 1 }] }],
  ["mfra", "fmp4", "mfra.mfro", { _size: 67 }],
  ["visual-entry", "live", `${TABLES}.stsd.avc1`, { width: 160, height: 96, frame_count: 1, depth: 24 }],
  ["pasp", "live", `${TABLES}.stsd.avc1.pasp`, { hSpacing: 4, vSpacing: 3 }],
  ["pasp", "live", "moov.trak.tkhd", { width: Math.floor((160 * 0x1_0000 * 4) / 3), height: 96 << 16 }],
  ["avcc", "live", `${TABLES}.stsd.avc1.avcC`, { AVCProfileIndication: 66, AVCLevelIndication: 30 }],
  ["avcc", "live", `${TABLES}.stsd.avc1.avcC`, { lengthSizeMinusOne: 3, SPS: [{ length: avcSet().length }] }],
  ["hvcc", "live", `${OTHER}.stsd.hvc1.hvcC`, { general_profile_idc: 1, general_level_idc: 93, lengthSizeMinusOne: 3 }],
  ["hvcc", "live", `${OTHER}.stsd.hvc1.hvcC`, { nalu_arrays: [32, 33, 34].map((type) => ({ nalu_type: type })) }],
  ["audio-entry", "live", `${SOUND_TABLES}.stsd.mp4a`, { channel_count: 2, samplesize: 16, samplerate: 48_000 }],
  ["trun", "live", "moof.traf.trun", { sample_size: [5, 6, 7], sample_composition_time_offset: [3600, 7200, 3600] }],
  ["esds", "live", `${SOUND_TABLES}.stsd.mp4a.esds`, { flags: 0 }],
  [
    "av1c",
    "remade",
    `${TABLES}.stsd.av01.av1C`,
    { seq_profile: 1, seq_level_idx_0: 8, seq_tier_0: 1, high_bitdepth: 1 },
  ],
  ["vpcc", "remade", `${SOUND_TABLES}.stsd.vp09.vpcC`, { profile: 1, level: 31, bitDepth: 8 }],
  ["dfla", "remade", `${OTHER}.stsd.fLaC.dfLa`, { samplerate: 48_000, numMetadataBlocks: "1 (STREAMINFO)" }],
  ["dops", "remade", `${LAST}.stsd.Opus.dOps`, { OutputChannelCount: 2, ChannelMappingFamily: 0 }],
  ["prft", "live", "prft", { ref_track_id: 1, media_time: 10_800 }],
];

test("mp4box.js reads of each box what was to be written", async () => {
  const files = await outputs();
  for (const [file, output, path, fields] of ROWS) {
    expect(boxAt(files[output], path), `${file}: ${path} of ${output}`).toMatchObject(fields);
  }
  // Of the sets in `avcC`, and of the descriptors in `esds`.
  const [pictures, sound] = files.live.getInfo().tracks;
  expect([pictures?.codec, sound?.codec]).toEqual(["avc1.42001e", "mp4a.40.2"]);
});

test("codec strings tell of av1C and vpcC what mp4box.js does", () => {
  const ours = [av1(0x25, 0x40), av1(0x08, 0xc0), vp9(1, 10)].flatMap((entry) => core.entries.codecs(Code.vide, entry));
  expect(ours).toEqual(["av01.1.05M.10", "av01.0.08H.10", "vp09.01.10.08"]);
  const tracks = parsed(remade())
    .getInfo()
    .tracks.map(({ codec }) => codec);
  expect(tracks.slice(0, 2)).toEqual(["av01.1.08H.10", "vp09.01.31.08"]);
});

test("of dfLa is kept what two files of the same sound share", () => {
  const [one, other] = [flac(1), flac(2)].map((entry) => core.entries.plain(Code.soun, entry));
  expect(one).toEqual(core.entries.plain(Code.soun, flac(0)));
  expect(one).toEqual(other);
  expect(flac(1)).not.toEqual(other);
});

test("of dOps is read whether there are one or two channels", () => {
  const silent = (...fields: [number, number]): number[] => [
    ...(core.entries.silence(opus(...fields), 48_000)?.sample ?? []),
  ];
  expect(silent(1, 0)).toEqual([0xf8, 0xff, 0xfe]);
  expect(silent(2, 0)).toEqual([0xfc, 0xff, 0xfe]);
  for (const [channels, family] of [
    [0, 0],
    [3, 0],
    [2, 1],
  ] as const)
    expect(silent(channels, family)).toEqual([]);
});

/**
 * Of no box, or of one that is only read (of `mtxi` in stated-start.test.ts, of `tmcd` in timecode.test.ts); `stco`, by which round-trip.test.ts finds every sample; and `chpl`, which chapters.test.ts
 * has read by ffprobe, since mp4box.js does not know it.
 */
const OTHERS = ["track-tables", "presentation", "config-sets", "nal-units", "meta", "mtxi", "tmcd", "stco", "chpl"];

test("each file of a box has a row", async () => {
  const names = await readdir(new URL("../../assembly/box/", import.meta.url));
  const known = new Set([...ROWS.map(([file]) => file), ...OTHERS]);
  expect(names.map((name) => name.replace(".ts", "")).filter((name) => !known.has(name))).toEqual([]);
});

test("what lies where in a box is known to assembly/box alone", async () => {
  const assembly = new URL("../../assembly/", import.meta.url);
  const files = (await readdir(assembly, { recursive: true })).filter((name) => /^(?!box|memory).*\.ts$/.test(name));
  const offsets = files.map(async (name) => {
    const code = await readFile(new URL(name, assembly), "utf8");
    return [...code.matchAll(/.*\.body [+-] \d.*/g)].map(([line]) => `${name}: ${line.trim()}`);
  });
  expect((await Promise.all(offsets)).flat()).toEqual([]);
});
