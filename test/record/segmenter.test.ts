import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import { arrivals } from "../../src/record/arrivals.ts";
import { backoffMs } from "../../src/record/backoff.ts";
import { FragmentReader, type StreamHeader, type StreamPart } from "../../src/core/indexing/fragment-reader.ts";
import type { PartFacts } from "../../src/core/indexing/growing-index.ts";
import type { Core } from "../../src/core/wasm/module.ts";
import { Flow } from "../../src/record/flow.ts";
import type { OpenSegment } from "../../src/record/open-segment.ts";
import { Segmenter } from "../../src/record/segmenter.ts";
import type { SpoolFile } from "../../src/record/spool.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { concatenated } from "../../src/base/bytes.ts";
import { fragment, initSegment, tfdt, tfhd, trun } from "../hostile/fragments.ts";
import { bytes, u32 } from "../support/boxes.ts";
import { record } from "../support/recording.ts";

let core: Core;
let stream: Uint8Array;
/** A header and six parts of one second, each starting with a sync sample. */
let header: StreamHeader;
let parts: StreamPart[];
beforeAll(async () => {
  core = await loadCore();
  const [segment] = await record({ count: 1, seconds: 6, fragmented: true, audio: null });
  stream = await readFile(segment?.file ?? "");
  const events = read(stream, stream.length);
  header = events.find((event) => event.kind === "header") ?? raise();
  parts = events.filter((event) => event.kind === "part");
  expect(parts).toHaveLength(6);
});

function raise(): never {
  throw new Error("the fixture has no header");
}

function read(bytes: Uint8Array, length: number): (StreamHeader | StreamPart)[] {
  const reader = new FragmentReader(core);
  const events: (StreamHeader | StreamPart)[] = [];
  for (let at = 0; at < bytes.length; at += length) events.push(...reader.push(bytes.subarray(at, at + length)));
  return events;
}

/** A file in memory. */
function memoryFile(): SpoolFile {
  const file = { entry: { streamPath: "s", key: "k", id: 1 }, size: 0, startMs: 0 };
  return Object.assign(file, {
    append: (chunks: readonly Uint8Array[], startMs: number) => {
      file.size += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      file.startMs = startMs;
      return Promise.resolve();
    },
    read: () => raise(),
    close: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    setAside: () => Promise.resolve(),
  });
}

const START = Date.UTC(2026, 0, 31, 10);

/** A segmenter with clocks that the test moves. */
class Bench {
  wallMs = START;
  monotonicMs = 5000;
  readonly closed: OpenSegment[] = [];
  readonly #segmenter: Segmenter;

  constructor(fragmentMs: number) {
    const close = (segment: OpenSegment): void => {
      this.closed.push(segment);
    };
    const clocks = { clock: () => this.wallMs, monotonic: () => this.monotonicMs };
    this.#segmenter = new Segmenter(
      { core, ...clocks, create: () => Promise.resolve(memoryFile()), close },
      fragmentMs,
    );
  }

  /** Time goes by. */
  pass(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }

  /** Parts that arrive as they are captured, a second each, and are not recorded. */
  watch(...given: StreamPart[]): void {
    for (const part of given) {
      this.pass(1000);
      this.#segmenter.watch(part);
    }
  }

  async take(...events: (StreamHeader | StreamPart)[]): Promise<void> {
    for (const event of events) await this.#segmenter.take(event);
  }

  /** Parts that arrive as they are captured, a second each. */
  async live(...given: StreamPart[]): Promise<void> {
    for (const part of given) {
      this.pass(1000);
      await this.take(part);
    }
  }

  /** By how much a part that has just arrived would end ahead of the clock. */
  aheadMs(part: StreamPart): number {
    return this.#segmenter.aheadMs(this.#segmenter.watch(part) ?? raise());
  }

  /** Starts and ends of all segments, milliseconds after the start of the test. */
  spans(): [number, number][] {
    this.#segmenter.end();
    return this.closed.map(({ startMs, durationMs }) => [startMs - START, startMs - START + durationMs]);
  }
}

describe("a stream is taken apart alike", () => {
  it("in chunks of any size", () => {
    const whole = read(stream, stream.length);
    for (const length of [1, 7, 1000, 40_000]) {
      const shown = (event: StreamHeader | StreamPart): unknown[] =>
        event.kind === "header" ? [event.bytes] : [event.offset, event.moof, concatenated(event.media)];
      const events = read(stream.subarray(0, 70_000), length);
      expect(events.map(shown)).toEqual(whole.slice(0, 3).map(shown));
      // Small chunks are not held one by one.
      for (const event of events) if (event.kind === "part") expect(event.media.length).toBeLessThan(event.size / 500);
    }
  });
});

it("the rate of pictures is right where parts overlap by those that are reordered", () => {
  const flow = new Flow();
  const track = { samples: 5 } as PartFacts["track"];
  for (let at = 0; at < 4000; at += 500) {
    const facts = { track, isVideo: true, startMs: at, endMs: at + 700 } as PartFacts;
    flow.add(facts, 1000);
  }
  expect(flow.frameRate).toBeCloseTo(40 / 4.2);
  expect(flow.bitrate).toBeCloseTo(64_000 / 4.2);
});

it("a stream of boxes that hold next to nothing is refused, unless they come slowly", () => {
  const boxes = (type: string, size: number, count: number): Uint8Array =>
    bytes(...Array.from({ length: count }, () => bytes(u32(size), type, new Uint8Array(size - 8))));
  const refusal = expect.objectContaining({ code: "not_fragmented" }) as unknown;
  let nowMs = 0;
  const now = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  for (const type of ["free", "styp", "moof"]) {
    const reader = new FragmentReader(core);
    const started = [...reader.push(initSegment())];
    expect(started.map(({ kind }) => kind)).toEqual(["header"]);
    expect(() => [...reader.push(boxes(type, 8, 4096))]).toThrow(refusal);
    expect(read(bytes(initSegment(), boxes(type, 64, 5000)), 65_536)).toHaveLength(1);
  }
  const slow = new FragmentReader(core);
  for (let second = 0; second < 6; second++, nowMs += 1000) expect([...slow.push(boxes("free", 8, 1000))]).toEqual([]);
  now.mockRestore();
});

describe("segments of a stream", () => {
  it("join exactly, and start when their first sample was captured", async () => {
    const bench = new Bench(2000);
    await bench.take(header);
    await bench.live(...parts);
    expect(bench.spans()).toEqual([
      [0, 2000],
      [2000, 4000],
      [4000, 6000],
    ]);
  });

  it("are not ahead of the clock unless the stream comes faster than it plays", async () => {
    const bench = new Bench(2000);
    await bench.take(header);
    await bench.live(parts[0] ?? raise(), parts[1] ?? raise());
    await bench.take(...parts.slice(2, 5));
    const last = parts[5] ?? raise();
    expect(bench.aheadMs(last)).toBeCloseTo(4000, -1);
    bench.wallMs -= 3_600_000; // set back: it is not followed
    expect(bench.aheadMs(last)).toBeCloseTo(4000, -1);
    bench.pass(4000);
    expect(bench.aheadMs(last)).toBeCloseTo(0, -1);
  });

  it("that begins with what was cached upstream start earlier than that arrives", async () => {
    const bench = new Bench(60_000);
    bench.pass(4000);
    await bench.take(header, ...parts.slice(0, 4));
    await bench.live(...parts.slice(4));
    expect(bench.spans()).toEqual([[0, 6000]]);
  });

  /** A stream of video whose parts have 10,000 samples in 12.5 s, the first of each with these flags. */
  function made(count: number, flags: number): (StreamHeader | StreamPart)[] {
    const [samples, duration] = [10_000, 16];
    const rest = Array.from({ length: samples - 1 }, () => ({ size: 1, duration }));
    const table = trun(0, [{ size: 1, duration, flags }, ...rest]);
    const run = (at: number) => (mediaAt: number) => {
      table.set(u32(mediaAt), 16); // its data offset
      return bytes(tfhd(1), tfdt(duration * samples * at), table);
    };
    const media = new Uint8Array(samples);
    const whole = bytes(initSegment(), ...Array.from({ length: count }, (_, i) => fragment(media, i + 1, run(i))));
    return read(whole, whole.length);
  }

  it("end before their index is large: at a sync sample, else at any part", async () => {
    const bench = new Bench(3_600_000);
    await bench.take(...made(55, 0x101_0000));
    // 16 bytes a sample, and some hundred of boxes.
    const metadata = 160_000 + 112;
    expect(bench.closed.map((segment) => segment.parts)).toEqual([Math.ceil((8 << 20) / metadata)]);
    const other = new Bench(3_600_000);
    await other.take(...made(55, 0x200_0000));
    expect(other.closed.map((segment) => segment.parts)).toEqual([Math.ceil((7 << 20) / metadata)]);
  });

  it("begin with the first picture where sound of that time comes in a part before it", async () => {
    const part = (track: number, dts: number, duration: number): Uint8Array =>
      fragment(new Uint8Array(10), 1, (at) =>
        bytes(tfhd(track), tfdt(dts), trun(at, [{ duration, flags: 0x200_0000 }])),
      );
    const picture = part(1, 6400, 12_800); // from 0.5 s on, for a second
    const spans = async (soundAt: number, pauseMs = 0): Promise<[number, number][]> => {
      const bench = new Bench(60_000);
      const events = read(bytes(initSegment(), part(2, soundAt, 160), picture), 1000);
      bench.pass(1500 - pauseMs);
      await bench.take(...events.slice(0, 2));
      bench.pass(pauseMs);
      await bench.take(...events.slice(2));
      return bench.spans();
    };
    expect(await spans(3900)).toEqual([[500, 1500]]); // from 12.5 ms before the picture on
    expect(await spans(5600)).toEqual([[500, 1500]]); // in its midst, sent ahead of it
    expect(await spans(0, 1480)).toEqual([
      [0, 20],
      [500, 1500],
    ]);
  });

  it("are not moved by what arrives late", async () => {
    const bench = new Bench(2000);
    await bench.take(header);
    await bench.live(...parts.slice(0, 2));
    bench.pass(3000); // the network is stuck: then all comes at once
    await bench.take(...parts.slice(2, 5));
    await bench.live(...parts.slice(5));
    expect(bench.spans()).toEqual([
      [0, 2000],
      [2000, 4000],
      [4000, 6000],
    ]);
  });

  it("that are recorded after the stream stood still unrecorded start when they were captured", async () => {
    const bench = new Bench(2000);
    await bench.take(header);
    bench.watch(...parts.slice(0, 2));
    bench.pass(3000);
    bench.watch(...parts.slice(2, 5));
    await bench.live(...parts.slice(5));
    expect(bench.spans()).toEqual([[8000, 9000]]);
    const soon = new Bench(2000); // before it is known whether it was held up on its way
    await soon.take(header);
    soon.watch(...parts.slice(0, 2));
    soon.pass(3000);
    soon.watch(...parts.slice(2, 3));
    await soon.live(...parts.slice(3));
    expect(soon.spans()[0]).toEqual([6000, 8000]);
  });

  it("follow a camera whose clock drifts by 500 ppm at most", async () => {
    const bench = new Bench(2000);
    await bench.take(header);
    await bench.live(...parts.slice(0, 2));
    bench.pass(-100); // its second is shorter than ours
    await bench.live(...parts.slice(2));
    expect(bench.spans().map(([start]) => start)).toEqual([0, 1999, 3998]);
  });

  it("neither overlap nor go back when the wall clock is set back", async () => {
    const bench = new Bench(2000);
    await bench.take(header);
    await bench.live(...parts.slice(0, 3));
    bench.wallMs -= 3_600_000;
    await bench.live(...parts.slice(3));
    expect(bench.spans()).toEqual([
      [0, 2000],
      [2000, 4000],
      [4000, 6000],
    ]);
  });

  it("go on behind a gap when the wall clock is set forward", async () => {
    const bench = new Bench(60_000);
    await bench.take(header);
    await bench.live(...parts.slice(0, 3));
    bench.wallMs += 3_600_000;
    await bench.live(...parts.slice(3));
    expect(bench.spans()).toEqual([
      [0, 3000],
      [3_603_000, 3_606_000],
    ]);
  });

  it("leave a gap of its length where a stream counts its time anew after a pause", async () => {
    const bench = new Bench(60_000);
    await bench.take(header);
    await bench.live(...parts);
    bench.pass(20_000);
    await bench.live(...parts.slice(0, 2));
    expect(bench.spans()).toEqual([
      [0, 6000],
      [26_000, 28_000],
    ]);
  });

  it("leave a gap where a stream counts its time anew, by what was cached upstream meanwhile", async () => {
    const bench = new Bench(60_000);
    await bench.take(header);
    await bench.live(...parts);
    bench.pass(20_000);
    await bench.take(...parts.slice(0, 3));
    await bench.live(...parts.slice(3));
    expect(bench.spans()).toEqual([
      [0, 6000],
      [23_000, 29_000],
    ]);
  });

  it("leave a gap of its length where a stream stands still and does not count that, from its first picture on", async () => {
    const bench = new Bench(60_000);
    await bench.take(header);
    await bench.live(...parts.slice(0, 3));
    bench.pass(5000);
    await bench.live(...parts.slice(3));
    expect(bench.spans()).toEqual([
      [0, 3000],
      [8000, 11_000],
    ]);
  });

  it("join exactly where what was held up is made up for by and by", async () => {
    const bench = new Bench(60_000);
    await bench.take(header);
    await bench.live(...parts.slice(0, 2));
    bench.pass(3000);
    for (const part of parts.slice(2)) {
      await bench.take(part);
      bench.pass(500);
    }
    expect(bench.spans()).toEqual([
      [0, 2000],
      [2000, 6000],
    ]);
  });

  it("are not divided by the bursts in which a stream always comes", async () => {
    const bench = new Bench(60_000);
    await bench.take(header);
    for (const first of [0, 3]) {
      bench.pass(3000);
      await bench.take(...parts.slice(first, first + 3));
    }
    expect(bench.spans()).toEqual([[0, 6000]]);
  });

  it("leave a gap of its length where parts are missing", async () => {
    const bench = new Bench(60_000);
    await bench.take(header);
    await bench.live(...parts.slice(0, 2));
    bench.pass(2000);
    await bench.live(...parts.slice(4));
    expect(bench.spans()).toEqual([
      [0, 2000],
      [4000, 6000],
    ]);
  });
});

describe("a source", () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
    await new Promise(() => undefined);
  }

  it("that falls silent is lost", async () => {
    const chunks: number[] = [];
    const listening = async (): Promise<void> => {
      for await (const { length } of arrivals(endless(), 20, new AbortController().signal)) chunks.push(length);
    };
    const error: unknown = await listening().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BoxcarError);
    expect(error).toMatchObject({ code: "source_silent" });
    expect(chunks).toEqual([1]);
  });

  it("is left when that is asked for", async () => {
    const leaving = new AbortController();
    for await (const chunk of arrivals(endless(), 60_000, leaving.signal)) {
      expect(chunk).toHaveLength(1);
      leaving.abort();
    }
  });

  it("is connected again later and later, up to half a minute", () => {
    expect([0, 1, 2, 3, 10, 2000].map((failures) => backoffMs(failures, 1))).toEqual([
      1000, 2000, 4000, 8000, 30_000, 30_000,
    ]);
    expect(backoffMs(3, 0)).toBe(4000);
  });
});
