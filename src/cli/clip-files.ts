import { gathered } from "../base/bytes.ts";
import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { BoxcarError } from "../base/errors.ts";
import {
  indexObject,
  instantOf,
  planSegments,
  type Core,
  type IndexedSegment,
  type Plan,
  type SegmentsQuery,
} from "../core/index.ts";
import type { ByteSpan, ObjectInfo, Store } from "../base/ports.ts";
import { loadCore } from "../runtime/node/load-core.ts";
import { FileStore } from "../store/file/file.ts";
import { mountKey, withMounts } from "../store/mounts.ts";
import { layOut, type ClipTime } from "./clip-times.ts";

/** A file that is read where it lies. */
export interface OpenedFile {
  readonly store: Store;
  readonly key: string;
  readonly info: ObjectInfo;
  readonly indexed: IndexedSegment;
}

/** The path of a file without symbolic links. @throws BoxcarError `object_missing` (404) */
export async function realFile(file: string): Promise<string> {
  return realpath(file).catch((cause: unknown) => {
    throw new BoxcarError("object_missing", `${file} cannot be read: there is no such file.`, {}, cause);
  });
}

/** Opens and indexes files without copying them. @throws BoxcarError as the indexer does, naming the file */
export async function openFiles(core: Core, files: readonly string[]): Promise<OpenedFile[]> {
  const paths = await Promise.all(files.map(realFile));
  const nowhere = new FileStore(dirname(paths[0] ?? "."));
  const store = withMounts(nowhere, (mountId) => {
    const path = paths[mountId];
    return Promise.resolve(path === undefined ? undefined : new FileStore(dirname(path)));
  });
  const opened: OpenedFile[] = [];
  for (const [i, path] of paths.entries()) {
    const key = mountKey(i, basename(path));
    const file = files[i] ?? path;
    const info = await store.head(key);
    if (info === undefined) throw new BoxcarError("object_missing", `${file} is no file.`);
    const read = (span: ByteSpan): Promise<Uint8Array> => gathered(store.get(key, span), span.length);
    const indexed = await indexObject(core, info.size, read).catch((error: unknown) => {
      if (!(error instanceof BoxcarError)) throw error;
      throw new BoxcarError(error.code, `${file}: ${error.message}`, error.fields, error);
    });
    opened.push({ store, key, info, indexed });
  }
  return opened;
}

export interface ClipQuery extends Pick<SegmentsQuery, "cut" | "gaps" | "changes" | "sound" | "edits" | "tag"> {
  /** Default: the start of the first file. */
  readonly from?: ClipTime | undefined;
  /** Exclusive. Default: the end of the last file. */
  readonly to?: ClipTime | undefined;
  /** Zone of local times that files state. Default UTC. */
  readonly zone?: string | undefined;
}

export interface ClipPlan {
  readonly plan: Plan;
  /** What was repaired or simplified in the files while indexing, each behind the name of its file. */
  readonly warnings: readonly string[];
}

/** Plans a clip of files. @throws BoxcarError as the indexer and the plan do */
export async function planClip(files: readonly string[], query: ClipQuery): Promise<ClipPlan> {
  const core = await loadCore();
  const opened = await openFiles(core, files);
  const { starts, startMs, endMs } = layOut(
    opened.map(({ indexed: { description, statedStart } }) => ({
      durationMs: description.durationMs,
      statedMs: statedStart === undefined ? undefined : instantOf(statedStart, query.zone ?? "UTC"),
    })),
    query.from,
    query.to,
  );
  const sources = opened.map(({ store, key, info, indexed: { index, summary } }, i) => ({
    ...{ index, summary, startMs: starts[i] ?? 0, etag: info.etag },
    read: (span: ByteSpan) => store.get(key, span, info.etag),
  }));
  const { cut, gaps, changes, sound = "none", edits = "list", tag } = query;
  const plan = await planSegments({ core }, sources, { startMs, endMs, cut, gaps, changes, sound, edits, tag });
  const warnings = opened.flatMap(({ indexed }, i) =>
    indexed.description.warnings.map((warning) => `${files[i] ?? ""}: ${warning}`),
  );
  return { plan, warnings };
}
