import { lengthOf, NO_BYTES } from "../../base/bytes.ts";
import { BoxcarError } from "../../base/errors.ts";
import { LiveBoxes, type Core } from "../../core/index.ts";
import { AccessUnits, NAL_TYPES, type AccessUnit, type NalTypes, type NalUnit } from "./access-units.ts";
import { DecodeTimes } from "./decode-times.ts";
import { HeldBytes } from "./held-bytes.ts";
import { HandOver } from "./hand-over.ts";
import type { Medium } from "./sdp.ts";
import type { RtpPacket } from "./rtp.ts";
import type { TimedSample } from "./timed-sample.ts";
import type { TrackClock } from "./track-clock.ts";

/** Types of NAL units of one codec. */
interface Types {
  readonly name: "avc1" | "hvc1";
  /** Of parameter sets, in the order in which they depend on each other. */
  readonly sets: readonly number[];
  readonly sprops: readonly string[];
  readonly isSync: (type: number) => boolean;
  /** Of pictures that refer to what precedes the sync sample that they follow, and are presented before it. */
  readonly isSkipped: (type: number) => boolean;
}

const TYPES: Readonly<Record<"h264" | "h265", Types>> = {
  // ITU-T H.264 table 7-1
  h264: {
    ...{ name: "avc1", sets: [7, 8], sprops: ["sprop-parameter-sets"] },
    isSync: (type) => type === 5,
    isSkipped: () => false,
  },
  // ITU-T H.265 table 7-1: pictures of random access, and RASL
  h265: {
    ...{ name: "hvc1", sets: [32, 33, 34], sprops: ["sprop-vps", "sprop-sps", "sprop-pps"] },
    isSync: (type) => type >= 16 && type <= 21,
    isSkipped: (type) => type === 8 || type === 9,
  },
};

/** Bytes of the length before a unit. */
const PREFIX = 4;

/** Pictures that may come before a sync sample: half a minute of the fastest cameras. */
const MOST_UNUSED = 3600;

/** Makes samples of the packets of a video stream. Its parameter sets go into the sample entry, and samples have none. */
export class VideoTrack {
  readonly #boxes: LiveBoxes;
  readonly #types: Types & NalTypes;
  readonly #clock: TrackClock;
  readonly #units: AccessUnits;
  /** Parameter sets, by type: as they are in the entry, and as they came last. */
  #used = new Map<number, readonly Uint8Array[]>();
  #newest = new Map<number, readonly Uint8Array[]>();
  #times: DecodeTimes | undefined;
  /** Samples whose decode time is not known yet, and their bytes. */
  #waiting: TimedSample[] = [];
  readonly #held = new HeldBytes();
  #unused = 0;
  #isFirst = true;
  #lastDts = Number.NEGATIVE_INFINITY;

  constructor(core: Core, medium: Medium & { codec: "h264" | "h265" }, clock: TrackClock) {
    this.#boxes = new LiveBoxes(core);
    this.#types = { ...TYPES[medium.codec], ...NAL_TYPES[medium.codec] };
    this.#clock = clock;
    this.#units = new AccessUnits(medium.codec);
    const sets = this.#types.sprops
      .flatMap((name) => (medium.parameters.get(name) ?? "").split(","))
      .map((base64) => Buffer.from(base64, "base64"))
      .filter(({ length }) => length > 2)
      .map((bytes) => ({ type: this.#types.typeOf(bytes[0] ?? 0), chunks: [bytes] }));
    this.#takeSets(sets);
  }

  /**
   * The samples that are known by the next packet; their bytes are valid until the one after it.
   * @throws as `AccessUnits.push` does, and HandOver when there is no sync sample
   */
  push(packet: RtpPacket, isAfterLoss: boolean): TimedSample[] {
    const unit = this.#units.push(packet, isAfterLoss);
    return unit === undefined ? [] : this.#take(unit);
  }

  /** The samples that are left. */
  end(): TimedSample[] {
    const unit = this.#units.end();
    return [...(unit === undefined ? [] : this.#take(unit)), ...this.#timed(this.#times?.end() ?? [])];
  }

  #take({ timestamp, units }: AccessUnit): TimedSample[] {
    const { sets, isPicture, isSync, isSkipped } = this.#types;
    this.#takeSets(units);
    if (!units.some(({ type }) => isPicture(type))) return [];
    const sync = units.some(({ type }) => isSync(type));
    const before = sync && this.#newest.size > 0 ? this.#begin() : undefined;
    if (this.#times === undefined) {
      if (++this.#unused > MOST_UNUSED) throw new HandOver("no sync sample comes");
      return [];
    }
    const pts = this.#clock.timestamps.extend(timestamp);
    if (this.#isFirst && !sync && units.some(({ type }) => isSkipped(type))) return [];
    this.#isFirst &&= sync;
    const bytes = this.#hold(units.filter(({ type }) => !sets.includes(type)));
    const entry = before?.entry;
    this.#waiting.push({ pts, dts: pts, duration: 0, isSync: sync, data: NO_BYTES, bytes, entry });
    const timed = this.#timed(this.#times.push(pts));
    return before === undefined ? timed : [...before.samples, ...timed];
  }

  /** Parameter sets replace those of their type, unless all of them are there. */
  #takeSets(units: readonly NalUnit[]): void {
    if (!units.some(({ type }) => this.#types.sets.includes(type))) return;
    for (const type of this.#types.sets) {
      const came = units
        .filter((unit) => unit.type === type)
        .map(({ chunks }) => new Uint8Array(Buffer.concat(chunks)));
      const known = this.#newest.get(type) ?? this.#used.get(type) ?? [];
      if (came.every((set) => known.some((one) => Buffer.compare(one, set) === 0))) continue;
      if (this.#newest.size === 0) this.#newest = new Map(this.#used);
      this.#newest.set(type, came);
    }
  }

  /** Goes on with the newest parameter sets. Returns the entry, and what came before it. */
  #begin(): { samples: TimedSample[]; entry: Uint8Array } | undefined {
    const { name, sets } = this.#types;
    if (sets.some((type) => !this.#newest.has(type))) return undefined;
    try {
      const { entry, reorder } = this.#boxes.videoEntry(name, [...this.#newest.values()].flat());
      const samples = this.#timed(this.#times?.end() ?? []);
      for (const sample of samples) sample.data = sample.data.slice(); // another is held before they are read
      this.#used = this.#newest;
      this.#newest = new Map();
      this.#times = new DecodeTimes(reorder, this.#lastDts);
      return { samples, entry };
    } catch (error) {
      if (error instanceof BoxcarError) throw new HandOver("its parameter sets cannot be read");
      throw error;
    }
  }

  #timed(times: readonly number[]): TimedSample[] {
    this.#lastDts = times.at(-1) ?? this.#lastDts;
    const samples = this.#waiting.splice(0, times.length);
    for (const [i, sample] of samples.entries()) {
      sample.dts = times[i] ?? 0;
      sample.data = this.#held.take(sample.bytes);
    }
    return samples;
  }

  /** Holds a sample: units, each behind its length. Returns its bytes. */
  #hold(units: readonly NalUnit[]): number {
    let bytes = 0;
    for (const { chunks } of units) {
      const length = lengthOf(chunks);
      this.#held.add([length >>> 24, length >>> 16, length >>> 8, length]);
      for (const chunk of chunks) this.#held.add(chunk);
      bytes += PREFIX + length;
    }
    return bytes;
  }
}
