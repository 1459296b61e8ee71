import { createCore, streamSegments, type Core, type SegmentSource, type SegmentStream } from "../core/index.ts";
import { FileIndexes } from "./file-indexes.ts";
import { outputOf, unnamed, type FileOutput, type OutputOptions } from "./file-output.ts";
import { arranged, NOTHING_ARRANGED, type Arrangement } from "./file-starts.ts";
import type { FileToOpen, OpenFilesOptions } from "./files-to-open.ts";
import { LEAD_S, placed, type MediaSegment, type SegmentBytes, type PlayerSource } from "./source.ts";

/** Files that become known in one turn: at least so many, and so many times those that are listed. */
const [LEAST_MORE, TIMES_MORE] = [6, 2];
/** Media times cannot be negative, and sound may begin so long before its picture, milliseconds. */
const LEAD_MS = 60_000;
/** Places that are nearer to one another are the same, seconds. */
const SAME_S = 1e-6;

/**
 * MP4 files as one recording, read and cut in the page. At first only the files are indexed that its start needs; the others
 * follow while that is shown, in the order of their starts.
 */
export class RecordedFiles implements PlayerSource {
  readonly atMs: number | undefined;
  readonly #core: Promise<Core>;
  readonly #toOpen: readonly FileToOpen[];
  readonly #files: FileIndexes;
  /** What is listed. */
  #arranged: Arrangement = NOTHING_ARRANGED;
  /** Number of the file around which others are listed. */
  #around: number | undefined;
  #listing = Promise.resolve();
  #stream: SegmentStream | undefined;
  #segments: readonly MediaSegment[] = [];
  /** What is listed, by what their bytes are. */
  #listed = new Map<string, { -readonly [Key in keyof MediaSegment]: MediaSegment[Key] }>();
  readonly #inits: {
    readonly configuration: string;
    readonly bytes: () => Promise<Uint8Array>;
    readonly codecs: string;
  }[] = [];
  #begin: () => void = () => undefined;
  /** Until the first picture is read nothing else is. */
  readonly #begun = new Promise<void>((resolve) => (this.#begin = resolve));

  private constructor(files: readonly FileToOpen[], module: Promise<WebAssembly.Module>, options: OpenFilesOptions) {
    const { signal = new AbortController().signal, atMs } = options;
    this.#core = module.then(createCore);
    this.#toOpen = files;
    this.#files = new FileIndexes(this.#core, files, signal);
    this.atMs = atMs;
  }

  /** As `openFiles`. */
  static async open(
    files: readonly FileToOpen[],
    module: Promise<WebAssembly.Module>,
    options: OpenFilesOptions,
  ): Promise<RecordedFiles> {
    const recorded = new RecordedFiles(files, module, options);
    await recorded.#openStart();
    return recorded;
  }

  get originMs(): number {
    return originOf(this.#arranged);
  }

  get codecs(): readonly string[] {
    return this.#inits.map(({ codecs }) => codecs);
  }

  get frameRate(): number | undefined {
    const { frameRate = 0 } = this.#stream ?? {};
    return frameRate > 0 ? frameRate : undefined;
  }

  /** Of the files that are indexed, one behind the other. */
  get segments(): readonly MediaSegment[] {
    return this.#segments;
  }

  /** Wall clock, milliseconds since 1970. Until `whole`, as far as it is known. */
  get startMs(): number {
    const startMs = this.#segments[0]?.startMs ?? 0;
    const { from, startsMs } = this.#arranged;
    return from === 0 ? startMs : Math.min(startMs, startsMs[0] ?? 0);
  }

  /** Exclusive. Until `whole`, as far as it is known. */
  get endMs(): number {
    const last = this.#segments.at(-1);
    const endMs = last === undefined ? 0 : last.startMs + last.durationMs;
    const { until, order, startsMs } = this.#arranged;
    return until === order.length ? endMs : Math.max(endMs, startsMs.at(-1) ?? 0);
  }

  /** What was repaired or left out of a file, each behind its name. Until `whole`, of those that are indexed. */
  get warnings(): readonly string[] {
    return this.#files.known.flatMap(
      (file) => file?.indexed.description.warnings.map((warning) => `${file.reader.name}: ${warning}`) ?? [],
    );
  }

  async init(number: number): Promise<SegmentBytes> {
    return owned((await this.#inits[number]?.bytes()) ?? new Uint8Array(0));
  }

  async media(number: number, signal?: AbortSignal): Promise<SegmentBytes> {
    const media = (this.#stream?.media(number) ?? Promise.reject(new RangeError("nothing is open"))).then(owned);
    void media.catch(() => undefined).then(this.#begin);
    if (signal === undefined) return media;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    return Promise.race([media, aborted]);
  }

  /** Has some more files listed, those behind what is listed before those before it. Undefined once all are. */
  get grow(): (() => Promise<boolean>) | undefined {
    if (this.#isWhole) return undefined;
    return async () => {
      await this.#begun;
      await this.#more();
      return !this.#isWhole;
    };
  }

  /** Has the file of a time indexed before others, where their starts are known, and what is around it listed. */
  async reach(timeMs: number): Promise<void> {
    const { order, startsMs, isFixed } = this.#arranged;
    if (!isFixed) return this.whole();
    if (order.length < this.#toOpen.length) {
      while (!this.#isWhole && timeMs >= this.endMs) await this.#more();
      return;
    }
    const at = Math.max(
      0,
      startsMs.findLastIndex((startMs) => startMs <= timeMs),
    );
    // The one before may reach into it, and where nothing is recorded then the next one follows.
    const from = Math.max(0, at - 1);
    await this.#files.ask(order.slice(from, at + 1));
    const lengthMs = this.#files.known[order[at] ?? -1]?.indexed.description.durationMs ?? 0;
    const until = (startsMs[at] ?? 0) + lengthMs > timeMs ? at + 1 : Math.min(at + 2, order.length);
    await this.#files.ask(order.slice(at, until));
    if (from >= this.#arranged.from && until <= this.#arranged.until) return;
    this.#around = order[at];
    await this.#list();
  }

  /** Resolves once the starts of files cannot become others. */
  async timed(): Promise<void> {
    if (this.#arranged.isFixed) return;
    await this.#begun;
    await this.whole();
  }

  /** Resolves once all files are indexed. @throws Error naming the file, with a sentence for the viewer */
  async whole(): Promise<void> {
    while (!this.#isWhole) await this.#more();
  }

  /**
   * Cuts and joins, without encoding anything again.
   * @throws Error when nothing of the files is in the range, or what is cannot be joined; as `whole`
   */
  async output(options: OutputOptions = {}): Promise<FileOutput> {
    await this.whole();
    const { format = "mp4", startMs = this.startMs, endMs = this.endMs, cut = "frame", gaps = "skip" } = options;
    return outputOf(await this.#core, this.#sources(this.#arranged), { format, startMs, endMs, cut, gaps });
  }

  /** Whether all files are indexed, and listed. */
  get #isWhole(): boolean {
    return this.#arranged.until - this.#arranged.from === this.#toOpen.length;
  }

  /** Has what is shown first listed. */
  async #openStart(): Promise<void> {
    this.#arranged = this.#arrange();
    const { order } = this.#arranged;
    if (this.atMs !== undefined && order.length > 0) return this.reach(this.atMs);
    await this.#files.ask([order[0] ?? 0]);
    // Where it alone has nothing to show, others may.
    await this.#list().catch(() => this.whole());
    if (this.atMs !== undefined) await this.reach(this.atMs);
  }

  /** Has more files indexed: those that follow what is listed, else those before it. */
  async #more(): Promise<void> {
    const { order, from, until } = this.#arranged;
    const inOrder = order.length < this.#toOpen.length ? [...this.#toOpen.keys()] : order;
    const next = [...inOrder.slice(until), ...inOrder.slice(0, from).toReversed()];
    const unknown = next.filter((number) => this.#files.known[number] === undefined);
    await this.#files.ask(unknown.slice(0, Math.max(LEAST_MORE, TIMES_MORE * (until - from))));
    await this.#list();
  }

  #arrange(): Arrangement {
    const indexed = this.#files.known.map((file) => file?.indexed);
    return arranged(this.#toOpen, indexed, this.#around);
  }

  /** The files that are listed, as planning takes them. */
  #sources({ order, startsMs, from, until }: Arrangement): SegmentSource[] {
    return order.slice(from, until).flatMap((number, i): SegmentSource[] => {
      const file = this.#files.known[number];
      if (file === undefined) return [];
      const { summary, index } = file.indexed;
      const startMs = startsMs[from + i] ?? 0;
      return [{ id: number + 1, key: String(number), summary, index, startMs, read: (span) => file.reader.read(span) }];
    });
  }

  /** Lists what has become known: after what is being listed. */
  #list(): Promise<void> {
    const listing = this.#listing.then(async () => {
      const arrangement = this.#arrange();
      const all = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER / 2, originMs: originOf(arrangement) };
      const parts = { core: await this.#core, sha256: unnamed };
      this.#take(await streamSegments(parts, this.#sources(arrangement), all), arrangement);
    });
    this.#listing = listing.catch(() => undefined);
    return listing;
  }

  /** Takes over what is listed now. What was listed before and is as it was stays, in its place. */
  #take(stream: SegmentStream, arrangement: Arrangement): void {
    const inits = stream.configurations.map((configuration, i) => {
      const known = this.#inits.findIndex((init) => init.configuration === configuration);
      const codecs = stream.codecs[i] ?? "";
      return known === -1 ? this.#inits.push({ configuration, codecs, bytes: () => stream.init(i) }) - 1 : known;
    });
    const segments = stream.segments.map((segment) => ({ ...segment, init: inits[segment.init] ?? 0 }));
    const names = segments.map(({ id, first, end, init, startMs }) => [id, first, end, init, startMs].join());
    // A gap takes no time, so all that may come before it has room.
    const { from, startsMs } = arrangement;
    const firstS = LEAD_S + Math.max(0, (startsMs[from] ?? 0) - (startsMs[0] ?? 0)) / 1000;
    let places = placed(segments, firstS);
    const kept = names.findIndex((name) => this.#listed.has(name));
    const laterS = (this.#listed.get(names[kept] ?? "")?.atS ?? 0) - (places[kept]?.atS ?? 0);
    if (kept !== -1 && Math.abs(laterS) > SAME_S) places = placed(segments, Math.max(LEAD_S, firstS + laterS));
    const before = this.#listed;
    this.#listed = new Map();
    this.#segments = places.map((segment, i) => {
      const name = names[i] ?? "";
      const same = before.get(name);
      const isSame = same !== undefined && Math.abs(same.atS - segment.atS) < SAME_S;
      if (isSame) same.durationMs = segment.durationMs; // until the next one, which was not known
      const listed = isSame ? same : segment;
      this.#listed.set(name, listed);
      return listed;
    });
    [this.#stream, this.#arranged] = [stream, arrangement];
  }
}

const originOf = ({ earliestMs }: Arrangement): number => earliestMs - LEAD_MS;

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
