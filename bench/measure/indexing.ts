/** How fast the sample tables of a one-minute segment are read, and how small the index is. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import { createCore } from "../../src/core/wasm/module.ts";
import { interleave } from "../statistics.ts";
import { record, type Context, type Measurements } from "./context.ts";

/** boxcar goes through the segments that often in a round, else it is over too soon to be timed. */
const TIMES = 40;

/** Milliseconds a segment from its bytes in memory to all its samples known. All must find the same number of them. */
export async function indexing(context: Context): Promise<Measurements> {
  const results: Measurements = {};
  const files = await Promise.all(context.material.segments.map((path) => readFile(path)));
  const wasm = await readFile(join(context.program, "..", "boxcar.wasm"));
  const core = createCore(await WebAssembly.compile(wasm));
  const index = (file: Uint8Array): ReturnType<StreamIndexer["end"]> => {
    const indexer = new StreamIndexer(core);
    indexer.push(file);
    return indexer.end();
  };
  const indexed = files.map(index);
  const samples = indexed.map(({ description }) => description.tracks.reduce((sum, track) => sum + track.samples, 0));
  const total = samples.reduce((sum, count) => sum + count, 0);
  const mp4box = await peer("mp4box", openMp4box);
  const mediabunny = await peer("mediabunny", openMediabunny);
  const perSegment = async (count: (file: Uint8Array) => number | Promise<number>): Promise<number> => {
    const started = performance.now();
    let found = 0;
    for (const file of files) found += await count(file);
    if (found !== total) throw new Error(`${found} samples found, ${total} expected`);
    return (performance.now() - started) / files.length;
  };
  const times = await interleave(
    {
      boxcar: () => {
        const started = performance.now();
        for (let i = 0; i < TIMES; i++) for (const file of files) index(file);
        return (performance.now() - started) / files.length / TIMES;
      },
      ...(mp4box && { mp4box: () => perSegment(mp4box) }),
      ...(mediabunny && { mediabunny: () => perSegment(mediabunny) }),
    },
    context.rounds,
    2,
  );
  for (const [name, values] of Object.entries(times)) record(results, `index.${name}.ms`, values);
  const perMs = total / files.length;
  record(
    results,
    "index.boxcar.samplesPerSecond",
    times.boxcar?.map((ms) => (perMs / ms) * 1000),
  );
  record(results, "index.boxcar.bytesPerSample", [
    indexed.reduce((sum, { index: { length } }) => sum + length, 0) / total,
  ]);
  record(results, "index.samples", [perMs]);
  return results;
}

/** Counts the samples of a file. */
type Count = (file: Uint8Array) => number | Promise<number>;

/** Version of a peer in `bench/node_modules`, or undefined. */
export async function peerVersion(name: string): Promise<string | undefined> {
  const text = await readFile(join("bench", "node_modules", name, "package.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { version: string }).version;
}

async function peer(name: string, open: (module: unknown) => Count): Promise<Count | undefined> {
  if ((await peerVersion(name)) === undefined) return undefined;
  const require = createRequire(resolve("bench", "package.json"));
  return open(require(name));
}

function openMp4box(module: unknown): Count {
  const { createFile } = module as {
    createFile: () => {
      appendBuffer(buffer: ArrayBuffer & { fileStart?: number }): void;
      flush(): void;
      getInfo(): { tracks: { id: number }[] };
      getTrackSamplesInfo(id: number): unknown[];
    };
  };
  return (bytes) => {
    const buffer: ArrayBuffer & { fileStart?: number } = new Uint8Array(bytes).buffer;
    buffer.fileStart = 0;
    const file = createFile();
    file.appendBuffer(buffer);
    file.flush();
    return file.getInfo().tracks.reduce((sum, { id }) => sum + file.getTrackSamplesInfo(id).length, 0);
  };
}

function openMediabunny(module: unknown): Count {
  interface Track {
    readonly id: number;
  }
  const { Input, BufferSource, EncodedPacketSink, MP4 } = module as {
    Input: new (options: { formats: unknown[]; source: unknown }) => { getTracks(): Promise<Track[]> };
    BufferSource: new (bytes: Uint8Array) => unknown;
    EncodedPacketSink: new (track: Track) => {
      packets(start: undefined, end: undefined, options: { metadataOnly: boolean }): AsyncIterable<unknown>;
    };
    MP4: unknown;
  };
  return async (bytes) => {
    const input = new Input({ formats: [MP4], source: new BufferSource(bytes) });
    let count = 0;
    for (const track of await input.getTracks()) {
      const packets = new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true });
      for await (const packet of packets) if (packet !== undefined) count++;
    }
    return count;
  };
}
