import { concatenated } from "../../base/bytes.ts";
import { Code } from "./abi/names.ts";
import {
  LIVE_RUN_SIZE,
  LIVE_SAMPLE_SIZE,
  LIVE_TRACK_SIZE,
  readProducerTime,
  writeLiveRun,
  writeLiveSample,
  writeLiveTrack,
  type ProducerTime,
} from "./abi/records.ts";
import { bytesAt, call, put, putRecords } from "./call.ts";
import type { Core } from "./module.ts";

/** What the module says of a number that a parameter set does not tell. */
const UNTOLD = 0xffff_ffff;

/** A sample entry of video (ISO/IEC 14496-12 clause 12.1.3), and what its parameter sets tell of decode times. */
export interface VideoEntry {
  readonly entry: Uint8Array;
  /** How many pictures may precede one in decoding and follow it in output; undefined: not told. */
  readonly reorder: number | undefined;
}

/** A sample entry of AAC, with the samples of a frame and in a second. */
export interface AacEntry {
  readonly entry: Uint8Array;
  readonly frame: number;
  readonly rate: number;
}

/** One track of a stream that is written as it comes. */
export interface LiveTrack {
  /** Track id, from 1. */
  readonly id: number;
  readonly kind: "video" | "sound";
  /** Ticks a second. */
  readonly timescale: number;
  readonly entry: Uint8Array;
}

/** One sample of a movie fragment, in ticks of its track. */
export interface LiveSample {
  readonly dts: number;
  readonly pts: number;
  readonly duration: number;
  readonly bytes: number;
  readonly isSync: boolean;
}

/** Samples of one track that follow one another. */
export interface LiveRun {
  readonly track: LiveTrack;
  readonly samples: readonly LiveSample[];
}

/** The calls that read and write a stream as it comes: apart from `Core`, since only recorders need them. */
export class LiveBoxes {
  readonly #core: Pick<Core, "enter">;

  constructor(core: Pick<Core, "enter">) {
    this.#core = core;
  }

  /**
   * The sample entry of NAL units that are parameter sets.
   * @throws BoxcarError `bad_description` when one is missing or damaged
   */
  videoEntry(type: "avc1" | "hvc1", sets: readonly Uint8Array[]): VideoEntry {
    const wasm = this.#core.enter();
    const bytes = concatenated(sets.flatMap((set) => [lengthOf(set), set]));
    const result = call(wasm, wasm.videoEntry(put(wasm, bytes), bytes.length, Code[type]));
    const reorder = result.count === UNTOLD ? undefined : result.count;
    return { entry: bytesAt(wasm, result.pointer, result.length), reorder };
  }

  /** The sample entry of an AudioSpecificConfig. @throws BoxcarError `bad_description` */
  aacEntry(config: Uint8Array): AacEntry {
    const wasm = this.#core.enter();
    const { pointer, length, count, total } = call(wasm, wasm.aacEntry(put(wasm, config), config.length));
    return { entry: bytesAt(wasm, pointer, length), frame: count, rate: total };
  }

  /** `ftyp` and `moov`. */
  header(tracks: readonly LiveTrack[]): Uint8Array {
    const wasm = this.#core.enter();
    const records = tracks.map(({ id, kind, timescale, entry }) => ({
      ...{ id, timescale, handler: kind === "video" ? Code.vide : Code.soun },
      ...{ entry: put(wasm, entry), entryLength: entry.length },
    }));
    const pointer = putRecords(wasm, LIVE_TRACK_SIZE, writeLiveTrack, records);
    const result = call(wasm, wasm.liveMovie(pointer, records.length));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** `moof` and the header of `mdat`, in which the samples of each run lie one behind the other. @param sequence from 1 */
  fragment(runs: readonly LiveRun[], sequence: number): Uint8Array {
    const wasm = this.#core.enter();
    const records = runs.map(({ track, samples }) => ({
      ...{ dts: samples[0]?.dts ?? 0, trackId: track.id },
      ...{ samples: samples.length, allSync: track.kind === "sound" ? 1 : 0 },
    }));
    const samples = runs.flatMap((run) =>
      run.samples.map(({ dts, pts, duration, bytes, isSync }) => ({
        duration,
        bytes,
        compositionOffset: pts - dts,
        sync: isSync ? 1 : 0,
      })),
    );
    const pointer = putRecords(wasm, LIVE_RUN_SIZE, writeLiveRun, records);
    const media = putRecords(wasm, LIVE_SAMPLE_SIZE, writeLiveSample, samples);
    const result = call(wasm, wasm.liveFragment(pointer, records.length, media, sequence));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** A `moof` as it has to be written when it moves, with the media behind it, from one offset of a file to another. */
  moveFragment(moof: Uint8Array, from: number, to: number): Uint8Array {
    const wasm = this.#core.enter();
    const result = call(wasm, wasm.moveFragment(put(wasm, moof), moof.byteLength, from, to));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /**
   * A `moov` whose sample entry of a track has the parameter sets that stand in a sample; undefined when it has all of them already.
   * @param sample its first bytes
   */
  renewedMovie(moov: Uint8Array, trackId: number, sample: Uint8Array): Uint8Array | undefined {
    const wasm = this.#core.enter();
    const [movie, first] = [put(wasm, moov), put(wasm, sample)];
    const result = call(wasm, wasm.renewedMovie(movie, moov.length, trackId, first, sample.length));
    return result.length === 0 ? undefined : bytesAt(wasm, result.pointer, result.length);
  }

  /** `prft`: when media of a track was captured (ISO/IEC 14496-12 clause 8.16.5). */
  producerTime({ trackId, wallUs, mediaTime }: ProducerTime): Uint8Array {
    const wasm = this.#core.enter();
    const result = call(wasm, wasm.producerTime(trackId, wallUs, mediaTime));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** What a `prft` says of the time of capture; undefined when it states another one. @throws BoxcarError of status.ts */
  readProducerTime(box: Uint8Array): ProducerTime | undefined {
    const wasm = this.#core.enter();
    const result = call(wasm, wasm.readProducerTime(put(wasm, box), box.length));
    return result.length === 0 ? undefined : readProducerTime(new DataView(wasm.memory.buffer), result.pointer);
  }
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}
