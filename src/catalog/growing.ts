import { reachesInto } from "../base/interval.ts";
import type { ByteSpan } from "../base/ports.ts";
import type { Segment } from "./types.ts";

/** How ETags of segments that are being recorded begin. */
export const GROWING = "growing-";

/** A segment that is being recorded in this process. */
export interface GrowingSegment {
  /** Of its pending row. */
  readonly id: number;
  readonly streamPath: string;
  readonly key: string;
  /** How many times it has grown; it can be had as it was at any time. */
  readonly version: number;
  /** Whether it grows on. */
  readonly open: boolean;
  /** What there is of it at a version. */
  at(version: number): GrownSegment;
  /** Yields exactly `span.length` bytes of it, or throws. */
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
}

/** What there is of a segment: its ETag begins with `GROWING`. */
export type GrownSegment = Omit<Segment, "id" | "streamPath" | "key"> & { readonly index: Uint8Array };

/** How long a segment that grows no more is remembered for the downloads that were begun of it, milliseconds. */
const REMEMBERED_MS = 600_000;

/**
 * Segments that are being recorded in this process. They are told beside those that the catalog has rows of, each at its newest
 * version; a version has an id of its own, below 0, so that what was found out about one is never taken for another's.
 */
export class GrowingSegments {
  readonly #open = new Map<string, GrowingSegment[]>();
  readonly #versions = new Map<number, { readonly segment: GrowingSegment; readonly version: number }>();
  readonly #newest = new WeakMap<GrowingSegment, Segment & { readonly version: number }>();
  readonly #byKey = new Map<string, GrowingSegment>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #growths = new Map<string, number>();
  #lastGrowth = 0;
  #lastId = 0;

  /** Tells of a segment from now on. */
  add(segment: GrowingSegment): void {
    const { streamPath, key } = segment;
    this.#open.set(streamPath, [...(this.#open.get(streamPath) ?? []), segment]);
    this.#byKey.set(key, segment);
    this.grew(streamPath);
  }

  /** Tells those who wait that a stream's segments have grown, are open no more, or have become ready. */
  grew(streamPath: string): void {
    this.#growths.set(streamPath, ++this.#lastGrowth);
    const waiting = this.#waiting.get(streamPath) ?? [];
    this.#waiting.delete(streamPath);
    for (const wake of waiting) wake();
  }

  /** Another number each time that a stream's segments have grown; undefined for one that is not being recorded. */
  lastGrowth(streamPath: string): number | undefined {
    return this.#growths.get(streamPath);
  }

  /** Resolves when a stream's segments have grown, or `signal` is given. */
  growth(streamPath: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(streamPath) ?? new Set();
      this.#waiting.set(streamPath, waiting);
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(streamPath) === waiting) this.#waiting.delete(streamPath);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener("abort", wake);
      if (signal.aborted) wake();
    });
  }

  /** No longer tells of a segment, once it is ready or given up. */
  remove(segment: GrowingSegment): void {
    const { streamPath } = segment;
    const others = (this.#open.get(streamPath) ?? []).filter((other) => other !== segment);
    if (others.length === 0) this.#open.delete(streamPath);
    else this.#open.set(streamPath, others);
    this.#byKey.delete(segment.key);
    this.grew(streamPath);
    const forget = setTimeout(() => {
      for (const [id, entry] of this.#versions) if (entry.segment === segment) this.#versions.delete(id);
      if (!this.#open.has(streamPath)) this.#growths.delete(streamPath);
    }, REMEMBERED_MS);
    (forget as { unref?: () => void }).unref?.();
  }

  /** Streams that have any. */
  get streamPaths(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** All segments of a stream, as `overlapping` gives them. */
  all(streamPath: string): Segment[] {
    return this.overlapping(streamPath, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** The segments of a stream that overlap [startMs, endMs), ordered by start, under ids of their versions. */
  overlapping(streamPath: string, startMs: number, endMs: number): Segment[] {
    const segments = this.#open.get(streamPath) ?? [];
    return segments
      .map((segment) => this.#current(segment))
      .filter((segment) => reachesInto(segment, { startMs, endMs }))
      .sort((a, b) => a.startMs - b.startMs);
  }

  /** The segment whose row has an id, under the id of its newest version. */
  ofRow(id: number): Segment | undefined {
    for (const segment of this.#byKey.values()) if (segment.id === id) return this.#current(segment);
    return undefined;
  }

  rowOf(versionId: number): number | undefined {
    return this.#versions.get(versionId)?.segment.id;
  }

  index(versionId: number): Uint8Array | undefined {
    const entry = this.#versions.get(versionId);
    return entry?.segment.at(entry.version).index;
  }

  /** The segment whose object will have the key. */
  byKey(key: string): GrowingSegment | undefined {
    return this.#byKey.get(key);
  }

  #current(segment: GrowingSegment): Segment {
    const { version, open } = segment;
    const known = this.#newest.get(segment);
    if (known?.version === version && known.open === open) return known;
    const { streamPath, key } = segment;
    const current = {
      ...segment.at(version),
      streamPath,
      key,
      id: --this.#lastId,
      growing: true as const,
      version,
      open,
      lastingId: segment.id,
    };
    this.#versions.set(current.id, { segment, version });
    this.#newest.set(segment, current);
    return current;
  }
}
