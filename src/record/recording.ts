import { FragmentReader } from "../core/index.ts";
import { liveBreather } from "../base/shared-breather.ts";
import { BoxcarError } from "../base/errors.ts";
import { paused } from "../base/paused.ts";
import { Flow } from "./flow.ts";
import { keepPace } from "./pace.ts";
import { PreRoll, type KeptPart, type PreRollBudget } from "./pre-roll.ts";
import { arrivals } from "./arrivals.ts";
import { RecordedSegments, type RecordedSegmentOptions, type RecordedSegmentParts } from "./recorded-segments.ts";
import { Segmenter } from "./segmenter.ts";
import type { Clock, HoldMemory } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import { backoffMs } from "./backoff.ts";

/** A part, once it has begun, is whole within so many times what counts as silence: who sends a byte now and then records nothing. */
const PART_SILENCES = 5;

/** What recordings need. */
export interface RecordParts extends RecordedSegmentParts {
  /** Milliseconds from anywhere on, never set. */
  readonly monotonic: Clock;
  readonly preRoll: PreRollBudget;
  /** Milliseconds that are kept in memory of a source that is watched. */
  readonly preRollMs: number;
}

/**
 * Connects to what a stream comes from and yields its bytes, which stay valid, until it ends or `signal` is given.
 * `dropped` is told how much a server has left out.
 */
export type Connect = (signal: AbortSignal, dropped: (count: number) => void) => AsyncIterable<Uint8Array>;

/** What is to be recorded. */
export interface RecordingOptions extends RecordedSegmentOptions {
  readonly connect: Connect;
  /** Milliseconds that a segment should last. */
  readonly fragmentMs: number;
  /** Milliseconds without a byte after which a connection counts as lost. */
  readonly silenceMs: number;
  /** When it is connected again: never, once a recorded source is lost, or always, also when it cannot be reached at first. */
  readonly reconnects: "never" | "lost" | "always";
  /**
   * `stay`: the source is only watched, and recorded for as long as `record` and `recordUntil` say, with what came before from memory.
   * `once`: the same, and it ends with that. Default: it is recorded all the time.
   */
  readonly standby?: "stay" | "once" | undefined;
  /** Told of the memory that a part takes until it is whole. */
  readonly hold?: HoldMemory | undefined;
}

/** What a recording is at. */
export type RecordingState = "connecting" | "standby" | "recording" | "waiting" | "ended" | "failed";

/** One stream that is being recorded, from its start to its end, over any number of connections. */
export class Recording {
  readonly id: string;
  readonly options: RecordingOptions;
  readonly startedMs: number;
  state: RecordingState = "connecting";
  /** Why it ended, or waits; undefined while all is well. */
  reason: BoxcarError | undefined;
  endedMs: number | undefined;
  bytes = 0;
  connections = 0;
  /** Parts that came and could not be written, and packets that a server left out. */
  dropped = 0;
  /** By how much its time lags behind the clock's, milliseconds. */
  driftMs: number | undefined;
  /** How much has come lately. */
  readonly flow = new Flow();
  /** Wall-clock time of the last sync sample, milliseconds since 1970. */
  lastSyncMs: number | undefined;
  /** Settles when the first part is safe, or it has failed. */
  readonly started: Promise<void>;
  /** Resolves when it has ended. */
  over: Promise<void> = Promise.resolve();
  /** Resolves when it has ended and the store has all segments, or they were given up. */
  done: Promise<void> = Promise.resolve();
  readonly #parts: RecordParts;
  readonly #stopping = new AbortController();
  readonly #segments: RecordedSegments;
  readonly #preRoll: PreRoll;
  /** How many times consumers were told that it records, and whether they were told of the end. */
  #begun = 0;
  #isBegun = false;
  #stopReason: BoxcarError | undefined;
  #untilMs = 0;
  #beforeMs = 0;
  #isAsked = false;
  #markStarted: (failure?: BoxcarError) => void = () => undefined;

  /** @param giveUp ends attempts to bring segments into the store */
  constructor(parts: RecordParts, id: string, options: RecordingOptions, giveUp: AbortSignal) {
    this.#parts = parts;
    this.id = id;
    this.options = options;
    this.startedMs = parts.clock();
    this.#segments = new RecordedSegments(parts, options, giveUp, (refusal) => {
      if (this.endedMs === undefined) return;
      this.reason ??= refusal;
      this.state = "failed";
    });
    this.#preRoll = new PreRoll(parts.preRoll, parts.spool, options.standby === undefined ? 0 : parts.preRollMs);
    this.started = new Promise((resolve, reject) => {
      this.#markStarted = (failure) => {
        if (failure === undefined) resolve();
        else reject(failure);
      };
    });
    this.started.catch(() => undefined); // whoever waits for it is told; nobody has to
  }

  /** Ends it: what has come by now becomes a segment. @param reason why, when nobody has asked for it */
  stop(reason?: BoxcarError): void {
    this.#stopReason ??= reason;
    this.#stopping.abort();
  }

  /** Segments that were begun. */
  get segments(): number {
    return this.#segments.begun;
  }

  /** Segments that are on their way into the store. */
  get keeping(): number {
    return this.#segments.keeping;
  }

  /** Segments that were refused, and are set aside. */
  get setAside(): number {
    return this.#segments.setAside;
  }

  /** Waits until the store has all segments, or they were given up. */
  kept(): Promise<void> {
    return this.#segments.kept();
  }

  /** Records until it is stopped, or the source ends and is not connected again. */
  async run(): Promise<void> {
    const { reconnects, streamPath } = this.options;
    const { signal } = this.#stopping;
    for (let failures = 0; ; failures++) {
      const before = this.bytes;
      this.state = "connecting";
      this.reason = await this.#connection(signal);
      const isOver = this.options.standby === "once" && this.#untilMs > 0 && !this.#isWanted();
      if (signal.aborted || isOver || reconnects === "never" || (reconnects === "lost" && this.segments === 0)) break;
      if (this.bytes > before) failures = 0;
      this.reason ??= new BoxcarError("source_ended", "The source has ended.");
      this.state = "waiting";
      this.#parts.log("warn", "a source was lost", { streamPath, reason: this.reason.message });
      await paused(backoffMs(failures), signal);
    }
    if (signal.aborted) this.reason = this.#stopReason;
    else if (this.segments === 0) this.reason ??= noMedia();
    this.state = this.reason === undefined ? "ended" : "failed";
    this.endedMs = this.#parts.clock();
    this.#tellOf(false);
    this.#markStarted(this.reason ?? noMedia()); // of no effect once it has started
    this.#parts.log("info", "recording ended", { streamPath, reason: this.reason?.message });
  }

  /** One connection, to its end. Returns why it ended; undefined: the source said that this is all. */
  async #connection(signal: AbortSignal): Promise<BoxcarError | undefined> {
    const { connect, fragmentMs, silenceMs, streamPath } = this.options;
    const ending = new AbortController();
    const end = (): void => {
      ending.abort();
    };
    signal.addEventListener("abort", end);
    const reader = new FragmentReader(this.#parts.core, this.options.hold);
    const segmenter = new Segmenter(this.#segmenterParts(), fragmentMs);
    const dropped = (count: number): void => {
      this.dropped += count;
    };
    this.connections++;
    let wholeMs = this.#parts.monotonic();
    try {
      for await (const chunk of arrivals(connect(ending.signal, dropped), silenceMs, signal)) {
        await liveBreather.breathe();
        for (const event of reader.push(chunk)) {
          await liveBreather.breathe();
          if (event.kind === "header") this.#preRoll.clear();
          const facts = segmenter.watch(event);
          if (facts === undefined || event.kind === "header") continue;
          this.flow.add(facts, event.size);
          await keepPace(segmenter.aheadMs(facts), signal);
          if (signal.aborted) return undefined;
          if (!(await this.#takePart(segmenter, { part: event, facts }))) return undefined;
          wholeMs = this.#parts.monotonic();
          this.reason = undefined; // that of the connection before
          this.driftMs = segmenter.driftMs;
          this.#markStarted();
          const { open } = segmenter;
          if (open !== undefined && facts.hasSync)
            this.lastSyncMs = open.startMs + Math.max(0, facts.startMs - open.mediaStartMs);
        }
        this.bytes += chunk.length;
        if (this.#parts.monotonic() - wholeMs > PART_SILENCES * silenceMs) throw noPart(PART_SILENCES * silenceMs);
      }
      return undefined;
    } catch (error) {
      if (error instanceof BoxcarError) return error;
      this.#parts.log("error", "recording failed", { streamPath, error: error instanceof Error ? error.stack : error });
      return new BoxcarError("recording_failed", "Recording failed. The server's log says why.", {}, error);
    } finally {
      signal.removeEventListener("abort", end);
      ending.abort();
      this.#preRoll.clear();
      segmenter.end();
    }
  }

  /** Records a part, or keeps it for later. Returns whether the connection is still needed. */
  async #takePart(segmenter: Segmenter, kept: KeptPart): Promise<boolean> {
    const { standby } = this.options;
    const { open } = segmenter;
    // What was captured before the end comes after it.
    const isDue = this.state === "recording" && open !== undefined && open.startMs + open.durationMs < this.#untilMs;
    if (isDue || this.#isWanted()) {
      const write = ({ part, facts }: KeptPart): Promise<void> =>
        segmenter.write(part, facts).catch((error: unknown) => {
          this.dropped++;
          throw error;
        });
      if (this.state !== "recording")
        for await (const before of this.#preRoll.take(this.#beforeMs)) await write(before);
      await write(kept);
      this.state = "recording";
      this.#tellOf(true);
      return true;
    }
    this.#tellOf(false);
    if (this.state === "recording") segmenter.pause();
    this.state = "standby";
    await this.#preRoll.add(kept);
    return standby === "stay" || this.#untilMs === 0;
  }

  /** Tells consumers whether it records, where that has changed. */
  #tellOf(records: boolean): void {
    if (records === this.#isBegun) return;
    this.#isBegun = records;
    if (records) this.#begun++;
    const { streamPath } = this.options;
    const reason = this.reason && { error: this.reason.code, message: this.reason.message };
    const data = { job: this.id, streamPath, time: formatTime(this.#parts.clock()), ...(records ? {} : { reason }) };
    void this.#parts.tell(records ? "record_start" : "record_end", `${this.id}.${String(this.#begun)}`, data);
  }

  /** Whether what comes now is to be recorded. */
  #isWanted(): boolean {
    return this.options.standby === undefined || this.#isAsked || this.#parts.clock() < this.#untilMs;
  }

  /** Whether it is recorded until `recordNoLonger`, whatever events say. */
  get isAsked(): boolean {
    return this.options.standby === undefined || this.#isAsked;
  }

  /** Records a source that is watched from now on, until `recordNoLonger`. */
  record(): void {
    this.#isAsked = true;
    this.#beforeMs = 0;
  }

  /**
   * Records a source that is watched: what came in the last `beforeMs` milliseconds, and what comes until a moment, or until a
   * later one that was said before.
   */
  recordUntil(untilMs: number, beforeMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, untilMs);
    this.#beforeMs = beforeMs;
  }

  /** Until when a source that is watched is recorded for events, milliseconds since 1970. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Records a source that is watched for events until a moment at most. */
  recordAtMost(untilMs: number): void {
    this.#untilMs = Math.min(this.#untilMs, untilMs);
  }

  /** Ends recording a source that is watched; watching goes on. */
  recordNoLonger(): void {
    this.#isAsked = false;
    this.recordAtMost(this.#parts.clock());
  }

  #segmenterParts(): ConstructorParameters<typeof Segmenter>[0] {
    return {
      ...this.#parts,
      create: (startMs) => this.#segments.create(startMs),
      close: (segment) => {
        this.#segments.keep(segment);
      },
      grown: (segment) => {
        this.#segments.show(segment);
      },
    };
  }
}

function noPart(ms: number): BoxcarError {
  const message = `No part of the stream became whole in ${String(ms / 1000)} seconds. Send faster, or in shorter fragments.`;
  return new BoxcarError("source_silent", message);
}

function noMedia(): BoxcarError {
  return new BoxcarError("no_media", "The stream ended before anything of it could be recorded.");
}
