import type { StreamRow } from "./api.ts";
import { serverRecording } from "./recording.ts";

/** What the page opens first goes before, milliseconds. */
const LATER_MS = 500;
/** A picture stays until its stream is so much longer, milliseconds. */
const KEPT_MS = 60_000;
/** Streams that have one. */
const MOST_SHOWN = 40;
/** Pixels. */
const WIDTH = 144;

/** The last picture of each stream. */
export class LastPictures {
  readonly #changed: () => void;
  readonly #known = new Map<string, { readonly endMs: number; readonly url: string | undefined }>();
  #round = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The URL of the last picture of a stream, once it is there. */
  of(streamPath: string): string | undefined {
    return this.#known.get(streamPath)?.url;
  }

  /** Brings the pictures of some streams up to date, one after the other. */
  async show(rows: readonly StreamRow[]): Promise<void> {
    const round = ++this.#round;
    await new Promise((resolve) => setTimeout(resolve, LATER_MS));
    for (const row of rows.slice(0, MOST_SHOWN)) {
      const { streamPath, endMs } = row;
      const known = this.#known.get(streamPath);
      if (known !== undefined && Math.abs(endMs - known.endMs) < KEPT_MS) continue;
      const picture = await serverRecording(row)
        .picture(endMs - 1, WIDTH)
        .catch(() => undefined); // there may be sound alone
      if (round !== this.#round) return;
      URL.revokeObjectURL(known?.url ?? "");
      this.#known.set(streamPath, { endMs, url: picture && URL.createObjectURL(picture) });
      this.#changed();
    }
  }
}
