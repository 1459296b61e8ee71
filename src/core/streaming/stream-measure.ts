import { millisecondsOf } from "../ticks.ts";
import type { StreamedRecording } from "./streamed-recording.ts";
import type { StreamedSegment, StreamSink } from "./streamed.ts";

/** Bytes of the boxes of a movie fragment of one track, and of a sample in them, at most. */
const [FRAGMENT_BOXES, SAMPLE_BOXES] = [120, 16];
/** Sound is known by its mean alone: single media segments have up to this many times as much. */
const SOUND_VARIES = 1.1;
/** The peak of a rate is that of media segments of at least this part of their usual length (RFC 8216 section 4.3.4.2). */
const SHORT = 0.5;

/** Bit rate of a rendition. */
class Rate {
  #peak = 0;
  #bits = 0;
  #ms = 0;

  add(bytes: number, ms: number, isPeak: boolean): void {
    this.#bits += bytes * 8;
    this.#ms += ms;
    if (isPeak) this.#peak = Math.max(this.#peak, Math.ceil((bytes * 8000) / ms));
  }

  /** Bits a second of the media segment that has most. */
  get peak(): number {
    return Math.max(this.#peak, this.average, 1);
  }

  /** Bits a second of all media segments. */
  get average(): number {
    return Math.ceil((this.#bits * 1000) / Math.max(1, this.#ms));
  }
}

/** Measures the media segments of a range for a multivariant playlist or a manifest. */
export class StreamMeasure implements StreamSink {
  readonly #usualMs: number;
  /** RFC 6381 codecs of the first recording with such a track; undefined without any. */
  videoCodec: string | undefined;
  audioCodec: string | undefined;
  /** Size of the largest picture, pixels as they are shown. */
  width = 0;
  height = 0;
  /** Highest frame rate, pictures a second. */
  frameRate = 0;
  /** Whether each media segment can be decoded by itself. */
  independent = true;
  readonly both = new Rate();
  readonly picture = new Rate();
  readonly sound = new Rate();
  /** The I-frame rendition: sync samples alone. */
  readonly syncs = new Rate();
  #recording: StreamedRecording | undefined;
  #isPictured = false;
  /** Bytes of sound a millisecond, with its boxes. */
  #soundRate = 0;
  /** Bytes of sound that a media segment may have on top: sound comes in whole packets. */
  #soundPacket = 0;
  /** Movie fragments a millisecond. */
  #fragmentRate = 0;

  /** @param usualMs about how long a media segment lasts */
  constructor(usualMs: number) {
    this.#usualMs = usualMs;
  }

  begin(): void {
    // Stretches are not measured, media segments are.
  }

  add({ recording, first, end, durationMs, bytes, firstBytes, sync }: StreamedSegment): void {
    this.independent &&= sync;
    if (this.#recording !== recording) this.#take(recording);
    const isPeak = durationMs >= this.#usualMs * SHORT;
    const boxes = FRAGMENT_BOXES * Math.ceil(1 + this.#fragmentRate * durationMs);
    const sound = this.#soundRate === 0 ? 0 : boxes + this.#soundPacket + this.#soundRate * durationMs;
    const picture = this.#isPictured ? boxes + bytes + (end - first) * SAMPLE_BOXES : 0;
    this.both.add(picture + sound, durationMs, isPeak);
    this.picture.add(picture, durationMs, isPeak);
    this.sound.add(sound, durationMs, isPeak);
    this.syncs.add(firstBytes + FRAGMENT_BOXES, durationMs, isPeak);
  }

  #take(recording: StreamedRecording): void {
    this.#recording = recording;
    const { picture, sound, fragments, durationMs } = recording;
    this.#isPictured = picture !== undefined;
    this.#soundRate = 0;
    this.#fragmentRate = fragments / Math.max(1, durationMs);
    if (sound !== undefined) {
      this.audioCodec ??= sound.codec;
      const ms = millisecondsOf(sound.duration, sound.timescale);
      this.#soundRate = (sound.bytes * SOUND_VARIES + sound.samples * SAMPLE_BOXES) / Math.max(1, ms);
      this.#soundPacket = sound.bytes / sound.samples;
    }
    if (picture === undefined) return;
    const { codec, width, height, usual, timescale } = picture;
    this.videoCodec ??= codec;
    if (width * height > this.width * this.height) [this.width, this.height] = [Math.round(width), Math.round(height)];
    const lasts = millisecondsOf(usual, timescale);
    if (lasts > 0) this.frameRate = Math.max(this.frameRate, 1000 / lasts);
  }
}
