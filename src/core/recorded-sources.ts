import type { Store } from "../base/ports.ts";
import { describeSummary } from "./indexing/describe.ts";
import { wholeDuration, type Indexes, type RecordedSegment, type SegmentSource } from "./segment.ts";

/** Files as planning takes recorded segments: what the rows of a catalog, its indexes and a store are elsewhere. */
export interface RecordedSources {
  /** In the order of the files. */
  readonly segments: readonly RecordedSegment[];
  readonly indexes: Indexes;
  readonly store: Pick<Store, "get" | "ahead">;
}

/** Gives files the form of recorded segments. */
export function recordedSources(sources: readonly SegmentSource[]): RecordedSources {
  const segments = sources.map(({ summary, key, etag = "", id, ...source }, i): RecordedSegment => {
    const startMs = Math.floor(source.startMs);
    const endMs = startMs + wholeDuration(describeSummary(summary).durationMs);
    return { id: id ?? i + 1, startMs, endMs, key: key ?? String(i + 1), etag, summary };
  });
  const byId = new Map(sources.map((source, i) => [segments[i]?.id, source]));
  const byKey = new Map(sources.map((source, i) => [segments[i]?.key, source]));
  return {
    segments,
    indexes: {
      async get(id) {
        const { index } = found(byId, id);
        return typeof index === "function" ? index() : index;
      },
    },
    store: {
      async *get(key, span) {
        const bytes = found(byKey, key).read(span);
        if (bytes instanceof Promise) yield bytes;
        else yield* bytes;
      },
    },
  };
}

function found<K>(sources: ReadonlyMap<K | undefined, SegmentSource>, name: K): SegmentSource {
  const source = sources.get(name);
  if (source === undefined) throw new RangeError(`no file ${String(name)}`);
  return source;
}
