import type { BoxcarError } from "../base/errors.ts";
import type { GrowingSegment } from "../catalog/growing.ts";
import type { Fence } from "../catalog/leases.ts";
import { keepLease } from "../intake/lease.ts";
import { segmentKey, type KeyLayout } from "../intake/segments/segment-upload.ts";
import { keepSegment, type KeepParts } from "./keep-segment.ts";
import { RECORDER } from "../catalog/rows.ts";
import type { OpenSegment } from "./open-segment.ts";
import { rateByEvents } from "./rate-by-events.ts";
import type { Spool, SpoolFile } from "./spool.ts";

/** What segments are recorded with. */
export interface RecordedSegmentParts extends KeepParts {
  readonly spool: Spool;
  readonly keyLayout: KeyLayout;
}

/** Whose segments these are. */
export interface RecordedSegmentOptions {
  readonly streamPath: string;
  /** Folder below `segments/` for the keys of their objects; empty: none. */
  readonly folder: string;
  /** The lease that they are recorded under. */
  readonly fence?: Fence | undefined;
}

/** The segments of a recording: each from its row and its file in the spool until the store has it. */
export class RecordedSegments {
  /** How many were begun. */
  begun = 0;
  /** How many were refused, and are set aside. */
  setAside = 0;
  readonly #parts: RecordedSegmentParts;
  readonly #options: RecordedSegmentOptions;
  readonly #giveUp: AbortSignal;
  readonly #refused: (refusal: BoxcarError) => void;
  readonly #keeping = new Set<Promise<unknown>>();
  readonly #growing = new Map<OpenSegment, GrowingSegment>();
  readonly #leases = new Map<SpoolFile, () => void>();

  /**
   * @param giveUp ends attempts to bring segments into the store
   * @param refused is told why one was set aside
   */
  constructor(
    parts: RecordedSegmentParts,
    options: RecordedSegmentOptions,
    giveUp: AbortSignal,
    refused: (refusal: BoxcarError) => void,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#giveUp = giveUp;
    this.#refused = refused;
  }

  /** Segments that are on their way into the store. */
  get keeping(): number {
    return this.#keeping.size;
  }

  /** Waits until the store has all segments, or they were given up. */
  async kept(): Promise<void> {
    while (this.#keeping.size > 0) await Promise.all(this.#keeping);
  }

  /** Begins a segment: its row, if the catalog answers, and its file. @param startMs wall clock, milliseconds */
  async create(startMs: number): Promise<SpoolFile> {
    const { catalog, clock, randomId, keyLayout, spool, log } = this.#parts;
    const { streamPath, folder, fence } = this.#options;
    const key = inFolder(segmentKey(keyLayout, streamPath, Math.floor(startMs), randomId()), folder);
    const begun = await catalog
      .beginSegment({ streamPath, key, nowMs: clock(), owner: RECORDER, idempotencyKey: key })
      .catch((error: unknown) => {
        log("warn", "a recorded segment has no row yet", { streamPath, error: String(error) });
        return undefined;
      });
    const file = await spool.create({ streamPath, key, id: begun?.id, fence });
    if (begun !== undefined)
      this.#leases.set(
        file,
        keepLease(() => catalog.unsettled.renew(begun.id, clock())),
      );
    this.begun++;
    return file;
  }

  /** Lets ranges have what there is of a segment, once it has a row. */
  show(segment: OpenSegment): void {
    const { id } = segment.file.entry;
    const { growing: all } = this.#parts.catalog;
    if (this.#growing.has(segment)) all.grew(this.#options.streamPath);
    if (id === undefined || this.#growing.has(segment)) return;
    const growing = segment.growing(id);
    this.#growing.set(segment, growing);
    all.add(growing);
  }

  /** Brings a segment that is whole into the store. */
  keep(segment: OpenSegment): void {
    const { file } = segment;
    segment.isOpen = false;
    this.show(segment); // it can be had before the store has it
    const ready = (): void => {
      const growing = this.#growing.get(segment);
      this.#growing.delete(segment);
      if (growing !== undefined) this.#parts.catalog.growing.remove(growing);
    };
    const setAside = (refusal: BoxcarError): void => {
      this.setAside++;
      ready();
      this.#refused(refusal);
    };
    const work = keepSegment(this.#parts, file, segment.index(), this.#giveUp, { ready, setAside })
      .then((kept) => kept && rateByEvents(this.#parts.catalog, kept))
      .catch((error: unknown) => {
        this.#parts.log("error", "a recorded segment stays in the spool", { error: String(error) });
      })
      .finally(() => {
        this.#leases.get(file)?.();
        this.#leases.delete(file);
        this.#keeping.delete(work);
      });
    this.#keeping.add(work);
  }
}

function inFolder(key: string, folder: string): string {
  return folder === "" ? key : key.replace("segments/", () => `segments/${folder}/`);
}
