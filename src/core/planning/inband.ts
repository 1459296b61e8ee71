import type { Core } from "../wasm/module.ts";
import type { OutputTrack } from "./output-track.ts";
import type { IndexOf, Piece } from "./piece.ts";

/**
 * Rule 5 of a plan: where the parameter sets of an H.264 or H.265 track change, they go into the samples. One sample
 * entry then serves the whole track, and every sync sample has its own sets in front, so that players follow and can
 * seek across the change in both directions. A track without a change, and one whose sample entries hold no parameter
 * sets that fit together, stays as it is.
 */
export async function moveInband(
  { core, indexOf }: { readonly core: Core; readonly indexOf: IndexOf },
  output: OutputTrack | undefined,
  pieces: readonly Piece[],
): Promise<void> {
  const [first] = output?.descriptions ?? [];
  if (output === undefined || first === undefined || output.descriptions.length < 2) return;
  const sets = new Map<number, Uint8Array>();
  const entries: Uint8Array[] = [];
  const lengthSizes = new Set<number>();
  for (const { base, count, source, offset, length } of output.descriptions) {
    const entry = (await indexOf(source)).subarray(offset, offset + length);
    const { bytes, lengthSize } = core.parameterSets(entry);
    if (count !== 1 || lengthSize === 0) return;
    entries.push(entry);
    lengthSizes.add(lengthSize);
    sets.set(base, bytes);
  }
  // Samples state the lengths of their parts in fields of one size.
  if (lengthSizes.size > 1) return;
  for (const piece of pieces) {
    for (const track of piece.tracks) {
      const inline = sets.get(track.descriptionBase);
      if (track.trackId !== output.id || track.count === 0 || inline === undefined) continue;
      track.descriptionBase = first.base;
      track.prefix = inline.length;
      piece.bytes += track.prefix * track.counts.syncSamples;
      piece.inline = inline;
    }
  }
  // Its profile and level are the highest of all.
  const entry = entries.reduce((covering, other) => core.coveringEntry(covering, other));
  output.moveInband(sets, core.allowInband(entry));
}
