import { StreamIndexer } from "../core/index.ts";
import { statusOf } from "../base/error-codes.ts";
import { BoxcarError } from "../base/errors.ts";
import { keepSegment, setAside } from "./keep-segment.ts";
import { Recording, type Connect, type RecordingOptions, type RecordParts } from "./recording.ts";
import type { SpoolFile } from "./spool.ts";

/** Recordings that have ended and are still listed. */
const MOST_ENDED = 100;

/** How a stream is to be recorded. */
export interface RecordSettings {
  /** Milliseconds that a segment should last. */
  readonly fragmentMs: number;
  /** Folder below `segments/` for the keys of its objects; empty: none. */
  readonly folder: string;
  readonly reconnects: RecordingOptions["reconnects"];
  readonly standby?: RecordingOptions["standby"];
  readonly fence?: RecordingOptions["fence"];
  readonly hold?: RecordingOptions["hold"];
}

/** All recordings of this process. */
export class Recorder {
  readonly #parts: RecordParts;
  readonly #silenceMs: number;
  readonly #running = new Map<string, Recording>();
  readonly #ended: Recording[] = [];
  readonly #runs = new Set<Promise<void>>();
  readonly #givingUp = new AbortController();
  #closing = false;
  readonly #recovering = new Set<Promise<unknown>>();

  /** @param silenceMs milliseconds without a byte after which a source counts as lost */
  constructor(parts: RecordParts, silenceMs: number) {
    this.#parts = parts;
    this.#silenceMs = silenceMs;
  }

  /** Recordings that run, then those that have ended, newest first. */
  get recordings(): readonly Recording[] {
    return [...this.#running.values(), ...this.#ended];
  }

  /** The recording of a stream that runs. */
  running(streamPath: string): Recording | undefined {
    return this.#running.get(streamPath);
  }

  /**
   * How long the spool has room for what is recorded now, seconds, if the store takes nothing.
   * @returns undefined when nothing is recorded
   */
  async secondsOfSpool(): Promise<number | undefined> {
    const room = await this.#parts.spool.room();
    const bits = [...this.#running.values()].reduce(
      (sum, { state, flow }) => sum + (state === "recording" ? flow.bitrate : 0),
      0,
    );
    return room === undefined || bits === 0 ? undefined : (8 * room) / bits;
  }

  /**
   * Begins to record a stream.
   * @throws BoxcarError `already_recording` (409), `stopping` (503)
   */
  start(streamPath: string, connect: Connect, settings: RecordSettings): Recording {
    const running = this.#running.get(streamPath);
    if (running !== undefined) {
      const message = `${streamPath} is being recorded by job ${running.id}. Stop it first: POST /mp4/api/stop/${streamPath}.`;
      throw new BoxcarError("already_recording", message, { streamPath, job: running.id });
    }
    if (this.#closing) {
      throw new BoxcarError("stopping", "The server is stopping. Connect again when it is back.");
    }
    const options = { ...settings, streamPath, connect, silenceMs: this.#silenceMs };
    const recording = new Recording(this.#parts, jobId(this.#parts.randomId()), options, this.#givingUp.signal);
    this.#running.set(streamPath, recording);
    const run = this.#run(recording).finally(() => this.#runs.delete(run));
    recording.done = run;
    this.#runs.add(run);
    return recording;
  }

  async #run(recording: Recording): Promise<void> {
    recording.over = recording.run();
    await recording.over;
    const { streamPath } = recording.options;
    this.#running.delete(streamPath);
    this.#parts.catalog.growing.grew(streamPath);
    this.#ended.unshift(recording);
    this.#ended.length = Math.min(this.#ended.length, MOST_ENDED);
    await recording.kept();
  }

  /** Brings what processes that are gone have left in the spool into the store. */
  async recover(): Promise<void> {
    for await (const file of this.#parts.spool.leftovers()) {
      const work = this.#recoverFile(file)
        .catch((error: unknown) => {
          const { streamPath, key } = file.entry;
          this.#parts.log("error", "what was recorded before a crash stays in the spool", {
            ...{ streamPath, key, error: error instanceof Error ? error.message : String(error) },
          });
        })
        .finally(() => this.#recovering.delete(work));
      this.#recovering.add(work);
    }
  }

  async #recoverFile(file: SpoolFile): Promise<void> {
    // Whoever held its stream is gone: nobody has to wait until that shows.
    if (file.entry.fence !== undefined) await this.#parts.catalog.leases.free(file.entry.fence).catch(() => undefined);
    const indexer = new StreamIndexer(this.#parts.core);
    for await (const chunk of file.read({ offset: 0, length: file.size })) indexer.push(chunk);
    const indexed = await indexer.endAside().catch(async (error: unknown) => {
      if (!(error instanceof BoxcarError && statusOf(error) === 422)) throw error;
      await setAside(this.#parts, file, error);
    });
    if (indexed === undefined) return;
    const kept = await keepSegment(this.#parts, file, indexed, this.#givingUp.signal);
    const { streamPath } = file.entry;
    if (kept !== undefined)
      this.#parts.log("info", "recovered a segment", { streamPath, id: kept.id, size: kept.size });
  }

  /** Ends all recordings. What the store does not take within the time stays in the spool for the next start. */
  async close(withinMs: number): Promise<void> {
    this.#closing = true;
    for (const recording of this.#running.values()) recording.stop();
    const timer = setTimeout(() => {
      this.#givingUp.abort();
    }, withinMs);
    await Promise.all([...this.#runs, ...this.#recovering]);
    clearTimeout(timer);
    this.#givingUp.abort();
  }
}

/** An opaque number as clients of other servers expect it: digits, at most 64 bits. */
function jobId(random: string): string {
  return BigInt(`0x${random.replace(/[^0-9a-f]/gi, "").slice(0, 15)}`).toString();
}
