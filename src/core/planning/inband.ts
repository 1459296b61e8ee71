import { concatenated } from "../../base/bytes.ts";
import type { Core } from "../wasm/module.ts";
import type { OutputTrack, ParameterSets } from "./output-track.ts";
import type { IndexOf, Piece } from "./piece.ts";

/** Least bytes that filler behind parameter sets takes. */
const LEAST_FILLER = 16;

/**
 * Rule 5 of a plan: where the parameter sets of an H.264 or H.265 track change, they go into the samples. One sample
 * entry then serves the whole track, and every sync sample has its own sets in front, so that players follow and can
 * seek across the change in both directions. A track without a change, and one whose sample entries hold no parameter
 * sets that fit together, stays as it is.
 */
export async function moveInband(
  { core, indexOf }: { readonly core: Core; readonly indexOf: IndexOf },
  output: OutputTrack,
  pieces: readonly Piece[],
): Promise<void> {
  const [first] = output.descriptions;
  const sets = new Map<number, ParameterSets>();
  const entries: Uint8Array[] = [];
  const lengthSizes = new Set<number>();
  for (const { base, count, source, offset, length } of output.descriptions) {
    const own = entriesOf(core, (await indexOf(source)).subarray(offset, offset + length));
    if (own.length !== count) return;
    sets.set(base, setsOf(core, own));
    for (const { entry, lengthSize } of own) {
      entries.push(entry);
      lengthSizes.add(lengthSize);
    }
  }
  // Samples state the lengths of their parts in fields of one size.
  if (first === undefined || lengthSizes.size > 1 || lengthSizes.has(0)) return;
  for (const piece of pieces) {
    for (const track of piece.tracks) {
      const inline = sets.get(track.descriptionBase);
      if (track.trackId !== output.id || track.count === 0 || inline === undefined) continue;
      track.descriptionBase = first.base;
      track.prefix = inline.each;
      piece.bytes += track.prefix * track.counts.syncSamples;
      piece.inline = inline.bytes;
    }
  }
  // The profile and level of that entry are the highest of all.
  const entry = entries.reduce((covering, other) => core.entries.covering(covering, other));
  output.moveInband(sets, core.entries.allowingInband(entry));
}

/** A sample entry and its parameter sets. */
interface Entry {
  readonly entry: Uint8Array;
  readonly bytes: Uint8Array;
  readonly lengthSize: number;
}

/** Takes apart the sample entries of a track, up to a damaged one. */
function entriesOf(core: Core, raw: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  for (let rest = raw; rest.length > 0;) {
    const { bytes, lengthSize, entryLength } = core.entries.parameterSets(rest);
    if (entryLength === 0) break;
    entries.push({ entry: rest.subarray(0, entryLength), bytes, lengthSize });
    rest = rest.subarray(entryLength);
  }
  return entries;
}

function setsOf(core: Core, entries: readonly Entry[]): ParameterSets {
  const longest = Math.max(...entries.map(({ bytes }) => bytes.length));
  const [only] = entries;
  if (only !== undefined && entries.length === 1) return { bytes: only.bytes, each: longest };
  // All sync samples of a segment grow by the same number of bytes.
  const each = longest + LEAST_FILLER;
  return { bytes: concatenated(entries.map(({ entry }) => core.entries.parameterSets(entry, each).bytes)), each };
}
