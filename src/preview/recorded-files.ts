import {
  createCore,
  indexObject,
  instantOf,
  planSegments,
  streamSegments,
  wholeDuration,
  type Core,
  type IndexedSegment,
  type SegmentSource,
  type SegmentsRange,
  type SegmentStream,
} from "../core/index.ts";
import { openBytes, windowed, type ByteReader } from "./byte-reader.ts";
import type { FileToOpen, OpenFilesOptions } from "./files-to-open.ts";
import { placed, type MediaSegment, type SegmentBytes, type Source } from "./source.ts";

/** Files that are opened at once. */
const AT_ONCE = 6;
/** Recordings that lie further apart are not put on one clock, milliseconds. */
const ONE_DAY_MS = 86_400_000;
/** Recordings may overlap by so much and still follow one another, milliseconds. */
const SLACK_MS = 500;

/** How an output is made of files. Default: all of them, `mp4`, `frame`, `skip`. */
export interface OutputOptions extends Partial<Pick<SegmentsRange, "startMs" | "endMs" | "cut" | "gaps">> {
  readonly format?: "mp4" | "fmp4";
}

/** A file that is made of others. */
export interface FileOutput {
  /** Bytes. */
  readonly size: number;
  /** Wall clock of what it shows, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** Its bytes, made as they are read: `new Response(output.stream()).blob()`, or into a file that the user chose. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

interface Indexed {
  readonly reader: ByteReader;
  readonly indexed: IndexedSegment;
}

/** MP4 files as one recording, read and cut in the page. */
export class RecordedFiles implements Source {
  readonly originMs: number;
  readonly codecs: readonly string[];
  readonly frameRate: number | undefined;
  readonly segments: readonly MediaSegment[];
  /** Wall clock, milliseconds since 1970. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** What was repaired or left out of a file, each behind its name. */
  readonly warnings: readonly string[];
  readonly #core: Core;
  readonly #sources: readonly SegmentSource[];
  readonly #stream: SegmentStream;

  private constructor(core: Core, files: readonly Indexed[], sources: readonly SegmentSource[], stream: SegmentStream) {
    this.#core = core;
    this.#sources = sources;
    this.#stream = stream;
    this.originMs = stream.originMs;
    this.codecs = stream.codecs;
    this.frameRate = stream.frameRate > 0 ? stream.frameRate : undefined;
    this.segments = placed(stream.segments);
    const last = this.segments.at(-1);
    this.startMs = this.segments[0]?.startMs ?? 0;
    this.endMs = last === undefined ? 0 : last.startMs + last.durationMs;
    this.warnings = files.flatMap(({ reader, indexed }) =>
      indexed.description.warnings.map((warning) => `${reader.name}: ${warning}`),
    );
  }

  /** As `openFiles`. */
  static async open(files: readonly FileToOpen[], options: OpenFilesOptions = {}): Promise<RecordedFiles> {
    const { signal = new AbortController().signal } = options;
    const core = createCore(await moduleOf(options.wasm));
    const indexed: Indexed[] = [];
    const rest = files.entries();
    const worker = async (): Promise<void> => {
      for (const [i, { file }] of rest) indexed[i] = await indexOf(core, file, signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const starts = startsOf(files, indexed);
    const sources = indexed.map(({ reader, indexed: { summary, index } }, i): SegmentSource => {
      return { summary, index, startMs: starts[i] ?? 0, read: (span) => reader.read(span) };
    });
    const all = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER / 2 };
    return new RecordedFiles(core, indexed, sources, await streamSegments({ core, sha256: unnamed }, sources, all));
  }

  async init(number: number): Promise<SegmentBytes> {
    return this.#stream.init(number).then(owned);
  }

  async media(number: number, signal?: AbortSignal): Promise<SegmentBytes> {
    const media = this.#stream.media(number).then(owned);
    if (signal === undefined) return media;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    return Promise.race([media, aborted]);
  }

  /**
   * Cuts and joins, without encoding anything again.
   * @throws Error when nothing of the files is in the range, or what is cannot be joined
   */
  async output(options: OutputOptions = {}): Promise<FileOutput> {
    const { format = "mp4", startMs = this.startMs, endMs = this.endMs, cut = "frame", gaps = "skip" } = options;
    const range = { startMs, endMs, cut, gaps };
    const plan = await planSegments({ core: this.#core, sha256: unnamed }, this.#sources, range);
    const media = plan.media(format);
    const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
      const chunks = media.read({ offset: 0, length: media.size })[Symbol.asyncIterator]();
      return new ReadableStream({
        async pull(controller) {
          const step = await chunks.next();
          if (step.done === true) controller.close();
          else controller.enqueue(step.value.slice()); // a chunk is only valid until the next one is asked for
        },
        cancel: () => chunks.return?.().then(() => undefined),
      });
    };
    return { size: media.size, startMs: plan.startMs, endMs: plan.endMs, stream };
  }
}

/** No ETags are needed, and WebCrypto is missing on pages without TLS. */
const unnamed = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(32));

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();

async function moduleOf(wasm: OpenFilesOptions["wasm"]): Promise<WebAssembly.Module> {
  if (wasm instanceof WebAssembly.Module) return wasm;
  const url = wasm ?? new URL("./boxcar.wasm", import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${String(url)}: the server answers ${response.status}.`);
  return WebAssembly.compile(await response.arrayBuffer());
}

async function indexOf(core: Core, file: Blob | string, signal: AbortSignal): Promise<Indexed> {
  const opened = await openBytes(file, signal);
  const { name, size, read } = opened;
  const indexed = await indexObject(core, size, windowed(opened)).catch((cause: unknown) => {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  signal.throwIfAborted();
  // Without its first bytes: there may be thousands of files.
  return { reader: { name, size, read }, indexed };
}

/** When each file starts, milliseconds since 1970: as given, as stated, or one behind the other. */
function startsOf(files: readonly FileToOpen[], indexed: readonly Indexed[]): number[] {
  const given = files.flatMap(({ startMs }) => startMs ?? []);
  if (given.length === files.length) return given;
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const durations = indexed.map(({ indexed: { description } }) => wholeDuration(description.durationMs));
  const stated = indexed.flatMap(({ indexed: { statedStart } }) =>
    statedStart === undefined ? [] : Math.floor(instantOf(statedStart, zone)),
  );
  const spans = stated.map((startMs, i) => ({ startMs, endMs: startMs + (durations[i] ?? 0) }));
  spans.sort((a, b) => a.startMs - b.startMs);
  const length = (spans.at(-1)?.endMs ?? 0) - (spans[0]?.startMs ?? 0);
  const follow = spans.every(({ startMs }, i) => startMs >= (spans[i - 1]?.endMs ?? 0) - SLACK_MS);
  if (stated.length === files.length && follow && length < ONE_DAY_MS) return stated;
  let next = 0;
  return durations.map((duration) => (next += duration) - duration);
}
