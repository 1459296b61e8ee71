import { describe, expect, test } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { indexObject } from "../../src/core/indexing/index-object.ts";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import type { IndexedSegment } from "../../src/core/indexing/segment-index.ts";
import { createCore } from "../../src/core/wasm/module.ts";
import { box, bytes, find, fullBox, patched, u16, u32, u64, zeros } from "../support/boxes.ts";
import { buildMovie } from "../support/movie.ts";
import { compiledCore } from "../hostile/feed.ts";
import { fragment, fullRun, initSegment, tfdt, tfhd, trun } from "../hostile/fragments.ts";
import { audio, video } from "../hostile/good.ts";

const core = createCore(await compiledCore());

const TRAILING = "Bytes after the last whole box were ignored.";
const PAST_END = "The file ends before its last mdat box does; all samples are inside.";
const DROPPED = "An incomplete last movie fragment was left out.";

type Outcome = IndexedSegment | { refused: string; box: unknown; offset: unknown };

function refusal(error: unknown): Outcome {
  if (!(error instanceof BoxcarError)) throw error;
  return { refused: error.code, box: error.fields.box, offset: error.fields.offset };
}

/** What both feeders make of a file: bytes that pass by in pieces of 7, and ranged reads. They must agree. */
async function indexed(file: Uint8Array): Promise<Outcome> {
  const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> => {
    expect(offset + length).toBeLessThanOrEqual(file.length);
    return Promise.resolve(file.subarray(offset, offset + length));
  };
  const stored = await indexObject(core, file.length, read).catch(refusal);
  const indexer = new StreamIndexer(core);
  let passed: Outcome;
  try {
    for (let at = 0; at < file.length; at += 7) indexer.push(file.subarray(at, at + 7));
    passed = indexer.end();
  } catch (error) {
    passed = refusal(error);
  }
  expect(passed).toEqual(stored);
  return stored;
}

/** Samples of each track, and the warnings. */
function told(outcome: Outcome): unknown {
  if ("refused" in outcome) return outcome;
  const { tracks, warnings } = outcome.description;
  return { samples: tracks.map(({ samples }) => samples), warnings };
}

const samples = [video.samples.length, audio.samples.length];
const first = buildMovie({ tracks: [video, audio] }).file;
const last = buildMovie({ tracks: [video, audio], moov: "last" }).file;

describe("bytes behind the last box are ignored with a warning", () => {
  const id3v1 = bytes("TAG", new Uint8Array(125).fill(0x20));
  test.each([
    ["an ID3v1 tag", id3v1],
    [
      "a trailer whose first bytes are too small for a size",
      bytes(u32(5), zeros(60), "8db42d694ccc418790edff439fe026bf"),
    ],
    ["a trailer that looks like a short box, then like none", bytes(u32(24), u32(11), zeros(16), "8db42d694ccc4187")],
    ["a large size that is none", bytes(u32(1), "xxxx", u64(3), zeros(30))],
    ["a large size beyond all files", bytes(u32(1), "xxxx", u64(2n ** 60n), zeros(30))],
    ["the first half of a large header", bytes(u32(1), "free")],
    ["zeros", zeros(1000)],
    ["one byte", zeros(1)],
    ["seven bytes", bytes("trailer")],
    ["a box that ends beyond the file", bytes(u32(1 << 20), "free", zeros(100))],
    ["the half of a random access box", bytes(u32(200), "mfra", zeros(100))],
  ])("%s", async (_, trailer) => {
    for (const file of [first, last]) {
      expect(told(await indexed(bytes(file, trailer)))).toEqual({ samples, warnings: [TRAILING] });
    }
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["a box of no known type", box("wxyz", zeros(5))],
    ["a free box of all the rest", bytes(u32(0), "free", zeros(9))],
  ])("but %s needs none", async (_, rest) => {
    expect(told(await indexed(bytes(last, rest)))).toEqual({ samples, warnings: [] });
  });

  test("an impossible size in front of moov is still damage", async () => {
    const { offset } = find(last, "moov");
    const broken = bytes(last.subarray(0, offset), u32(5), "free", last.subarray(offset));
    expect(told(await indexed(broken))).toEqual({ refused: "bad_box_size", box: "free", offset });
  });
});

describe("media data that is said to be longer than the file", () => {
  const { offset, size } = find(first, "mdat");

  test.each([1, 1000, 0x7000_0000])("by %i bytes is taken when all samples are there", async (more) => {
    expect(told(await indexed(patched(first, offset, u32(size + more))))).toEqual({ samples, warnings: [PAST_END] });
  });

  test("is refused as cut when samples are not", async () => {
    for (const lost of [1, size >> 1, size - 8]) {
      const cut = first.subarray(0, first.length - lost);
      expect(told(await indexed(cut))).toEqual({ refused: "truncated", box: "mdat", offset });
    }
  });
});

describe("a fragmented file that was cut", () => {
  const run = (at: number): Uint8Array => bytes(tfhd(1), trun(at, [{ flags: 0x200_0000 }, { size: 12 }, { size: 7 }]));
  const sound = (at: number): Uint8Array => bytes(tfhd(2), fullRun(at + 29, 20));
  const part = (n: number): Uint8Array => fragment(new Uint8Array(49).fill(n), n, run, sound);
  const mfra = box("mfra", box("tfra", zeros(40)), fullBox("mfro", 0, 0, u32(72)));

  /** Where each fragment of `file` ends, whether or not boxes of another kind stand between them. */
  function ends(file: Uint8Array): number[] {
    const found: number[] = [];
    for (let at = 0; at < file.length;) {
      const view = new DataView(file.buffer, file.byteOffset + at);
      const size = view.getUint32(0);
      if (view.getUint32(4) === 0x6d646174) found.push(at + size);
      at += size;
    }
    return found;
  }

  test.each([
    ["with random access boxes", bytes(initSegment(), part(1), part(2), part(3), mfra)],
    [
      "whose fragments begin with styp and sidx",
      bytes(initSegment(), ...[1, 2, 3].flatMap((n) => [box("styp", "msdh", u32(0)), box("sidx", zeros(24)), part(n)])),
    ],
  ])("at every byte, %s", async (_, file) => {
    const fragments = ends(file);
    const init = initSegment().length;
    const names = new Set<string>();
    for (let at = init + 8; at < file.length; at++) {
      const cut = file.subarray(0, at);
      const outcome = await indexed(cut);
      const whole = fragments.filter((end) => end <= at).length;
      if (whole === 0) {
        if (!("refused" in outcome)) throw new Error(`cut at ${at}: taken without a fragment`);
        names.add(outcome.refused);
        continue;
      }
      if ("refused" in outcome) throw new Error(`cut at ${at}: ${outcome.refused}`);
      const { tracks, warnings } = outcome.description;
      expect({ at, samples: tracks.map((track) => track.samples) }).toEqual({ at, samples: [3 * whole, 20 * whole] });
      const before = Math.max(...fragments.filter((end) => end <= at));
      const { dropped, clean } = lost(file, before, at);
      expect({ at, warnings }).toEqual({ at, warnings: dropped ? [DROPPED] : clean ? [] : [TRAILING] });
    }
    expect(["no_samples", "outside_file", "truncated"]).toEqual(expect.arrayContaining([...names]));
    expect([...names]).toEqual(expect.arrayContaining(["outside_file", "truncated"]));
  });

  /** Whether a cut at `at` took samples with it, and whether it lies between two boxes. */
  function lost(file: Uint8Array, before: number, at: number): { dropped: boolean; clean: boolean } {
    let dropped = false;
    let box = before;
    while (box < at) {
      const view = new DataView(file.buffer, file.byteOffset + box);
      if (view.getUint32(4) === 0x6d6f6f66 && at - box >= 8) dropped = true;
      box += view.getUint32(0);
    }
    return { dropped, clean: box === at };
  }

  test("at every byte, with zeros for what was not written", async () => {
    const [before, cut] = [bytes(initSegment(), part(1), part(2)), part(3)];
    for (let at = 8; at < find(cut, "moof").size + 8; at++) {
      const file = bytes(before, cut.subarray(0, at), zeros(cut.length - at + 16));
      expect({ at, ...(told(await indexed(file)) as object) }).toEqual({ at, samples: [6, 40], warnings: [DROPPED] });
    }
  });

  test("its kept fragments are the same as without the rest", async () => {
    const kept = await indexed(bytes(initSegment(), part(1), part(2)));
    const cut = await indexed(bytes(initSegment(), part(1), part(2), part(3).subarray(0, -1)));
    if ("refused" in kept || "refused" in cut) throw new Error("refused");
    expect(cut.description.tracks).toEqual(kept.description.tracks);
  });

  test("two last fragments whose media stands behind both of them", async () => {
    const moof = (n: number): Uint8Array => {
      const whole = part(n);
      return whole.subarray(0, find(whole, "moof").size);
    };
    const size = moof(3).length;
    // Data offsets count from each moof to the one mdat: the first one's media is behind the second's header.
    const two = bytes(patchOffsets(moof(3), size), patchOffsets(moof(4), 49), box("mdat", zeros(98)));
    const whole = bytes(initSegment(), part(1), two);
    expect(told(await indexed(whole))).toEqual({ samples: [9, 60], warnings: [] });
    expect(told(await indexed(whole.subarray(0, -1)))).toEqual({ samples: [6, 40], warnings: [DROPPED] });
    expect(told(await indexed(whole.subarray(0, -50)))).toEqual({ samples: [3, 20], warnings: [DROPPED] });
  });

  /** Adds to the data offsets of both runs of a fragment. */
  function patchOffsets(moof: Uint8Array, more: number): Uint8Array {
    let out = moof;
    for (let at = 0; at + 4 <= moof.length; at++) {
      const view = new DataView(out.buffer, out.byteOffset);
      if (view.getUint32(at) === 0x7472756e) out = patched(out, at + 12, u32(view.getUint32(at + 12) + more));
    }
    return out;
  }

  test("a fragment in the middle whose media lies outside stays refused", async () => {
    const wild = bytes(initSegment(), part(1), patchOffsets(part(2), 1 << 20), part(3));
    expect(told(await indexed(wild))).toMatchObject({ refused: "outside_file" });
  });

  test("decode times are unharmed", async () => {
    const timed = (n: number): Uint8Array =>
      fragment(zeros(29), n, (at) =>
        bytes(tfhd(1), tfdt(n * 5000), trun(at, [{ flags: 0x200_0000 }, { size: 12 }, { size: 7 }])),
      );
    const outcome = await indexed(bytes(initSegment(), timed(0), timed(1), timed(2), u16(0)));
    if ("refused" in outcome) throw new Error(outcome.refused);
    expect(outcome.description.tracks[0]?.durationMs).toBeCloseTo(((10_000 + 3 * 512) / 12_800) * 1000, 3);
    expect(outcome.description.warnings).toContain(TRAILING);
  });
});
