import { indexObject, type Core, type IndexedSegment } from "../core/index.ts";
import { openBytes, windowed, type ByteReader } from "./byte-reader.ts";
import type { FileToOpen } from "./files-to-open.ts";

/** Files that are opened at once: browsers have as many connections to a server. */
const AT_ONCE = 6;

/** A file that was opened and indexed. */
export interface IndexedFile {
  readonly reader: ByteReader;
  readonly indexed: IndexedSegment;
}

/** Files by their numbers, each opened and indexed once somebody asks for it. */
export class FileIndexes {
  /** Those that are indexed. */
  readonly known: (IndexedFile | undefined)[];
  readonly #core: Promise<Core>;
  readonly #files: readonly FileToOpen[];
  readonly #signal: AbortSignal;
  readonly #asked = new Map<number, Promise<void>>();

  constructor(core: Promise<Core>, files: readonly FileToOpen[], signal: AbortSignal) {
    this.#core = core;
    this.#files = files;
    this.#signal = signal;
    this.known = Array.from(files, () => undefined);
  }

  get isWhole(): boolean {
    return !this.known.includes(undefined);
  }

  /** Resolves once these files are known. @throws Error naming the file, with a sentence for the viewer */
  async ask(numbers: readonly number[]): Promise<void> {
    const rest = numbers.values();
    const worker = async (): Promise<void> => {
      for (const number of rest) await this.#one(number);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  #one(number: number): Promise<void> {
    const asked = this.#asked.get(number) ?? this.#index(number);
    this.#asked.set(number, asked);
    asked.catch(() => this.#asked.delete(number)); // another time it may be there
    return asked;
  }

  async #index(number: number): Promise<void> {
    const file = this.#files[number]?.file;
    if (file === undefined) return;
    const [core, opened] = await Promise.all([this.#core, openBytes(file, this.#signal)]);
    const { name, size, read } = opened;
    const indexed = await indexObject(core, size, windowed(opened)).catch((cause: unknown) => {
      throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
    this.#signal.throwIfAborted();
    // Without its first bytes: there may be thousands of files.
    this.known[number] = { reader: { name, size, read }, indexed };
  }
}
