import { batches } from "../base/batches.ts";
import { createReadStream, type BigIntStats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { statusOf } from "../base/error-codes.ts";
import { BoxcarError } from "../base/errors.ts";
import type { IndexedSegment } from "../core/index.ts";
import type { SegmentStart } from "../intake/segments/segment-start.ts";
import { ingestSegment, registerInPlace, type Ingested, type IngestParts } from "../intake/segments/segment-upload.ts";
import { mountKey } from "../store/mounts.ts";
import { formatTime } from "../base/time.ts";
import type { FilePattern, FoundFile } from "./file-pattern.ts";
import { FILES_TOGETHER, FilesTogether, type ImportOptions } from "./import-together.ts";
import { RepeatedHours } from "./repeated-hours.ts";

/** A file whose last write is younger than this may still be written, where nothing else tells. Milliseconds. */
export const STILL_MS = 2000;

export interface FileOutcome {
  readonly path: string;
  readonly outcome: "imported" | "present" | "refused";
  /** Why it was refused: the stable name of the error. */
  readonly code?: string | undefined;
  /** A sentence: what was recorded, or why it was refused. */
  readonly text: string;
}

/** The files of a folder that a pattern names, ordered by path, and what it does not name. */
export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** Files with the ending of the pattern that do not match it. */
  readonly unmatched: readonly string[];
  readonly refused: readonly FileOutcome[];
}

/** Looks through a folder and those below it. Symbolic links to folders are not followed. */
export async function findFiles(folder: string, pattern: FilePattern): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const unmatched: string[] = [];
  const refused: FileOutcome[] = [];
  const waiting = [""];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const entries = await readdir(join(folder, at), { withFileTypes: true }).catch((cause: unknown) => {
      refused.push({ path: at, outcome: "refused", text: refusalText(unreadable(cause)) });
      return [];
    });
    for (const entry of entries) {
      const path = at + entry.name;
      if (entry.isDirectory()) waiting.push(`${path}/`);
      if (!entry.isFile() && !entry.isSymbolicLink()) continue;
      try {
        const file = fileIn(pattern, path);
        if (file !== undefined) files.push(file);
        else unmatched.push(path);
      } catch (error) {
        refused.push({ path, outcome: "refused", text: refusalText(error) });
      }
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, unmatched, refused };
}

/** A file by its path, if a pattern names it. */
export function fileIn(pattern: FilePattern, path: string): FoundFile | undefined {
  const named = pattern.match(path);
  return named && { path, ...named };
}

/**
 * Takes in files and says what became of each, in order. A file that was imported before, unchanged, is present; one that cannot
 * be taken is refused and the next one follows.
 * @throws BoxcarError when the catalog or the store cannot go on: `store_full` (507), `store_failed` (503), …
 */
export async function* importFiles(
  parts: IngestParts,
  files: readonly FoundFile[],
  options: ImportOptions,
): AsyncGenerator<FileOutcome, void, undefined> {
  const mountId = options.inPlace ? await parts.catalog.mounts.numberOf(options.folder) : undefined;
  const together = mountId === undefined ? undefined : new FilesTogether(parts, options, mountId);
  const repeated = new RepeatedHours(files);
  const stopped = (): boolean => options.signal.aborted;
  for (const group of batches(files, FILES_TOGETHER)) {
    const taken = await together?.take(group).catch((error: unknown) => {
      if (endsImport(error, options)) throw error;
      return undefined; // one by one they may go
    });
    for (const file of group) {
      if (stopped()) return;
      try {
        const ingested = taken?.get(file) ?? (await take(parts, file, mountId, repeated, options));
        repeated.note(file, ingested.segment);
        yield outcomeOf(file, ingested);
      } catch (error) {
        if (stopped()) return;
        if (endsImport(error, options)) throw error;
        const code = error instanceof BoxcarError ? error.code : undefined;
        yield { path: file.path, outcome: "refused", code, text: refusalText(error) };
      }
    }
  }
}

function outcomeOf({ path }: FoundFile, { segment, warnings, repeated }: Ingested): FileOutcome {
  const seconds = ((segment.endMs - segment.startMs) / 1000).toFixed(1);
  const what = `${segment.streamPath} ${formatTime(segment.startMs)} ${seconds} s`;
  return { path, outcome: repeated ? "present" : "imported", text: [what, ...warnings].join("; ") };
}

/** Whether catalog or store cannot go on. All else is the fault of one file, or of what boxcar makes of it. */
function endsImport(error: unknown, { inPlace }: ImportOptions): boolean {
  if (!(error instanceof BoxcarError)) return false;
  const isRead = inPlace && error.code === "store_failed"; // the files themselves are the store
  return [503, 507].includes(statusOf(error)) && !isRead;
}

async function take(
  parts: IngestParts,
  file: FoundFile,
  mountId: number | undefined,
  repeated: RepeatedHours,
  { folder, signal, maxDurationMs, stillMs }: ImportOptions,
): Promise<Ingested> {
  const { streamPath, startMs, precisionMs } = file;
  const times = { streamPath, startMs, precisionMs, maxDurationMs };
  const path = join(folder, file.path);
  const stats = await still(path, stillMs, signal);
  const chooseStart = (indexed: IndexedSegment): SegmentStart => repeated.startOf(file, indexed, Number(stats.mtimeMs));
  const size = Number(stats.size);
  const idempotencyKey = `import:${path}:${stats.size}:${stats.mtimeNs}`;
  if (mountId === undefined) {
    return ingestSegment(parts, { ...times, chooseStart, idempotencyKey, size, body: read(path, stats, signal) });
  }
  const key = mountKey(mountId, file.path);
  const known = await parts.catalog.segmentByKey(key);
  if (known !== undefined && BigInt(known.size) === stats.size) return { segment: known, warnings: [], repeated: true };
  return registerInPlace(parts, { ...times, chooseStart, idempotencyKey, key });
}

/** Waits until a file's last write lies a while back. A file that is still being written has no end to its last sample. */
async function still(path: string, stillMs: number, signal: AbortSignal): Promise<BigIntStats> {
  const before = await look(path);
  const age = Date.now() - Number(before.mtimeMs);
  if (age < 0 || age >= stillMs) return before;
  await sleep(stillMs - age, undefined, { signal });
  const after = await look(path);
  if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) throw changing();
  return after;
}

async function look(path: string): Promise<BigIntStats> {
  const stats = await stat(path, { bigint: true }).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (!stats.isFile()) throw unreadable("it is no file");
  return stats;
}

async function* read(path: string, before: BigIntStats, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      yield chunk;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable(cause);
  }
  const after = await look(path);
  if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) throw changing();
}

function changing(): BoxcarError {
  return new BoxcarError("file_changing", "It is still being written. Import again when it is finished.");
}

function unreadable(cause: unknown): BoxcarError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BoxcarError("file_unreadable", `It cannot be read: ${why}.`, {}, cause);
}

function refusalText(error: unknown): string {
  return error instanceof BoxcarError ? `${error.code}: ${error.message}` : `internal: ${String(error)}`;
}
