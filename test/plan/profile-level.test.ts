import { beforeAll, describe, expect, test } from "vitest";
import { readFile } from "node:fs/promises";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import type { Core } from "../../src/core/wasm/module.ts";
import { box, bytes, u16, u32, u8, zeros } from "../support/boxes.ts";
import { canRecord, record, RECORDED_AT } from "../support/recording.ts";
import { shelve } from "../support/shelf.ts";
import { FORMATS, written } from "./output.ts";

const VIDE = 0x76696465;

/** A video sample entry (ISO/IEC 14496-12 clause 12.1.3), with something behind its configuration. */
const entry = (type: string, configuration: Uint8Array): Uint8Array =>
  box(type, zeros(6), u16(1), zeros(70), configuration, box("btrt", zeros(12)));

const set = (length: number): Uint8Array => bytes(u16(length), zeros(length));

/** @param extension chroma format and bit depths, as profiles from High on have them */
const avc = (profile: number, constraints: number, level: number, extension: Uint8Array = zeros(0)): Uint8Array =>
  entry("avc1", box("avcC", u8(1, profile, constraints, level, 0xff, 0xe1), set(9), u8(1), set(4), extension));

const hevc = (general: number, compatibility: number, constraints: number, level: number): Uint8Array => {
  const fixed = bytes(u8(1, general), u32(compatibility), u8(constraints), zeros(5), u8(level), zeros(9), u8(0x0f));
  return entry("hvc1", box("hvcC", fixed, u8(0)));
};

const cases = [
  {
    name: "H.264 of a higher level",
    ...{ first: avc(77, 0x40, 12), other: avc(77, 0x40, 31), expected: avc(77, 0x40, 31) },
    codec: "avc1.4D401F",
  },
  {
    name: "H.264 of a lower level and fewer constraints",
    ...{ first: avc(77, 0xc0, 31), other: avc(66, 0x80, 12), expected: avc(77, 0x80, 31) },
    codec: "avc1.4D801F",
  },
  {
    name: "H.264 of High behind Main",
    ...{ first: avc(77, 0, 30), other: avc(100, 0, 12, u8(0xfd, 0xf8, 0xf8, 0)) },
    ...{ expected: avc(100, 0, 30, u8(0xfd, 0xf8, 0xf8, 0)), codec: "avc1.64001E" },
  },
  {
    name: "H.265 of another profile, a higher tier and level",
    ...{ first: hevc(1, 0x60000000, 0x90, 93), other: hevc(0x22, 0x20000000, 0xb0, 120) },
    ...{ expected: hevc(0x22, 0x20000000, 0x90, 120), codec: "hvc1.2.4.H120.90" },
  },
  {
    name: "AV1",
    ...{
      first: entry("av01", box("av1C", u8(0x81, 0x04, 0x0c, 0))),
      other: entry("av01", box("av1C", u8(0x81, 0x28, 0x8c, 0))),
    },
    ...{ expected: entry("av01", box("av1C", u8(0x81, 0x28, 0x8c, 0))), codec: "av01.1.08H.08" },
  },
  {
    name: "VP9",
    ...{
      first: entry("vp09", box("vpcC", u32(1 << 24), u8(0, 10, 0x82, 0))),
      other: entry("vp09", box("vpcC", u32(1 << 24), u8(1, 31, 0x82, 0))),
    },
    ...{ expected: entry("vp09", box("vpcC", u32(1 << 24), u8(1, 31, 0x82, 0))), codec: "vp09.01.31.08" },
  },
  {
    name: "another codec",
    ...{ first: avc(77, 0, 30), other: hevc(1, 0x60000000, 0x90, 93), expected: avc(77, 0, 30), codec: "avc1.4D001E" },
  },
];

describe("a sample entry that covers another one", () => {
  let core: Core;
  beforeAll(async () => {
    core = await loadCore();
  });

  test.each(cases)("$name", ({ first, other, expected, codec }) => {
    const covering = core.entries.covering(first, other);
    expect(Buffer.from(covering).toString("hex")).toBe(Buffer.from(expected).toString("hex"));
    expect(core.entries.codecs(VIDE, covering)).toEqual([codec]);
  });

  test("is left as it is where a configuration is damaged", () => {
    const whole = avc(77, 0, 30, u8(0xfd, 0xf8, 0xf8, 0));
    const configuration = whole.subarray(86 + 8, whole.length - 20);
    for (let length = 0; length < configuration.length; length++) {
      const damaged = entry("avc1", box("avcC", configuration.subarray(0, length)));
      expect(core.entries.covering(whole, damaged)).toEqual(whole);
      expect(core.entries.covering(damaged, whole)).toEqual(damaged);
    }
  });
});

describe.each([
  { video: "h264", box: "avcC", level: 3, codec: /^avc3\.64001E$/ },
  { video: "h265", box: "hvcC", level: 12, codec: /^hev1\..*L90/ },
] as const)("a range of $video that grows", ({ video, box: name, level, codec }) => {
  test.for(FORMATS)("states the level of its largest pictures (%s)", async (format, { skip }) => {
    if (!(await canRecord({ video }))) return skip("this ffmpeg has no such encoder");
    const options = { video, audio: null, count: 1, seconds: 2 } as const;
    const [small] = await record({ ...options, size: "160x120" });
    const [large] = await record({ ...options, size: "640x480", seed: 2 });
    if (small === undefined || large === undefined) throw new Error("nothing was recorded");
    const shelf = await shelve([small, { ...large, startMs: small.endMs }]);
    const plan = await shelf.plan({ startMs: RECORDED_AT, endMs: RECORDED_AT + 4000 });
    const file = await readFile(await written(plan, format));
    const levelOf = (bytes: Buffer): number => bytes.readUInt8(bytes.indexOf(name) + 4 + level);
    const [low, high] = [levelOf(await readFile(small.file)), levelOf(await readFile(large.file))];
    expect(low).toBeLessThan(high);
    expect(levelOf(file)).toBe(high);
    expect(plan.codecs).toMatch(codec);
  });
});

describe("the name of H.265 sample entries", () => {
  test("is that of the tag; hvc1 only with all parameter sets in the entry", async () => {
    const core = await loadCore();
    const fixed = bytes(u8(1), zeros(21));
    const array = (kind: number): Uint8Array => bytes(u8(0x80 | kind), u16(1), set(5));
    const named = (type: string, ...kinds: number[]): Uint8Array =>
      entry(type, box("hvcC", fixed, u8(kinds.length), ...kinds.map(array)));
    const both = bytes(named("hev1", 32, 33, 34), avc(77, 0, 30), named("hev1", 33, 34));
    const names = (entries: Uint8Array): string[] =>
      core.entries.codecs(VIDE, entries).map((codec) => codec.slice(0, 4));
    expect(names(core.entries.named(both, "hvc1"))).toEqual(["hvc1", "avc1", "hev1"]);
    expect(names(core.entries.named(named("hvc1", 32, 33, 34), "hev1"))).toEqual(["hev1"]);
  });

  test.for(["hvc1", "hev1"] as const)("%s of a recording", async (tag, { skip }) => {
    if (!(await canRecord({ video: "h265" }))) return skip("this ffmpeg has no such encoder");
    const [segment] = await record({ video: "h265", audio: null, count: 1, seconds: 2 });
    if (segment === undefined) throw new Error("nothing was recorded");
    const shelf = await shelve([segment]);
    const range = { startMs: RECORDED_AT + 500, endMs: RECORDED_AT + 1500 };
    const plan = await shelf.plan({ ...range, tag });
    expect(plan.codecs).toMatch(new RegExp(`^${tag}\\.`));
    expect((await readFile(await written(plan, "mp4"))).includes(tag)).toBe(true);
    expect(plan.media("mp4").etag).not.toBe((await shelf.plan(range)).media("mp4").etag);
  });
});
