import { concatenated, NO_BYTES } from "../../base/bytes.ts";
import { LiveBoxes, type Core, type LiveTrack } from "../../core/index.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { TimedSample } from "./timed-sample.ts";

/** How long a part lasts that no sync sample ends, seconds. */
const PART_SECONDS = 0.5;
/** Bytes and samples after which a part ends in any case. */
const MOST_BYTES = 8 << 20;
const MOST_SAMPLES = 2000;
/** A distance between two samples that is a hole, when it is so much longer than the one before, seconds and times. */
const HOLE_SECONDS = 1;
const HOLE_TIMES = 4;

/** Samples of one track that are in no part yet, in ticks of its own from the start of the stream. */
class Pending {
  readonly track: LiveTrack;
  samples: TimedSample[] = [];
  bytes = 0;
  readonly #data = new HeldBytes();
  /** Ticks of a sample. */
  #usual = 0;

  constructor(track: LiveTrack) {
    this.track = track;
  }

  /** Adds the next sample. Returns whether there is a hole before it, for which the sample before is not made longer when `splits`. */
  add(sample: TimedSample, splits: boolean): boolean {
    const last = this.samples.at(-1);
    this.#data.add(sample.data);
    sample.data = NO_BYTES;
    this.bytes += sample.bytes;
    sample.duration = this.#usual;
    this.samples.push(sample);
    if (last === undefined) return false;
    const ticks = sample.dts - last.dts;
    const isHole = this.#usual > 0 && ticks > Math.max(HOLE_SECONDS * this.track.timescale, HOLE_TIMES * this.#usual);
    if (!isHole || !splits) last.duration = ticks;
    if (!isHole) this.#usual = ticks;
    return isHole;
  }

  /** Takes out all samples but the last `left` ones. Their bytes are valid until the next sample is added. */
  take(left: number): { samples: TimedSample[]; data: Uint8Array } {
    const samples = this.samples.splice(0, Math.max(0, this.samples.length - left));
    const bytes = samples.reduce((sum, sample) => sum + sample.bytes, 0);
    this.bytes -= bytes;
    return { samples, data: this.#data.take(bytes) };
  }
}

/** Says when ticks of a track were captured, milliseconds since 1970; undefined when nobody knows. */
export type Captured = (ticks: number) => number | undefined;

/** Makes fragmented MP4 of samples: a part begins with each sync sample, and half a second after the one before. */
export class Parts {
  readonly #boxes: LiveBoxes;
  readonly #captured: Captured;
  readonly #pending: readonly Pending[];
  #sequence = 0;

  /** @param tracks the first one is the one that parts go by; @param captured of its ticks */
  constructor(core: Core, tracks: readonly LiveTrack[], captured: Captured) {
    this.#boxes = new LiveBoxes(core);
    this.#captured = captured;
    this.#pending = tracks.map((track) => new Pending(track));
  }

  /** `ftyp` and `moov`. */
  header(): Uint8Array {
    return this.#boxes.header(this.#pending.map(({ track }) => track));
  }

  /** Takes the next sample of the track with an id. Returns the part that it ends. */
  add(id: number, sample: TimedSample): Uint8Array | undefined {
    const [first] = this.#pending;
    const pending = this.#pending.find(({ track }) => track.id === id);
    if (pending === undefined) return undefined;
    const leads = pending === first;
    const isHole = pending.add(sample, leads);
    if (!leads) return undefined;
    const { samples, track, bytes } = pending;
    const lasts = sample.dts - (samples[0]?.dts ?? 0);
    const isLong = lasts >= PART_SECONDS * track.timescale || bytes > MOST_BYTES || samples.length > MOST_SAMPLES;
    if (samples.length < 2 || !(isHole || isLong || (track.kind === "video" && sample.isSync))) return undefined;
    return this.#cut(1);
  }

  /** The part of what is left. */
  end(): Uint8Array | undefined {
    return this.#cut(0);
  }

  /** Ends the part at hand. @param left newest samples of each track that stay */
  #cut(left: number): Uint8Array | undefined {
    const taken = this.#pending.map((pending) => ({ track: pending.track, ...pending.take(left) }));
    const runs = taken.filter(({ samples }) => samples.length > 0);
    const [first] = runs;
    if (first === undefined) return undefined;
    const head = this.#boxes.fragment(runs, ++this.#sequence);
    return concatenated([...this.#prft(first), head, ...runs.map(({ data }) => data)]);
  }

  #prft({ track, samples }: { track: LiveTrack; samples: readonly TimedSample[] }): Uint8Array[] {
    const mediaTime = samples[0]?.pts;
    if (track !== this.#pending[0]?.track || mediaTime === undefined) return [];
    const wallMs = this.#captured(mediaTime);
    if (wallMs === undefined || wallMs < 0) return [];
    return [this.#boxes.producerTime({ trackId: track.id, wallUs: Math.round(wallMs * 1000), mediaTime })];
  }
}
