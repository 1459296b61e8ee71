import type { Catalog } from "../catalog/catalog.ts";
import type { Source } from "../catalog/sources.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Clock, Log } from "../base/ports.ts";
import type { Recorder } from "./recorder.ts";
import type { Recording } from "./recording.ts";
import type { SourceReader } from "./source.ts";

/** How often it is looked what should be recorded, and how long another node waits for one that says nothing. Milliseconds. */
const LOOK_MS = 5000;
const LEASE_MS = 30_000;

/** Until a source that is watched is recorded when a call begins that: until another one ends it. */
const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** What keeps sources recorded. */
export interface SupervisorParts {
  readonly catalog: Catalog;
  readonly recorder: Recorder;
  readonly reader: SourceReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomId: () => string;
  /** Milliseconds that a segment lasts where nothing else is said. */
  readonly fragmentMs: number;
}

/** What a call says of a recording, beyond its source. */
export interface StartOptions {
  readonly fragmentMs?: number | undefined;
  readonly folder?: string | undefined;
  /** As `RecordingOptions` has it. */
  readonly standby?: "stay" | "once" | undefined;
}

/**
 * Records sources: those of mode `auto` always, others when asked; those of mode `event` are watched all the time. A source is held by one node through a lease, so that nodes of
 * one catalog never record it twice; when a node falls silent, others take over what it held.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #holder: string;
  /** Recordings that this node began, and the source each was begun with. */
  readonly #held = new Map<string, { readonly recording: Recording; readonly source: Source }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#holder = parts.randomId();
  }

  /** Looks from now on, every few seconds, what should be recorded. */
  start(): void {
    this.lookSoon(0);
  }

  /** Looks after some milliseconds. */
  lookSoon(afterMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.look()
        .catch((error: unknown) => {
          this.#parts.log("warn", "sources cannot be looked after", { error: String(error) });
        })
        .finally(() => {
          this.lookSoon(LOOK_MS);
        });
    }, afterMs);
  }

  /**
   * Records a source.
   * @param reconnects as `RecordingOptions` has it
   * @throws BoxcarError `already_recording` (409), and as the reader does
   */
  async record(source: Source, reconnects: "lost" | "always", options: StartOptions = {}): Promise<Recording> {
    const { recorder, reader, fragmentMs } = this.#parts;
    const { streamPath, url } = source;
    reader.check(url);
    const watched = recorder.running(streamPath);
    if (watched?.options.standby === "stay" && options.standby === undefined && watched.untilMs !== FOREVER_MS) {
      watched.recordUntil(FOREVER_MS, 0);
      return watched;
    }
    if (recorder.running(streamPath) === undefined && !(await this.#takeLease(streamPath))) {
      const message = `${streamPath} is being recorded by another node. Stop it there first.`;
      throw new BoxcarError("already_recording", 409, message, { streamPath });
    }
    const recording = recorder.start(streamPath, reader.open(url), {
      fragmentMs: options.fragmentMs ?? source.fragmentMs ?? fragmentMs,
      folder: options.folder ?? "",
      reconnects: url.startsWith("file:") ? "never" : reconnects,
      standby: options.standby,
    });
    this.#held.set(streamPath, { recording, source });
    return recording;
  }

  /** Renews what is held, begins what should be recorded and ends what should not. */
  async look(): Promise<void> {
    const { catalog, recorder, log } = this.#parts;
    for (const [streamPath, { recording }] of this.#held) {
      if (recorder.running(streamPath) !== recording) {
        this.#held.delete(streamPath);
        await catalog.leases.release(leaseOf(streamPath), this.#holder);
      } else if (!(await this.#takeLease(streamPath))) {
        log("warn", "another node has taken over a source", { streamPath });
        recording.stop();
      }
    }
    const sources = await catalog.sources.all();
    for (const [streamPath, held] of this.#held) {
      const now = sources.find((source) => source.streamPath === streamPath);
      const wasAuto = held.source.mode !== "demand" && held.recording.options.reconnects === "always";
      if (wasAuto && JSON.stringify(now) !== JSON.stringify(held.source)) held.recording.stop();
    }
    for (const source of sources) {
      if (source.mode === "demand" || recorder.running(source.streamPath) !== undefined) continue;
      const standby = source.mode === "event" ? "stay" : undefined;
      await this.record(source, "always", { standby }).catch((error: unknown) => {
        if (error instanceof BoxcarError && error.error === "already_recording") return;
        log("warn", "a source cannot be recorded", { streamPath: source.streamPath, error: String(error) });
      });
    }
  }

  /** Looks no more. What runs is the recorder's to end. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /** Lets other nodes have what is held here. Recordings must have ended. */
  async releaseAll(): Promise<void> {
    const names = [...this.#held.keys()];
    await Promise.allSettled(names.map((name) => this.#parts.catalog.leases.release(leaseOf(name), this.#holder)));
  }

  async #takeLease(streamPath: string): Promise<boolean> {
    const { catalog, clock } = this.#parts;
    const nowMs = clock();
    return (await catalog.leases.take(leaseOf(streamPath), this.#holder, nowMs, nowMs + LEASE_MS)) !== undefined;
  }
}

function leaseOf(streamPath: string): string {
  return `source ${streamPath}`;
}
