import type { Store } from "../../base/ports.ts";
import type { Core } from "../wasm/module.ts";
import type { Silence } from "../wasm/records/output.ts";
import { type PieceTrack, NO_COUNTS, type IndexOf, type Piece } from "./piece.ts";
import type { OutputTrack } from "./output-track.ts";

/** Most samples of silence that one plan writes: a day of AAC, nine minutes of G.711. Longer holes stay. */
const MOST_SAMPLES = 4_500_000;
/** Bytes that are made at once, about. */
const CHUNK_BYTES = 64 << 10;
/** Bytes of the header of `mdat` in front of the samples. */
const MEDIA_AT = 16;

/** A silent sample, and the sample entry that describes it. */
interface Described {
  readonly entry: Uint8Array;
  readonly silence: Silence;
}

/** What `SilenceMaker` works with. */
export interface SilenceParts {
  readonly core: Core;
  readonly indexOf: IndexOf;
}

/** Makes the pieces of silent samples that fill holes in the sound of one output. */
export class SilenceMaker {
  readonly #parts: SilenceParts;
  /** By output track and sample description. */
  readonly #known = new Map<string, Described | undefined>();
  #left = MOST_SAMPLES;

  constructor(parts: SilenceParts) {
    this.#parts = parts;
  }

  /**
   * A piece of silence of at most `hole` ticks of `output` from `dts` on; undefined when none fits, or the codec has no known
   * silent sample.
   * @param base the sample description that it is to have
   * @throws BoxcarError `index_missing` (503)
   */
  async make(output: OutputTrack, base: number, dts: number, hole: number): Promise<Piece | undefined> {
    const found = await this.#silenceOf(output, base);
    if (found === undefined) return undefined;
    const { entry, silence } = found;
    const { sample, duration } = silence;
    const count = Math.floor(hole / duration);
    if (count < 1 || count > this.#left) return undefined;
    this.#left -= count;
    const { core } = this.#parts;
    const track: PieceTrack = {
      ...{ first: 0, count, dts, timescale: output.timescale, lastDuration: duration, ownDuration: duration },
      ...{ lasting: (count - 1) * duration, offsetShift: 0, descriptionBase: base, trackId: output.id, prefix: 0 },
      counts: NO_COUNTS,
    };
    const index = core.silentIndex(entry, output.timescale, { count, size: sample.length, duration });
    const { counts, bytes, fragments } = await core.ask(index, ["measure", [track]]);
    track.counts = counts[0] ?? NO_COUNTS;
    const made = { index, media: repeated(sample) };
    return { source: NOWHERE, tracks: [track], bytes, fragments, inline: new Uint8Array(0), made };
  }

  async #silenceOf(output: OutputTrack, base: number): Promise<Described | undefined> {
    const name = `${output.id} ${base}`;
    if (!this.#known.has(name)) this.#known.set(name, await this.#describe(output, base));
    return this.#known.get(name);
  }

  async #describe(output: OutputTrack, base: number): Promise<Described | undefined> {
    const found = output.descriptions.find((description) => description.base === base);
    if (found?.count !== 1) return undefined;
    const { source, offset, length } = found;
    const entry = (await this.#parts.indexOf(source)).slice(offset, offset + length);
    const silence = this.#parts.core.entries.silence(entry, output.timescale);
    return silence === undefined ? undefined : { entry, silence };
  }
}

/** The source of silence: no segment has its bytes. */
const NOWHERE = { id: 0, key: "", etag: "" };

/** The file of one sample over and over that a silent index describes, as a store has it. */
function repeated(sample: Uint8Array): Pick<Store, "get"> {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable like all the others
    async *get(_key, span) {
      const from = (span.offset - MEDIA_AT) % sample.length;
      const whole = Math.ceil(Math.min(CHUNK_BYTES, from + span.length) / sample.length);
      const block = new Uint8Array(whole * sample.length);
      for (let at = 0; at < block.length; at += sample.length) block.set(sample, at);
      let start = from;
      for (let left = span.length; left > 0; start = 0) {
        const chunk = block.subarray(start, Math.min(block.length, start + left));
        yield chunk;
        left -= chunk.length;
      }
    },
  };
}
