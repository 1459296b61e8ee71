import type { PieceTrack } from "./piece.ts";

/**
 * The entries of `stts` (ISO/IEC 14496-12 clause 8.6.1.2) of a track all of whose pieces are uniform, equal neighbours
 * joined: readers such as ffmpeg take sound whose samples are all alike as a whole, and are slow where it is split.
 */
export class DurationRuns {
  #runs = 0;
  #duration: number | undefined;
  #last: PieceTrack | undefined;

  /** Adds the track of a piece. The last sample of the piece before has its final duration by then. */
  add(track: PieceTrack): void {
    if (this.#last !== undefined) this.put(this.#last.lastDuration);
    if (track.count > 1) this.put(stepOf(track));
    this.#last = track;
  }

  /** A copy, which goes on by itself. */
  copy(): DurationRuns {
    const copy = new DurationRuns();
    [copy.#runs, copy.#duration, copy.#last] = [this.#runs, this.#duration, this.#last];
    return copy;
  }

  /** Ends with the last sample of a piece's track, whose other samples were put. */
  endWith(track: PieceTrack): void {
    this.#last = track;
  }

  /** Entries so far. */
  get entries(): number {
    if (this.#last === undefined) return 0;
    return this.#runs + (this.#last.lastDuration === this.#duration ? 0 : 1);
  }

  /** Goes on with samples of one duration, ticks. */
  put(duration: number): void {
    if (duration !== this.#duration) this.change(1, duration);
  }

  /** Goes on with samples whose duration changes `times` times, to `duration` in the end, ticks. */
  change(times: number, duration: number): void {
    this.#runs += times;
    this.#duration = duration;
  }
}

/** Duration of each sample of a uniform track but the last one, ticks. */
function stepOf({ count, lasting }: PieceTrack): number {
  return lasting / (count - 1);
}

/** The entries themselves. */
export function durationEntries(tracks: Iterable<PieceTrack>): Uint8Array {
  const runs: [samples: number, duration: number][] = [];
  const put = (samples: number, duration: number): void => {
    const last = runs.at(-1);
    if (last?.[1] === duration) last[0] += samples;
    else if (samples > 0) runs.push([samples, duration]);
  };
  for (const track of tracks) {
    put(track.count - 1, stepOf(track));
    put(1, track.lastDuration);
  }
  const view = new DataView(new ArrayBuffer(runs.length * 8));
  runs.flat().forEach((value, i) => {
    view.setUint32(i * 4, value);
  });
  return new Uint8Array(view.buffer);
}
