import { Code } from "./abi/names.ts";
import type { Exports } from "./abi/exports.ts";
import { CODEC_SIZE, readCodec } from "./abi/records.ts";
import { bytesAt, call, put, recordsAt } from "./call.ts";
import type { Silence, TimecodeStep } from "./records/output.ts";

/** The calls that read and write sample entries (ISO 14496-12, 8.5.2). */
export class SampleEntries {
  readonly #enter: () => Exports;

  /** @param enter begins a call of the module, as `Core` does */
  constructor(enter: () => Exports) {
    this.#enter = enter;
  }

  /**
   * The parameter sets of the first of raw H.264 or H.265 sample entries as samples hold them; `lengthSize` 0 for any other
   * entry. `entryLength`: bytes of the entry.
   * @param least fills them up to so many bytes: 16 more than they have or more. Default 0: as they are
   */
  parameterSets(entries: Uint8Array, least = 0): { bytes: Uint8Array; lengthSize: number; entryLength: number } {
    const wasm = this.#enter();
    const { pointer, length, count, total } = call(
      wasm,
      wasm.parameterSets(put(wasm, entries), entries.byteLength, least),
    );
    return { bytes: bytesAt(wasm, pointer, length), lengthSize: count, entryLength: total };
  }

  /** The sample entry under the name that allows parameter sets in the samples: `avc3` for `avc1`, `hev1` for `hvc1`. */
  allowingInband(entry: Uint8Array): Uint8Array {
    const wasm = this.#enter();
    const result = call(wasm, wasm.inbandEntry(put(wasm, entry), entry.byteLength));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** Sample entries without what only tells of the file they came from, such as bit rates. @param handler of their track */
  plain(handler: number, entries: Uint8Array): Uint8Array {
    const wasm = this.#enter();
    const result = call(wasm, wasm.plainEntries(handler, put(wasm, entries), entries.byteLength));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** Raw sample entries, those of H.265 under a name: `hvc1` only where all parameter sets stand in the entry. */
  named(entries: Uint8Array, tag: "hvc1" | "hev1"): Uint8Array {
    const wasm = this.#enter();
    const result = call(wasm, wasm.namedEntries(put(wasm, entries), entries.byteLength, Code[tag]));
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** RFC 6381 codec strings of raw sample entries, in their order. @param handler of their track */
  codecs(handler: number, entries: Uint8Array): string[] {
    const wasm = this.#enter();
    const result = call(wasm, wasm.codecs(handler, put(wasm, entries), entries.byteLength));
    return recordsAt(wasm, CODEC_SIZE, readCodec, result.pointer, result.length).map(({ codec }) => codec);
  }

  /** The sample entry with the profile, tier and level raised to what `other`, of the same codec, needs. */
  covering(entry: Uint8Array, other: Uint8Array): Uint8Array {
    const wasm = this.#enter();
    const status = wasm.coveringEntry(put(wasm, entry), entry.byteLength, put(wasm, other), other.byteLength);
    const result = call(wasm, status);
    return bytesAt(wasm, result.pointer, result.length);
  }

  /** A silent sample for a sample entry, in ticks of `timescale`; undefined when none is known of its codec. */
  silence(entry: Uint8Array, timescale: number): Silence | undefined {
    const wasm = this.#enter();
    const result = call(wasm, wasm.silentSample(put(wasm, entry), entry.byteLength, timescale));
    if (result.length === 0) return undefined;
    return { sample: bytesAt(wasm, result.pointer, result.length), duration: result.count };
  }

  /** How far a timecode with this sample entry goes on in `ticks` of `timescale`: 0 when it is none of 32 bits. */
  timecodeStep(entry: Uint8Array, ticks: number, timescale: number): TimecodeStep {
    const wasm = this.#enter();
    const pointer = put(wasm, entry);
    const { total, count } = call(wasm, wasm.timecodeStep(pointer, entry.byteLength, ticks, timescale));
    return { frames: total, wrapsAt: count };
  }
}
