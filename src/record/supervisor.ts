import type { Catalog } from "../catalog/catalog.ts";
import type { RecordedSource } from "../catalog/sources.ts";
import type { Release, Slots } from "../auth/slots.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Interval } from "../base/interval.ts";
import type { Clock, HoldMemory, Log } from "../base/ports.ts";
import type { Fence } from "../catalog/leases.ts";
import { endEvent } from "./end-event.ts";
import type { Recorder, RecordSettings } from "./recorder.ts";
import type { Connect, Recording } from "./recording.ts";
import type { SourceReader } from "./source.ts";

/** How often it is looked what should be recorded, milliseconds, unless leases are so short that they must be renewed before. */
const LOOK_MS = 5000;
/** Renewals within the time of a lease. */
const RENEWALS = 3;

/** When to ask again for a source that there is no room for, seconds. */
const RETRY_S = 30;

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
  /** Milliseconds that another node waits for one that says nothing. */
  readonly leaseMs: number;
  /** Sources that are read at once; those of an administrator count as known, and each by itself. */
  readonly slots: Slots;
}

interface Held {
  readonly recording: Recording;
  /** What it was begun with; undefined: a push. */
  readonly source: RecordedSource | undefined;
  /** Whether it is recorded because of its mode. */
  isKept: boolean;
}

/** What a call says of a recording, beyond its source. */
export interface StartOptions {
  readonly fragmentMs?: number | undefined;
  readonly folder?: string | undefined;
  /** As `RecordingOptions` has it. */
  readonly standby?: "stay" | "once" | undefined;
  /** For whom it counts; empty: an administrator. Default: who has set the source. */
  readonly owner?: string | undefined;
}

/**
 * Records sources: those of mode `auto` always, others when asked; those of mode `event` are watched all the time. A source is held by one node through a lease, so that nodes of
 * one catalog never record it twice; when a node falls silent, others take over what it held.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #holder: string;
  /** Recordings that this node began. */
  readonly #held = new Map<string, Held>();
  /** Streams whose source could not be recorded when it was last tried: that is logged once. */
  readonly #refused = new Set<string>();
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
          this.lookSoon(Math.min(LOOK_MS, this.#parts.leaseMs / RENEWALS));
        });
    }, afterMs);
  }

  /**
   * Records a source.
   * @param reconnects as `RecordingOptions` has it
   * @throws BoxcarError `already_recording` (409), `too_many_sources` (429), and as the reader does
   */
  async record(source: RecordedSource, reconnects: "lost" | "always", options: StartOptions = {}): Promise<Recording> {
    const { recorder, reader, fragmentMs } = this.#parts;
    const { streamPath, url } = source;
    reader.check(url);
    const watched = recorder.running(streamPath);
    if (watched?.isAsked === false && options.standby === undefined) {
      watched.record();
      return watched;
    }
    // A stream that is recorded is refused as what it is.
    const leave = watched === undefined ? this.#takeSlot(streamPath, options.owner ?? source.owner) : undefined;
    try {
      const recording = await this.#start(source, streamPath, reader.open(url), {
        fragmentMs: options.fragmentMs ?? source.fragmentMs ?? fragmentMs,
        folder: options.folder ?? "",
        reconnects: url.startsWith("file:") ? "never" : reconnects,
        standby: options.standby,
      });
      void recording.over.then(leave);
      return recording;
    } catch (error) {
      leave?.();
      throw error;
    }
  }

  /** @throws BoxcarError `too_many_sources` (429) */
  #takeSlot(streamPath: string, owner: string): Release {
    const { slots } = this.#parts;
    const isKnown = owner === "";
    const release = slots.take({ name: isKnown ? `of an administrator: ${streamPath}` : owner, known: isKnown });
    if (release !== undefined) return release;
    const { limit, perClient, kept } = slots;
    const message = `This server reads at most ${String(limit)} sources (BOXCAR_SOURCES): ${String(perClient)} of one caller, and ${String(limit - kept)} of all that are no administrators. Stop one, or try again later.`;
    throw new BoxcarError("too_many_sources", message, { retryAfterSeconds: RETRY_S });
  }

  /**
   * Records what a client sends.
   * @param fragmentMs milliseconds that a segment should last
   * @param hold told of the memory that a part takes until it is whole
   * @throws BoxcarError `already_recording` (409)
   */
  push(streamPath: string, connect: Connect, fragmentMs: number, hold?: HoldMemory): Promise<Recording> {
    return this.#start(undefined, streamPath, connect, { fragmentMs, hold, folder: "", reconnects: "never" });
  }

  async #start(
    source: RecordedSource | undefined,
    streamPath: string,
    connect: Connect,
    settings: RecordSettings,
  ): Promise<Recording> {
    const { recorder } = this.#parts;
    const isFree = recorder.running(streamPath) === undefined;
    const fence = isFree ? await this.#takeLease(streamPath) : undefined;
    if (isFree && fence === undefined) {
      throw elsewhere(streamPath);
    }
    const recording = recorder.start(streamPath, connect, { ...settings, fence });
    this.#held.set(streamPath, { recording, source, isKept: false });
    void recording.over.then(() => {
      this.lookSoon(0); // others may have it
    });
    return recording;
  }

  /** Records a source as its mode says: always, or when events say. @param owner as `StartOptions` has it */
  async keep(source: RecordedSource, owner?: string): Promise<Recording> {
    const mode = modeOf(source);
    const recording = await this.record(source, "always", { standby: STANDBY[mode], owner });
    this.#goByMode(recording, mode);
    return recording;
  }

  /**
   * Begins to record a source because somebody asks for it.
   * @throws as `record` does, and why a source that is watched cannot be read
   */
  async startSource(source: RecordedSource, options: StartOptions): Promise<Recording> {
    const { streamPath, mode } = source;
    const watched = this.#parts.recorder.running(streamPath);
    if (watched?.isAsked === false && watched.state === "waiting" && watched.reason !== undefined) throw watched.reason;
    const recording = await this.record({ ...source, isStopped: false }, "lost", options);
    if (source.isStopped) await this.#parts.catalog.sources.setStopped(streamPath, false);
    this.#goByMode(recording, mode);
    return recording;
  }

  /**
   * Ends recording a stream, and what events go on there, because somebody asks for it; a source of mode `auto` stays stopped.
   * @returns its recording; undefined when nothing is recorded
   * @throws BoxcarError `already_recording` (409) when another node records it, and would not end
   */
  async stop(streamPath: string): Promise<Recording | undefined> {
    const { catalog, recorder } = this.#parts;
    const recording = recorder.running(streamPath);
    const source = await catalog.sources.get(streamPath);
    const isAuto = source?.mode === "auto";
    if (recording === undefined && !isAuto && (await this.isElsewhere(streamPath))) throw elsewhere(streamPath);
    if (isAuto) await catalog.sources.setStopped(streamPath, true);
    await endEvent(this.#parts, streamPath);
    if (recording?.options.standby === "stay") recording.recordNoLonger();
    else recording?.stop();
    return recording;
  }

  /** Has a recording go on, or end, with the mode of its source. */
  #goByMode(recording: Recording, mode: RecordedSource["mode"]): void {
    const held = this.#held.get(recording.options.streamPath);
    if (held?.recording === recording) held.isKept = mode !== "demand";
  }

  /** Whether another node records a stream. */
  isElsewhere(streamPath: string): Promise<boolean> {
    const { catalog, clock, leaseMs } = this.#parts;
    const nowMs = clock();
    return catalog.leases.isHeldByOther(leaseOf(streamPath), this.#holder, nowMs, nowMs + leaseMs);
  }

  /** Renews what is held, begins what should be recorded and ends what should not. */
  async look(): Promise<void> {
    const { catalog, clock } = this.#parts;
    await this.#releaseEnded();
    await this.#renewLeases();
    const sources = await catalog.sources.all();
    const known = new Map(sources.map((source) => [source.streamPath, source]));
    for (const streamPath of this.#refused) if (!known.has(streamPath)) this.#refused.delete(streamPath);
    for (const [streamPath, held] of this.#held) {
      if (held.isKept && !isAsBefore(held.source, known.get(streamPath))) held.recording.stop();
    }
    const nowMs = clock();
    const events = await this.#followEvents(nowMs);
    for (const source of sources) await this.#keepAsItsMode(source, events.get(source.streamPath), nowMs);
  }

  /** Gives up the leases of recordings that have ended. */
  async #releaseEnded(): Promise<void> {
    const { catalog, recorder } = this.#parts;
    for (const [streamPath, { recording }] of this.#held) {
      if (recorder.running(streamPath) === recording) continue;
      this.#held.delete(streamPath);
      await catalog.leases.release(leaseOf(streamPath), this.#holder);
    }
  }

  /** Renews the leases of what is held, and ends what another node has taken over. */
  async #renewLeases(): Promise<void> {
    const { catalog, log, clock, leaseMs } = this.#parts;
    const names = [...this.#held.keys()].map(leaseOf);
    const renewed = await catalog.leases.renew(names, this.#holder, clock() + leaseMs);
    for (const [streamPath, { recording }] of this.#held) {
      // One that was taken over meanwhile, or was never held, is free again or not.
      const token = renewed.get(leaseOf(streamPath)) ?? (await this.#takeLease(streamPath))?.token;
      if (token !== recording.options.fence?.token) {
        log("warn", "another node has taken over a source", { streamPath });
        recording.stop(takenOver(streamPath));
      }
    }
  }

  /** Has recordings of events end with the last one that goes on. @returns the time that events take that go on, by stream */
  async #followEvents(nowMs: number): Promise<ReadonlyMap<string, Interval>> {
    const untilMs = new Map([...this.#held.values()].map(({ recording }) => [recording, recording.untilMs]));
    const events = await this.#parts.catalog.events.goingOn(nowMs);
    for (const [recording, was] of untilMs) {
      // What was noted meanwhile is not among them.
      if (recording.options.standby === undefined || recording.untilMs !== was) continue;
      const going = events.get(recording.options.streamPath);
      if (going === undefined) recording.recordAtMost(nowMs);
      else follow(recording, going, nowMs);
    }
    return events;
  }

  /** Begins to record a source whose mode, or an event that goes on, says so. */
  async #keepAsItsMode(source: RecordedSource, going: Interval | undefined, nowMs: number): Promise<void> {
    const { recorder, log } = this.#parts;
    const { streamPath } = source;
    if ((modeOf(source) === "demand" && going === undefined) || recorder.running(streamPath) !== undefined) return;
    try {
      const recording = await this.keep(source);
      this.#refused.delete(streamPath);
      if (going !== undefined) follow(recording, going, nowMs);
    } catch (error) {
      if (error instanceof BoxcarError && error.code === "already_recording") return;
      if (this.#refused.has(streamPath)) return;
      this.#refused.add(streamPath);
      log("warn", "a source cannot be recorded", { streamPath, error: String(error) });
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

  async #takeLease(streamPath: string): Promise<Fence | undefined> {
    const { catalog, clock, leaseMs } = this.#parts;
    const nowMs = clock();
    const lease = leaseOf(streamPath);
    const token = await catalog.leases.take(lease, this.#holder, nowMs, nowMs + leaseMs);
    return token === undefined ? undefined : { lease, token };
  }
}

/** Records a source that is watched until the last of its events ends. */
function follow(recording: Recording, { startMs, endMs }: Interval, nowMs: number): void {
  if (recording.untilMs === endMs) return;
  recording.recordUntil(endMs, nowMs - startMs);
  recording.recordAtMost(endMs);
}

/** How sources are watched that are kept recorded, by mode. */
const STANDBY = { auto: undefined, event: "stay", demand: "once" } as const;

function modeOf({ mode, isStopped }: RecordedSource): RecordedSource["mode"] {
  return isStopped ? "demand" : mode;
}

/** Whether what says how a source is recorded is as it was. */
function isAsBefore(was: RecordedSource | undefined, now: RecordedSource | undefined): boolean {
  if (was === undefined || now === undefined) return was === now;
  return was.url === now.url && was.fragmentMs === now.fragmentMs && modeOf(was) === modeOf(now);
}

function elsewhere(streamPath: string): BoxcarError {
  const message = `${streamPath} is being recorded by another node. Stop it there first.`;
  return new BoxcarError("already_recording", message, { streamPath });
}

function takenOver(streamPath: string): BoxcarError {
  const message = `Another node has taken over ${streamPath}, since this one had said nothing for too long.`;
  return new BoxcarError("taken_over", message, { streamPath });
}

function leaseOf(streamPath: string): string {
  return `source ${streamPath}`;
}
