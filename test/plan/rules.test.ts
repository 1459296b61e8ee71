/** The rules of docs/planning.md, over indexes of files that are built box by box: no ffmpeg, all in under a second. */
import { createFile, MP4BoxBuffer, type Movie, type Sample } from "mp4box";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BoxcarError,
  indexObject,
  planSegments,
  type Core,
  type Plan,
  type SegmentSource,
  type SegmentsRange,
} from "../../src/core/index.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { timingOf } from "../support/timing.ts";
import { audioEntry, buildMovie, videoEntry, type Movie as Recording, type MovieSample } from "../support/movie.ts";

const text = new TextEncoder();

/** Milliseconds a picture, and a sample of sound. */
const [PICTURE, SOUND] = [40, 20];
/** Pictures from one sync sample to the next. */
const GROUP = 10;

let core: Core;
beforeAll(async () => {
  core = await loadCore();
});

interface Recorded {
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** Default 2000. */
  readonly ms?: number;
  /** Sound beside the pictures. Default true. */
  readonly sound?: boolean;
  /** Of the pictures. Default `mp4v`. */
  readonly codec?: string;
}

/** A segment whose samples tell their names: `p3.7` is the eighth picture of the fourth one. */
async function segment(
  { at, ms = 2000, sound = true, codec = "mp4v" }: Recorded,
  number: number,
): Promise<SegmentSource> {
  const named = (kind: string, duration: number) =>
    Array.from({ length: ms / duration }, (_, i) => {
      return { data: text.encode(`<${kind}${number}.${i}>`), duration, sync: kind === "s" || i % GROUP === 0 };
    });
  const pictures = { handler: "vide", timescale: 1000, size: [64, 48], entries: [videoEntry(codec, 64, 48)] } as const;
  const audio = { handler: "soun", timescale: 1000, entries: [audioEntry("sowt", 1, 8000)] } as const;
  const tracks = [
    { ...pictures, samples: named("p", PICTURE) },
    { ...audio, samples: named("s", SOUND) },
  ];
  return sourceOf({ tracks: sound ? tracks : tracks.slice(0, 1) }, at, number);
}

async function sourceOf(movie: Recording, at: number, number: number): Promise<SegmentSource> {
  const { file } = buildMovie(movie);
  const read = ({ offset, length }: { offset: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(file.slice(offset, offset + length));
  return { ...(await indexObject(core, file.length, read)), startMs: at, etag: `v${number}`, read };
}

/** A planned output, as mp4box.js reads it. */
interface Output {
  readonly joints: number;
  readonly gaps: readonly unknown[];
  readonly coverage: readonly unknown[];
  readonly etag: string;
  /** Names and presentation times in milliseconds of the samples that are shown; those before 0, in ticks, are only decoded. */
  readonly pictures: readonly (readonly [name: string, atMs: number])[];
  readonly sound: readonly (readonly [name: string, atMs: number])[];
  /** Milliseconds the pictures are presented. */
  readonly lasting: number;
}

async function planned(recorded: readonly Recorded[], range: SegmentsRange): Promise<Output> {
  return plannedOf(await Promise.all(recorded.map(segment)), range);
}

async function bytesOf(plan: Plan, format: "mp4" | "fmp4"): Promise<Uint8Array<ArrayBuffer>> {
  const media = plan.media(format);
  const file = new Uint8Array(media.size);
  let at = 0;
  for await (const chunk of media.read({ offset: 0, length: media.size })) {
    file.set(chunk, at);
    at += chunk.length;
  }
  return file;
}

async function plannedOf(sources: SegmentSource[], range: SegmentsRange): Promise<Output> {
  const plan = await planSegments({ core }, sources, range);
  const file = await bytesOf(plan, "mp4");
  const parsed = createFile();
  let movie: Movie | undefined;
  const samples = new Map<number, Sample[]>();
  parsed.onReady = (info: Movie) => {
    movie = info;
    for (const { id } of info.tracks) parsed.setExtractionOptions(id, undefined, { nbSamples: 100_000 });
    parsed.start();
  };
  parsed.onSamples = (id: number, _: unknown, found: Sample[]) =>
    samples.set(id, [...(samples.get(id) ?? []), ...found]);
  parsed.appendBuffer(MP4BoxBuffer.fromArrayBuffer(file.buffer, 0), true);
  parsed.flush();
  const track = (type: "video" | "audio") => movie?.tracks[type === "video" ? 0 : 1];
  const shown = (type: "video" | "audio") => {
    const found = track(type);
    const edits = found?.edits ?? [];
    const delay = edits[0]?.media_time === -1 ? (edits[0].segment_duration / (movie?.timescale ?? 1)) * 1000 : 0;
    const from = edits.find(({ media_time }) => media_time >= 0)?.media_time ?? 0;
    return (samples.get(found?.id ?? 0) ?? []).map(({ data, cts, timescale }) => {
      const name = new TextDecoder().decode(data).slice(1, -1);
      // Of what is hidden ticks: each takes one.
      return [name, cts < from ? cts - from : Math.round(((cts - from) / timescale) * 1000 + delay)] as const;
    });
  };
  const edit = track("video")?.edits?.find(({ media_time }) => media_time >= 0);
  return {
    ...{ joints: plan.joints, gaps: plan.gaps, coverage: plan.coverage, etag: plan.media("mp4").etag },
    ...{ pictures: shown("video"), sound: shown("audio") },
    lasting: ((edit?.segment_duration ?? 0) / (movie?.timescale ?? 1)) * 1000,
  };
}

const first = { at: 10_000 };
const second = { at: 12_000 };

describe("rule 1, select", () => {
  it("takes the segments that reach into the range, in order of their start", async () => {
    const { pictures, joints } = await planned([second, first, { at: 14_000 }], { startMs: 11_960, endMs: 12_080 });
    expect(joints).toBe(1);
    expect(pictures.filter(([, at]) => at >= 0)).toEqual([
      ["p1.49", 0],
      ["p0.0", 40],
      ["p0.1", 80],
    ]);
  });

  it("lets a later segment take over at its last sync sample before the end of the one before", async () => {
    const { pictures, joints, gaps } = await planned([first, { at: 11_000 }], { startMs: 10_000, endMs: 20_000 });
    expect([joints, gaps]).toEqual([1, []]);
    expect(pictures.slice(44, 47)).toEqual([
      ["p0.44", 1760],
      ["p1.20", 1800],
      ["p1.21", 1840],
    ]);
    expect(pictures.at(-1)).toEqual(["p1.49", 2960]);
  });

  it("leaves out a segment that lies wholly inside what is covered", async () => {
    const { pictures, joints } = await planned(
      [
        { at: 10_000, ms: 4000 },
        { at: 11_000, ms: 1200 },
      ],
      { startMs: 0, endMs: 20_000 },
    );
    expect(joints).toBe(0);
    expect(pictures.map(([name]) => name).every((name) => name.startsWith("p0."))).toBe(true);
  });

  it("refuses a range in which nothing is recorded", async () => {
    const refused = planned([first], { startMs: 0, endMs: 10_000 });
    await expect(refused).rejects.toThrow(BoxcarError);
    await expect(refused).rejects.toMatchObject({ code: "not_recorded" });
  });
});

describe("rule 2, cut", () => {
  it.each([
    [11_000, 20, 25],
    [11_020, 20, 25],
    [11_100, 20, 27],
    [11_600, 40, 40],
  ])(
    "decodes %i ms from the sync sample %i, and shows from the start on picture %i",
    async (startMs, sync, onScreen) => {
      const { pictures, lasting } = await planned([first], { startMs, endMs: 11_800 });
      const hidden = Array.from({ length: onScreen - sync }, (_, i) => [`p0.${sync + i}`, sync + i - onScreen]);
      expect(pictures.slice(0, hidden.length + 2)).toEqual([
        ...hidden, // a tick each
        [`p0.${onScreen}`, 0],
        [`p0.${onScreen + 1}`, 10_000 + (onScreen + 1) * PICTURE - startMs],
      ]);
      expect(pictures.at(-1)?.[0]).toBe("p0.44");
      expect(lasting).toBe(11_800 - startMs);
    },
  );

  it.each([
    [12_003, 197],
    [12_100, 100],
    [12_197, 3],
  ])("holds the last picture at a start of %i ms, in a hole below the tolerance, for %i ms", async (startMs, held) => {
    const range = { startMs, endMs: 13_000 };
    const { pictures, sound, coverage, gaps, lasting } = await planned([first, { at: 12_200 }, { at: 14_200 }], range);
    expect(pictures.filter(([, at]) => at >= 0).slice(0, 3)).toEqual([
      ["p0.49", 0],
      ["p1.0", held],
      ["p1.1", held + PICTURE],
    ]);
    expect(pictures[0]).toEqual(["p0.40", -9]);
    expect(sound[0]).toEqual(["s1.0", held]);
    expect([coverage, gaps, lasting]).toEqual([[range], [], 13_000 - startMs]);
  });

  it("holds it over a range that lies wholly in such a hole", async () => {
    const range = { startMs: 12_050, endMs: 12_150 };
    const { pictures, sound, coverage, joints, lasting } = await planned([first, { at: 12_200 }], range);
    expect(pictures.filter(([, at]) => at >= 0)).toEqual([["p0.49", 0]]);
    expect([sound, coverage, joints, lasting]).toEqual([[], [range], 0, 100]);
    await expect(planned([first], range)).rejects.toMatchObject({ code: "not_recorded" });
    await expect(planned([first, { at: 12_501 }], range)).rejects.toMatchObject({ code: "not_recorded" });
  });

  it("begins with the next segment behind a gap, and behind one of another kind", async () => {
    const range = { startMs: 12_100, endMs: 13_000 };
    const behindGap = await planned([first, { at: 12_501 }], range);
    const behindOther = await planned([first, { at: 12_200, sound: false }], range);
    expect(behindGap.coverage).toEqual([{ startMs: 12_501, endMs: 13_000 }]);
    expect(behindOther.coverage).toEqual([{ startMs: 12_200, endMs: 13_000 }]);
    for (const { pictures } of [behindGap, behindOther]) expect(pictures[0]).toEqual(["p1.0", 0]);
  });

  it("hides nothing with cut=keyframe", async () => {
    const { pictures } = await planned([first], { startMs: 11_100, endMs: 11_800, cut: "keyframe" });
    expect(pictures[0]).toEqual(["p0.20", 0]);
  });
});

describe("two video tracks", () => {
  it.each(["mp4", "fmp4"] as const)("begin alike where decoding begins in the segment before (%s)", async (format) => {
    const entries = [videoEntry("mp4v", 64, 48)];
    const track = { handler: "vide", timescale: 1000, size: [64, 48], entries } as const;
    const recording = (shown: readonly number[], hasSync: boolean): Recording => {
      const samples = shown.map((picture, i): MovieSample => {
        const offset = (picture + 1 - i) * PICTURE;
        return { data: text.encode(`<${picture}>`), duration: PICTURE, offset, sync: hasSync && i === 0 };
      });
      const edits = [[10_000, PICTURE]] as const;
      return { tracks: [1, 2].map(() => ({ ...track, samples, edits })) };
    };
    const segments = [
      await sourceOf(recording([0, 3, 1, 2, 6, 4, 5, 9, 7, 8], true), 10_000, 0),
      await sourceOf(recording([2, 0, 1, 5, 3, 4, 8, 6, 7], false), 10_400, 1),
    ];
    const plan = await planSegments({ core }, segments, { startMs: 10_500, endMs: 20_000 });
    const [first, second] = timingOf(await bytesOf(plan, format)).tracks;
    expect(second?.samples).toEqual(first?.samples);
    expect(second?.edits).toEqual(first?.edits);
  });
});

describe("rule 3, join", () => {
  it("begins a segment where the reference track of the one before ends, and sound with its picture", async () => {
    const { pictures, sound } = await planned([first, { at: 12_200 }, { at: 14_400 }], { startMs: 0, endMs: 20_000 });
    const at = (list: Output["pictures"], name: string): number | undefined => list.find(([own]) => own === name)?.[1];
    expect([at(pictures, "p1.0"), at(pictures, "p2.0")]).toEqual([2000, 4000]);
    expect([at(sound, "s1.0"), at(sound, "s2.0")]).toEqual([2000, 4000]);
  });

  it("drifts by nothing over a hundred joints", async () => {
    const hour = Array.from({ length: 100 }, (_, i) => ({ at: i * 2007 }));
    const { pictures, sound, joints } = await planned(hour, { startMs: 0, endMs: 1_000_000 });
    expect([joints, pictures.length, sound.length]).toEqual([99, 5000, 10_000]);
    expect([pictures.at(-1)?.[1], sound.at(-1)?.[1]]).toEqual([200_000 - PICTURE, 200_000 - SOUND]);
  });

  it("gives no time to a last sample that is stated to last none and is presented amid others", async () => {
    // Open groups of pictures: the second segment has the two pictures that the first one lacks, hidden by its edit list.
    const named = (number: number, shown: readonly number[], last: number): MovieSample[] =>
      shown.map((picture, i) => ({
        data: text.encode(`<p${number}.${picture}>`),
        duration: i === shown.length - 1 ? last : PICTURE,
        offset: (picture + 1 - i) * PICTURE,
        sync: i === 0,
      }));
    const entries = [videoEntry("mp4v", 64, 48)];
    const track = { handler: "vide", timescale: 1000, size: [64, 48], entries } as const;
    const recording = (samples: MovieSample[], hidden: number): Recording => ({
      tracks: [{ ...track, samples, edits: [[10_000, hidden * PICTURE]] }],
    });
    const segments = [
      await sourceOf(recording(named(0, [0, 3, 1, 2, 6, 4, 5], 0), 1), 10_000, 0),
      await sourceOf(recording(named(1, [2, 0, 1, 5, 3, 4], PICTURE), 3), 10_360, 1),
    ];
    const { pictures } = await plannedOf(segments, { startMs: 10_000, endMs: 20_000 });
    expect(pictures.map(([, at]) => at).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 13 }, (_, i) => i * PICTURE),
    );
  });

  it.each([0, 250])(
    "takes a last sample that is stated to last none to last as the others do (%s ms late)",
    async (late) => {
      // Longer than the tolerance of gaps.
      const samples = [1000, 1000, 1000, 0].map((duration, i) => ({
        ...{ data: text.encode(`<p0.${i}>`), duration, sync: i === 0 },
      }));
      const entries = [videoEntry("mp4v", 64, 48)];
      const movie: Recording = { tracks: [{ handler: "vide", timescale: 1000, size: [64, 48], entries, samples }] };
      const segments = await Promise.all([0, 1, 2].map((i) => sourceOf(movie, 10_000 + i * (4000 + late), i)));
      const whole = await plannedOf(segments, { startMs: 10_000, endMs: 30_000 });
      expect([whole.gaps, whole.joints]).toEqual([[], 2]);
      expect(whole.pictures.map(([, at]) => at)).toEqual(Array.from({ length: 12 }, (_, i) => i * 1000));
      const kept = await plannedOf(segments, { startMs: 10_000, endMs: 30_000, gaps: "keep" });
      expect(kept.pictures).toEqual(whole.pictures);
    },
  );
});

describe("rule 4, gaps", () => {
  it.each([
    [500, 0],
    [501, 1],
  ])("takes a distance of %i ms for %i gaps", async (distance, gaps) => {
    const plan = await planned([first, { at: 12_000 + distance }], { startMs: 0, endMs: 20_000 });
    expect(plan.gaps.length).toBe(gaps);
    expect(plan.pictures.find(([name]) => name === "p1.0")?.[1]).toBe(2000);
  });

  it("keeps it with gaps=keep: the last picture before it is held", async () => {
    const plan = await planned([first, { at: 15_000 }], { startMs: 0, endMs: 20_000, gaps: "keep" });
    expect(plan.gaps).toEqual([{ startMs: 12_000, endMs: 15_000 }]);
    expect(plan.coverage).toEqual([
      { startMs: 10_000, endMs: 12_000 },
      { startMs: 15_000, endMs: 17_000 },
    ]);
    expect(plan.pictures.slice(49, 51)).toEqual([
      ["p0.49", 1960],
      ["p1.0", 5000],
    ]);
  });
});

describe("rule 5, changes", () => {
  it("refuses another codec", async () => {
    const refused = planned([first, { ...second, codec: "vp09" }], { startMs: 0, endMs: 20_000 });
    await expect(refused).rejects.toMatchObject({ code: "codec_change" });
  });

  it("has a track for as long as it lasts", async () => {
    const silent = { at: 14_000, sound: false };
    const { sound, pictures } = await planned([{ ...first, sound: false }, second, silent], {
      startMs: 0,
      endMs: 20_000,
    });
    expect(pictures.length).toBe(150);
    expect([sound[0], sound.at(-1)]).toEqual([
      ["s1.0", 2000],
      ["s1.99", 3980],
    ]);
  });
});

it("gives equal ETags for equal files and ranges, others for others", async () => {
  const range = { startMs: 10_000, endMs: 13_000 };
  const [one, again, other] = await Promise.all([
    planned([first, second], range),
    planned([first, second], range),
    planned([first, second], { ...range, endMs: 13_001 }),
  ]);
  expect(again.etag).toBe(one.etag);
  expect(other.etag).not.toBe(one.etag);
});
