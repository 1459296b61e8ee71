/** Pictures that are looked at when nothing tells how they are reordered, and the time that they span then, ticks of 90 kHz. */
const PROBED = 12;
const PROBED_TICKS = 90_000;
const FEWEST = 4;

/**
 * Finds decode times, which RTP does not tell: pictures come in the order of decoding with the times of their presentation. When at most so
 * many pictures precede one in decoding and follow it in output, the n-th is decoded when the picture so many places before it, in
 * the order of output, is presented: none is decoded after its presentation, and the distances are those of the pictures.
 */
export class DecodeTimes {
  #reorder: number | undefined;
  /** Presentation times of pictures without a decode time, as long as none has one. */
  #first: number[] = [];
  /** Presentation times that are no decode times yet, sorted. */
  #window: number[] | undefined;
  #last: number;

  /**
   * @param reorder how many pictures may precede one in decoding and follow it in output; undefined: as the first pictures show
   * @param last decode time of what comes before
   */
  constructor(reorder: number | undefined, last = Number.NEGATIVE_INFINITY) {
    this.#reorder = reorder;
    this.#last = last;
  }

  /** The decode times that are known by now, in the order of decoding: each of them is told once. @param pts of the next picture */
  push(pts: number): number[] {
    if (this.#window !== undefined) return [this.#next(this.#window, pts)];
    this.#first.push(pts);
    return this.#isEnough() ? this.end() : [];
  }

  /** The decode times of the pictures that still have none. */
  end(): number[] {
    const first = this.#first;
    if (this.#window !== undefined || first.length === 0) return [];
    const reorder = (this.#reorder ??= reorderOf(first));
    const sorted = first.toSorted((a, b) => a - b);
    const gaps = sorted.slice(1).map((pts, i) => pts - (sorted[i] ?? 0));
    const gap = Math.max(1, Math.min(...gaps.filter((ticks) => ticks > 0), PROBED_TICKS));
    // Before the first picture are times of pictures that there are not.
    this.#window = Array.from({ length: reorder }, (_, i) => (sorted[0] ?? 0) - (reorder - i) * gap);
    this.#first = [];
    return first.map((pts) => this.#next(this.#window ?? [], pts));
  }

  #isEnough(): boolean {
    const { length } = this.#first;
    if (this.#reorder !== undefined) return length > 2 * this.#reorder;
    return (
      length >= PROBED || (length >= FEWEST && Math.max(...this.#first) - Math.min(...this.#first) >= PROBED_TICKS)
    );
  }

  #next(window: number[], pts: number): number {
    let at = window.length;
    while (at > 0 && (window[at - 1] ?? 0) > pts) at--;
    window.splice(at, 0, pts);
    this.#last = Math.max(this.#last + 1, window.shift() ?? pts);
    return this.#last;
  }
}

/** How many of the pictures before one are presented after it, at most. */
function reorderOf(times: readonly number[]): number {
  return Math.max(...times.map((pts, i) => times.slice(0, i).filter((before) => before > pts).length));
}
