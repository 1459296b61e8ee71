import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { PART_BYTES } from "../catalog/segment-indexes.ts";
import type { LyingSegment, Segment } from "../catalog/types.ts";
import { indexObject } from "../core/index.ts";
import { timesOf } from "../intake/segments/segment-start.ts";
import { readySegment, twinWarning, type Ingested, type IngestParts } from "../intake/segments/segment-upload.ts";
import { FileStore } from "../store/file/file.ts";
import { mountKey } from "../store/mounts.ts";
import type { FoundFile } from "./file-pattern.ts";

/** Files whose segments are added together: of more, a crash would lose too much work. */
export const FILES_TOGETHER = 256;
/** Files that are read at once. */
const READ_AT_ONCE = 8;

/** How files are taken in. */
export interface ImportOptions {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  /** The files stay where they lie; only their index goes into the catalog. Otherwise they are copied. */
  readonly inPlace: boolean;
  /** How long one file may last; default: 31 days. */
  readonly maxDurationMs?: number | undefined;
  /** A file whose last write is younger than this is looked at twice before it is taken. Milliseconds. */
  readonly stillMs: number;
  /** Aborted: the file at hand is given up without a trace, and the import ends. */
  readonly signal: AbortSignal;
}

/** A folder whose files stay where they lie, taken in many at a time. */
export class FilesTogether {
  readonly #parts: IngestParts;
  readonly #options: ImportOptions;
  readonly #mountId: number;
  readonly #files: FileStore;

  constructor(parts: IngestParts, options: ImportOptions, mountId: number) {
    this.#parts = parts;
    this.#options = options;
    this.#mountId = mountId;
    this.#files = new FileStore(options.folder);
  }

  /**
   * Takes in what is plain of some files, in one transaction. The others are to be taken one by one, which tells what is the
   * matter with them.
   * @throws BoxcarError as `Catalog.addSegments` does
   */
  async take(files: readonly FoundFile[]): Promise<Map<FoundFile, Ingested>> {
    const { catalog } = this.#parts;
    const taken = new Map<FoundFile, Ingested>();
    const known = await catalog.segmentsByKey(files.map((file) => this.#keyOf(file)));
    const read = new Map<FoundFile, Read>();
    const waiting = files.values();
    const work = async (): Promise<void> => {
      for (const file of waiting) {
        if (this.#options.signal.aborted) return;
        const there = known.get(this.#keyOf(file));
        // What is wrong with a file is said when it is taken alone.
        const found = await this.#read(file, there).catch(() => undefined);
        if (found === "present" && there !== undefined)
          taken.set(file, { segment: there, warnings: [], repeated: true });
        else if (typeof found === "object") read.set(file, found);
      }
    };
    await Promise.all(Array.from({ length: READ_AT_ONCE }, work));
    if (this.#options.signal.aborted || read.size === 0) return taken;
    const added = await catalog.addSegments([...read.values()].map(({ lying }) => lying));
    for (const [file, { lying, warnings }] of read) {
      const segment = added.get(lying.key);
      if (segment === undefined) continue;
      taken.set(file, { segment, warnings: [...warnings, ...twinWarning(segment)], repeated: false });
    }
    return taken;
  }

  #keyOf({ path }: FoundFile): string {
    return mountKey(this.#mountId, path);
  }

  /** @returns undefined when it is to be taken alone @throws BoxcarError as the indexer and the store do */
  async #read(file: FoundFile, known: Segment | undefined): Promise<Read | "present" | undefined> {
    const { core, clock } = this.#parts;
    const { folder, stillMs, maxDurationMs } = this.#options;
    const { streamPath, startMs, againMs, precisionMs } = file;
    const path = join(folder, file.path);
    const isStill = ({ mtimeMs }: BigIntStats): boolean => {
      const ageMs = Date.now() - Number(mtimeMs);
      return ageMs < 0 || ageMs >= stillMs;
    };
    if (known !== undefined) {
      const stats = await stat(path, { bigint: true });
      return isStill(stats) && BigInt(known.size) === stats.size ? "present" : undefined;
    }
    if (againMs !== undefined) return undefined; // which of both it is depends on those before it
    const found = await this.#files.reading(file.path, async ({ info, stats, read }) =>
      isStill(stats) ? { info, stats, indexed: await indexObject(core, info.size, read) } : undefined,
    );
    if (found === undefined || found.indexed.index.byteLength > PART_BYTES) return undefined;
    const { info, stats, indexed } = found;
    const times = timesOf({ startMs, precisionMs, maxDurationMs }, indexed, clock());
    const idempotencyKey = `import:${path}:${stats.size}:${stats.mtimeNs}`;
    const named = { streamPath, key: this.#keyOf(file), idempotencyKey, nowMs: clock() };
    const warnings = [...indexed.description.warnings, ...times.warnings];
    return { lying: { ...named, ...readySegment(core, indexed, times, info) }, warnings };
  }
}

interface Read {
  readonly lying: LyingSegment;
  readonly warnings: readonly string[];
}
