import type { PartFacts } from "../core/index.ts";

/** How much media rates are told of, milliseconds. */
const WINDOW_MS = 10_000;

interface Arrived {
  /** Of media, milliseconds. */
  readonly ms: number;
  readonly bytes: number;
  readonly frames: number;
}

/** How much of a stream comes, over the last ten seconds of its media. */
export class Flow {
  readonly #parts: Arrived[] = [];
  #ms = 0;
  /** Where the reference track has come to. */
  #endMs = Number.NEGATIVE_INFINITY;

  /** Takes note of a part. @param bytes of all its tracks */
  add({ isVideo, track, startMs, endMs }: PartFacts, bytes: number): void {
    // Under video, a part without any is sound that goes on beside it.
    const isReference = isVideo || !this.#parts.some(({ frames }) => frames > 0);
    // Pictures that are reordered have parts overlap.
    const ms = isReference ? endMs - (this.#endMs > startMs && this.#endMs < endMs ? this.#endMs : startMs) : 0;
    if (isReference) this.#endMs = endMs;
    this.#parts.push({ ms, bytes, frames: isVideo ? track.samples : 0 });
    this.#ms += ms;
    for (let [first] = this.#parts; first !== undefined && this.#ms - first.ms >= WINDOW_MS; [first] = this.#parts) {
      this.#ms -= first.ms;
      this.#parts.shift();
    }
  }

  /** Bits a second. */
  get bitrate(): number {
    return this.#rate((part) => 8 * part.bytes);
  }

  /** Pictures a second. */
  get frameRate(): number {
    return this.#rate(({ frames }) => frames);
  }

  #rate(of: (part: Arrived) => number): number {
    return this.#ms > 0 ? (this.#parts.reduce((sum, part) => sum + of(part), 0) / this.#ms) * 1000 : 0;
  }
}
