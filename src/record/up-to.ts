import { FragmentReader, GrowingIndex, type Core, type IndexedSegment } from "../core/index.ts";
import { checkedSpan } from "../intake/segments/checked-span.ts";
import type { SpoolFile } from "./spool.ts";

/** The first bytes of a file of the spool, and their index. */
export interface Kept {
  readonly indexed: IndexedSegment;
  readonly size: number;
}

/** The parts of a file that end by a moment, milliseconds since 1970; undefined when there are none. */
export async function upTo(core: Core, file: SpoolFile, endMs: number): Promise<Kept | undefined> {
  const reader = new FragmentReader(core);
  let index: GrowingIndex | undefined;
  for await (const chunk of file.read({ offset: 0, length: file.size })) {
    for (const event of reader.push(chunk.slice())) {
      if (event.kind === "header") index = new GrowingIndex(core, event);
      else index?.add(index.place(event));
    }
  }
  if (index === undefined) return undefined;
  let [fits, beyond] = [0, index.parts + 1];
  while (beyond - fits > 1) {
    const middle = Math.floor((fits + beyond) / 2);
    const { durationMs } = index.build(middle).description;
    if (checkedSpan(file.startMs, durationMs).endMs <= endMs) fits = middle;
    else beyond = middle;
  }
  return fits === 0 ? undefined : { indexed: index.build(fits), size: index.sizeOf(fits) };
}
