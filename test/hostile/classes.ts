/** The classes of hostile input: how a variant of each is made, and what may come of it. */
import { box, bytes, find, fullBox, patched, u16, u32, u64, u8, zeros } from "../support/boxes.ts";
import { audioEntry, buildMovie, videoEntry } from "../support/movie.ts";
import type { Random } from "../support/random.ts";
import { appended, doubled, poke, replace, table, without } from "./edit.ts";
import { fragment, fullRun, initSegment, tfdt, tfhd, trun } from "./fragments.ts";
import { audio, video } from "./good.ts";

export interface HostileClass {
  readonly number: number;
  readonly name: string;
  /** Everything its variants come to when they are indexed, or else when their boxes are listed: error names, `repaired`, or `accepted` where the damage says nothing false. */
  readonly outcomes: readonly string[];
  make(numbers: Random, variant: number): Uint8Array;
}

const MAX = 0xffff_ffff;
const plain = buildMovie({ tracks: [video, audio] }).file;
const wide = buildMovie({ tracks: [{ ...audio, offsets: "co64" }], mdat: "large" }).file;
const TABLES = ["stts", "ctts", "stss", "stsc", "stco"] as const;
const CONTAINERS = [["moov"], ["moov", "trak"], ["moov", "trak", "mdia"], ["moov", "trak", "mdia", "minf"]] as const;
const LEAVES = [
  ["moov", "mvhd"],
  ["moov", "trak", "tkhd"],
  ["moov", "trak", "mdia", "mdhd"],
  ["moov", "trak", "mdia", "hdlr"],
  table("stsd"),
  table("stts"),
  table("stsz"),
  table("stco"),
] as const;

/** Sets the 32-bit size of the box at `path`. */
function resized(file: Uint8Array, path: readonly [string, ...string[]], size: number): Uint8Array {
  return patched(file, find(file, ...path).offset, u32(size));
}

/** A fragmented file whose one fragment is made of `trafs`, with 40 bytes of media. */
function fragmented(...trafs: readonly ((dataOffset: number) => Uint8Array)[]): Uint8Array {
  return bytes(initSegment(), fragment(new Uint8Array(40), 1, ...trafs, sound));
}

const sound = (at: number): Uint8Array => bytes(tfhd(2), tfdt(0), fullRun(at + 20, 5));

const run = (at: number): Uint8Array => bytes(tfhd(1), tfdt(0), trun(at, [{ flags: 0x200_0000 }, {}]));

function nested(depth: number, type: string): Uint8Array {
  const parts = Array.from({ length: depth }, (_, i) => bytes(u32((depth - i) * 8), type));
  return bytes(...parts);
}

function manyTracks(count: number): Uint8Array {
  const { offset, size } = find(plain, "moov", "trak");
  const trak = plain.subarray(offset, offset + size);
  const id = find(plain, "moov", "trak", "tkhd").offset - offset + 20;
  const traks = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    traks.set(trak, i * size);
    new DataView(traks.buffer).setUint32(i * size + id, 10 + i);
  }
  return appended(plain, ["moov"], traks);
}

export const classes: readonly HostileClass[] = [
  {
    number: 1,
    name: "box sizes that cannot be",
    outcomes: ["bad_box_size", "truncated"],
    make(numbers) {
      const path = numbers.pick([...CONTAINERS, ...LEAVES]);
      if (numbers.below(2) === 0) return resized(plain, path, 2 + numbers.below(6));
      const large = numbers.pick([numbers.below(16), 2 ** 63, 2 ** 63 + 4096, 2 ** 53 + 2]);
      const file = resized(plain, path, 1);
      return numbers.below(6) === 0
        ? file.subarray(0, find(plain, ...path).offset + 8 + numbers.below(8))
        : patched(file, find(plain, ...path).offset + 8, u64(BigInt(large)));
    },
  },
  {
    number: 2,
    name: "a box without an end inside a container",
    outcomes: ["bad_box_size"],
    make: (numbers) => resized(plain, numbers.pick([...CONTAINERS, ...LEAVES]), 0),
  },
  {
    number: 3,
    name: "children beyond their parent, the file's end, and bytes left over",
    outcomes: ["bad_box_size", "metadata_too_large", "accepted", "repaired"],
    make(numbers) {
      const path = numbers.pick([...CONTAINERS, ...LEAVES]);
      const { size } = find(plain, ...path);
      const kind = numbers.below(3);
      if (kind === 0) return resized(plain, path, find(plain, "moov").size + numbers.below(2 ** 31));
      if (kind === 1) return resized(plain, numbers.pick(LEAVES), size + 1 + numbers.below(2 ** 24));
      const rest = zeros(1 + numbers.below(7));
      return numbers.below(2) === 0 ? bytes(plain, rest) : shifted(appended(plain, ["moov"], rest), rest.length);
    },
  },
  {
    number: 4,
    name: "counts whose product with the entry size passes 32 bits",
    outcomes: ["bad_table"],
    make(numbers) {
      const count = numbers.pick([0x2000_0000, 0x4000_0000, 0x8000_0000, 0x1555_5556, MAX - 1]) + numbers.below(2);
      const kind = numbers.below(8);
      if (kind === 0) return poke(wide, table("co64"), 4, u32(count));
      if (kind === 1) return poke(plain, table("stsz"), 8, u32(count));
      if (kind === 2) return poke(plain, ["moov", "trak", "edts", "elst"], 4, u32(count));
      if (kind === 3) return fragmented((at) => bytes(tfhd(1), fullBox("trun", 1, 0xf01, u32(count, at), zeros(32))));
      return poke(plain, table(numbers.pick(TABLES)), 4, u32(count));
    },
  },
  {
    number: 5,
    name: "counts above the payload, payload above the count",
    outcomes: ["bad_table", "inconsistent_tables", "repaired", "accepted"],
    make(numbers) {
      const type = numbers.pick(TABLES);
      const { offset } = find(plain, ...table(type));
      const own = new DataView(plain.buffer).getUint32(offset + 12);
      const count = numbers.below(2) === 0 ? own + 1 + numbers.below(100) : Math.max(0, own - 1 - numbers.below(own));
      return poke(plain, table(type), 4, u32(count));
    },
  },
  {
    number: 6,
    name: "stsc: first chunks that are 0, not from 1, unordered, beyond the chunks",
    outcomes: ["bad_table"],
    make(numbers) {
      const entries = [1, 1, 1, 2, 1, 1, 3, 1, 1];
      entries[3 * numbers.below(3)] = numbers.pick([0, 4 + numbers.below(MAX - 4), 9 + numbers.below(9)]);
      return chunksAs(entries);
    },
  },
  {
    number: 7,
    name: "stsc: no or too many samples in a chunk, a description that is not there",
    outcomes: ["bad_table", "repaired"],
    make(numbers) {
      const entries = [1, 2, 1, 2, 3, 1];
      const which = numbers.below(2) * 3;
      if (numbers.below(2) === 0) entries[which + 1] = numbers.pick([0, MAX, MAX - numbers.below(99), 0x8000_0000]);
      else entries[which + 2] = numbers.pick([0, 2 + numbers.below(99), MAX]);
      return chunksAs(entries);
    },
  },
  {
    number: 8,
    name: "stsz of one size with absurd counts, stz2 fields of other widths",
    outcomes: ["too_many", "bad_table", "inconsistent_tables"],
    make(numbers) {
      if (numbers.below(2) === 0) {
        const count = numbers.pick([MAX, MAX - 1, 0x8000_0000, 0x1000_0001, 1000 + numbers.below(2 ** 27)]);
        return poke(plain, table("stsz"), 4, u32(1 + numbers.below(99), count));
      }
      const field = numbers.pick([0, 1, 2, 3, 5, 7, 9, 12, 15, 17, 24, 32, 255]);
      return replace(plain, table("stsz"), () => fullBox("stz2", 0, 0, u32(field, 12), zeros(48)));
    },
  },
  {
    number: 9,
    name: "stts and ctts: sums that are not the samples', durations of 0 and 2^32-1, totals that overflow",
    outcomes: ["repaired"],
    make(numbers) {
      const count = numbers.pick([1, 11, 13, 1000, MAX, numbers.below(MAX)]);
      const value = numbers.pick([0, 1, MAX, MAX - 1, 0x8000_0000, numbers.below(MAX)]);
      const type = numbers.pick(["stts", "ctts"]);
      const entries = numbers.below(2) === 0 ? [count, value] : [4, value, count, 512];
      return shiftedReplace(table(type), fullBox(type, 0, 0, u32(entries.length / 2, ...entries)));
    },
  },
  {
    number: 10,
    name: "negative composition offsets in both versions, unknown versions of every box",
    outcomes: ["accepted", "unsupported_version"],
    make(numbers) {
      const version = numbers.below(2);
      const offsets = Array.from({ length: 12 }, () => [1, numbers.below(4096) - 2048]).flat();
      if (numbers.below(2) === 0) {
        return shiftedReplace(table("ctts"), fullBox("ctts", version, 0, u32(12, ...offsets)));
      }
      const paths = [...LEAVES, table("ctts"), table("stss"), table("stsc"), ["moov", "trak", "edts", "elst"] as const];
      return poke(plain, numbers.pick(paths), 0, u8(2 + numbers.below(254)));
    },
  },
  {
    number: 11,
    name: "chunk offsets past the end, above 2^53, inside moov, overlapping",
    outcomes: ["outside_file", "accepted"],
    make(numbers) {
      const moov = find(wide, "moov");
      const mdat = find(wide, "mdat").offset + 16;
      const offset = numbers.pick([
        BigInt(wide.length + numbers.below(9)),
        2n ** 53n + BigInt(numbers.below(999)),
        2n ** 64n - BigInt(1 + numbers.below(99)),
        BigInt(moov.offset + numbers.below(moov.size)),
        BigInt(mdat + numbers.below(20)),
      ]);
      return poke(wide, table("co64"), 8 + 8 * numbers.below(5), u64(offset));
    },
  },
  {
    number: 12,
    name: "sample sizes above the media",
    outcomes: ["outside_file"],
    make(numbers) {
      const size = numbers.pick([400, 0xffff, 0x7fff_ffff, 0x8000_0000, MAX, 400 + numbers.below(2 ** 31)]);
      return poke(plain, table("stsz"), 12 + 4 * numbers.below(12), u32(size));
    },
  },
  {
    number: 13,
    name: "edit lists: empty, several, impossible times and rates",
    outcomes: ["accepted", "repaired", "bad_edit_list", "time_overflow"],
    make(numbers) {
      const version = numbers.below(2);
      const times = [-1, 0, 512, 1024, 6144, 0x7fff_ffff, -2, -0x8000_0000];
      const edits = Array.from({ length: numbers.below(4) }, () => {
        const duration = numbers.pick([0, 1, 480, MAX, ...(version === 1 ? [2n ** 53n, 2n ** 64n - 1n] : [])]);
        const rate = numbers.below(6) === 0 ? numbers.pick([u16(0, 0), u16(2, 0), u16(1, 1)]) : u16(1, 0);
        const time = numbers.pick(numbers.below(3) === 0 ? times : times.slice(0, 4));
        return bytes(version === 1 ? u64(duration, time) : u32(Number(duration), time), rate);
      });
      return shiftedReplace(["moov", "trak", "edts", "elst"], fullBox("elst", version, 0, u32(edits.length), ...edits));
    },
  },
  {
    number: 14,
    name: "timescales of 0, durations of 2^32-1 and 2^64-1",
    outcomes: ["bad_timescale", "accepted"],
    make(numbers) {
      const [path, at] = numbers.pick([
        [["moov", "mvhd"], 12],
        [["moov", "trak", "mdia", "mdhd"], 12],
      ] as const);
      const kind = numbers.below(3);
      if (kind === 0) return poke(plain, path, at, u32(0));
      if (kind === 1) return poke(plain, path, at, u32(numbers.pick([1, 2, MAX, 0x8000_0000]), MAX));
      const long = fullBox("mdhd", 1, 0, u64(0, 0), u32(1 + numbers.below(MAX)), u64(2n ** 64n - 1n), u16(0x55c4, 0));
      return shiftedReplace(["moov", "trak", "mdia", "mdhd"], long);
    },
  },
  {
    number: 15,
    name: "missing and doubled boxes, doubled track ids",
    outcomes: ["missing_box", "duplicate_box", "repaired", "accepted"],
    make(numbers) {
      const paths = [...CONTAINERS, ...LEAVES, table("stsc"), ["moov", "trak", "mdia", "minf", "stbl"] as const];
      const path = numbers.pick(paths);
      const kind = numbers.below(4);
      const { size } = find(plain, ...path);
      if (kind === 0) return shifted(without(plain, path), -size);
      if (kind === 1) return appended(plain, table("stco").slice(0, 5) as [string], fullBox("co64", 0, 0, u32(0)));
      return shifted(doubled(plain, path), size);
    },
  },
  {
    number: 16,
    name: "nesting above 32, a million empty boxes",
    outcomes: ["accepted", "nested_too_deep", "too_many"],
    make(numbers, variant) {
      const count = variant < 2 ? 1_000_000 : 100 + numbers.below(2000);
      const empty = bytes(u32(8), numbers.pick(["free", "skip", "uuid"]));
      const many = new Uint8Array(count * 8);
      for (let i = 0; i < many.length; i += 8) many.set(empty, i);
      const kind = variant < 2 ? variant : numbers.below(3);
      if (kind === 0) return bytes(plain, many);
      if (kind === 1) return shifted(appended(plain, ["moov"], many), many.length);
      const deep = nested(20 + numbers.below(200), numbers.pick(["udta", "moov", "trak", "mdia", "minf"]));
      return shifted(appended(plain, ["moov"], box("udta", deep)), deep.length + 8);
    },
  },
  {
    number: 17,
    name: "a moov of 500 MB, 10^5 tracks",
    outcomes: ["metadata_too_large", "too_many"],
    make(numbers, variant) {
      if (variant === 0) return manyTracks(100_000);
      if (numbers.below(2) === 0) return manyTracks(63 + numbers.below(20));
      return resized(plain, ["moov"], 500_000_000 + numbers.below(2 ** 31));
    },
  },
  {
    number: 18,
    name: "stsd: no entries, entries of size 0, configuration boxes that overrun",
    outcomes: ["bad_description", "bad_box_size", "accepted"],
    make(numbers) {
      const kind = numbers.below(4);
      if (kind === 0) return poke(plain, table("stsd"), 4, u32(numbers.pick([0, 2, 100, MAX])));
      if (kind === 1) return poke(plain, table("stsd"), 8, u32(numbers.below(8)));
      const size = (): Uint8Array => u32(numbers.pick([0, 7, 8, 9, 11, 12, 13, 40, 0x7fff_ffff, MAX]));
      const type = numbers.pick(["avcC", "hvcC", "av1C", "vpcC", "btrt"]);
      const config = bytes(size(), type, numbers.bytes(numbers.below(40)));
      const descriptors = bytes(zeros(4), numbers.bytes(8), u8(3, 255, 255, 255, 127, 4, 255), numbers.bytes(20));
      const esds = box("esds", descriptors.subarray(0, numbers.below(descriptors.length)));
      const name = numbers.pick(["avc1", "hvc1", "av01", "vp09"]);
      const entry =
        kind === 2 ? videoEntry(name, 64, 48, config) : audioEntry("mp4a", 2, 48_000, numbers.pick([esds, config]));
      const path = kind === 2 ? table("stsd") : table("stsd");
      const file = kind === 2 ? plain : wide;
      const stsd = fullBox("stsd", 0, 0, u32(1), entry);
      return shiftedReplace(path, stsd, file);
    },
  },
  {
    number: 19,
    name: "fragments: no tfhd, unknown tracks, negative offsets, absurd counts, decode times that overflow",
    outcomes: [
      "missing_box",
      "unknown_track",
      "outside_file",
      "bad_table",
      "too_many",
      "time_overflow",
      "duplicate_box",
      "repaired",
    ],
    make(numbers) {
      const kind = numbers.below(7);
      const many = numbers.pick([MAX, 0x8000_0000, 0x1000_0001, 2 ** 26 + numbers.below(99)]);
      if (kind === 0) return fragmented((at) => bytes(tfdt(0), trun(at, [{}])));
      if (kind === 1) return fragmented((at) => bytes(tfhd(3 + numbers.below(MAX - 3)), trun(at, [{}])));
      if (kind === 2) return fragmented(() => bytes(tfhd(1), trun(-1 - numbers.below(2 ** 31), [{}])));
      if (kind === 3) return fragmented((at) => bytes(tfhd(1), fullBox("trun", 1, 0xf01, u32(many, at), zeros(64))));
      if (kind === 4) {
        const time = numbers.pick([2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 2n ** 53n - BigInt(numbers.below(2000))]);
        return fragmented((at) => bytes(tfhd(1), tfdt(time), trun(at, [{}, {}])));
      }
      if (kind === 5) return fragmented((at) => bytes(tfhd(2, 0x2_0010, u32(numbers.below(3))), fullRun(at, many)));
      return fragmented((at) => bytes(tfhd(1), tfhd(1), trun(at, [{}])));
    },
  },
  {
    number: 20,
    name: "sidx that refers to itself or in circles",
    outcomes: ["accepted"],
    make(numbers) {
      const sidx = (): Uint8Array => {
        const references = Array.from({ length: 1 + numbers.below(9) }, () =>
          u32(0x8000_0000 + numbers.below(2 ** 31), 0, 0),
        );
        const start = numbers.pick([0n, 2n ** 64n - 1n]);
        return fullBox("sidx", 1, 0, u32(1, 0), u64(0, start), u16(0, numbers.pick([1, 9, 0xffff])), ...references);
      };
      return bytes(initSegment(), sidx(), sidx(), fragment(new Uint8Array(40), 1, run, sound), sidx());
    },
  },
  {
    number: 21,
    name: "truncation",
    outcomes: ["truncated"],
    make(numbers) {
      const moov = find(plain, "moov");
      return plain.subarray(0, moov.offset + 8 + numbers.below(moov.size - 8));
    },
  },
  {
    number: 22,
    name: "stss: unsorted, 0, above the samples, empty, absent",
    outcomes: ["bad_table", "accepted", "repaired"],
    make(numbers) {
      const kind = numbers.below(5);
      if (kind === 0) return shiftedReplace(table("stss"), fullBox("stss", 0, 0, u32(0)));
      if (kind === 1) return shiftedReplace(table("stss"), new Uint8Array(0));
      const samples = [1, 2 + numbers.below(4), 6 + numbers.below(7)];
      if (kind === 2) samples.reverse();
      if (kind === 3) samples[numbers.below(3)] = numbers.pick([0, 13, MAX]);
      if (kind === 4) samples[1] = samples[2] ?? 0;
      return shiftedReplace(table("stss"), fullBox("stss", 0, 0, u32(3, ...samples)));
    },
  },
  {
    number: 23,
    name: "saiz, saio and senc that contradict each other, absurd pssh",
    outcomes: ["accepted"],
    make(numbers) {
      const absurd = (type: string): Uint8Array =>
        fullBox(
          type,
          numbers.below(3),
          numbers.below(4),
          u32(numbers.pick([0, 5, MAX, 0x8000_0000])),
          numbers.bytes(numbers.below(40)),
        );
      const pssh = fullBox("pssh", 1, 0, numbers.bytes(16), u32(MAX), u32(MAX), numbers.bytes(8));
      if (numbers.below(2) === 0) {
        const init = initSegment(pssh);
        const aux = [absurd("saiz"), absurd("saio"), absurd("senc")];
        return bytes(
          init,
          fragment(new Uint8Array(40), 1, (at) => bytes(run(at), ...aux), sound),
        );
      }
      const more = bytes(absurd("saiz"), absurd("saio"), absurd("senc"));
      return shifted(appended(plain, ["moov"], pssh, more), pssh.length + more.length);
    },
  },
  {
    number: 24,
    name: "strings without an end, data in other files",
    outcomes: ["accepted", "external_data", "bad_table"],
    make(numbers) {
      const path = ["moov", "trak", "mdia", "minf", "dinf"] as const;
      const kind = numbers.below(4);
      const name = numbers.bytes(numbers.below(20)).map((byte) => byte | 1);
      if (kind === 0) {
        return shiftedReplace(
          ["moov", "trak", "mdia", "hdlr"],
          fullBox("hdlr", 0, 0, zeros(4), "vide", zeros(12), name),
        );
      }
      const type = numbers.pick(["url ", "urn ", "alis", "rsrc", "cios"]);
      const local = kind === 1 ? 1 : 0;
      const entry = fullBox(type, 0, local, numbers.pick(["http://127.0.0.1/", "file:///etc/passwd", ""]), name);
      const count = kind === 3 ? numbers.pick([2, MAX]) : 1;
      return shiftedReplace(path, box("dinf", fullBox("dref", 0, 0, u32(count), entry)));
    },
  },
];

/** `plain` after a change of its moov's length by `by`: chunk offsets moved along. */
function shifted(file: Uint8Array, by: number): Uint8Array {
  const moved = new Uint8Array(file);
  const view = new DataView(moved.buffer);
  for (let at = 8; at + 16 < moved.length; at++) {
    const type = view.getUint32(at);
    if (type !== 0x7374636f && type !== 0x636f3634) continue; // stco co64
    const entry = type === 0x7374636f ? 4 : 8;
    for (let i = 0; i < view.getUint32(at + 8); i++) {
      const low = at + 12 + i * entry + (entry - 4);
      view.setUint32(low, view.getUint32(low) + by);
    }
  }
  return moved;
}

function shiftedReplace(path: readonly [string, ...string[]], by: Uint8Array, file: Uint8Array = plain): Uint8Array {
  const { size } = find(file, ...path);
  return shifted(
    replace(file, path, () => by),
    by.length - size,
  );
}

function chunksAs(entries: readonly number[]): Uint8Array {
  return shiftedReplace(table("stsc"), fullBox("stsc", 0, 0, u32(entries.length / 3, ...entries)));
}
