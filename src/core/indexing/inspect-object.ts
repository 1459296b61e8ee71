import type { ByteSpan } from "../../base/ports.ts";
import type { Core } from "../wasm/module.ts";
import type { ListedBox, Sample } from "../wasm/records/listing.ts";
import { unpackedBoxes } from "../wasm/packed-boxes.ts";
import { scanObject } from "./index-object.ts";
import type { TopLevelBox } from "./metadata-scan.ts";

/**
 * The box structure of a stored object: every top-level box, and all boxes inside the metadata ones, in file order.
 * @throws BoxcarError as indexObject does
 */
export async function inspectObject(
  core: Core,
  size: number,
  read: (span: ByteSpan) => Promise<Uint8Array>,
): Promise<ListedBox[]> {
  const visited: TopLevelBox[] = [];
  const scan = await scanObject(core, size, read, {}, (box) => visited.push(box));
  const kept = new Map([...unpackedBoxes(scan.finish(size))].map((box) => [box.offset, box]));
  return visited.flatMap((box) => {
    const metadata = kept.get(box.offset);
    // Of media data only the header is kept.
    if (metadata?.bytes.length === box.size) return core.listBoxes(metadata);
    return [{ type: box.type, offset: box.offset, size: box.size === 0 ? size - box.offset : box.size, depth: 0 }];
  });
}

/** The samples that an index lists, in file order. @throws BoxcarError `bad_index` (500) */
export function inspectSamples(core: Core, index: Uint8Array): Sample[] {
  return core.withIndex(index, (loaded) => loaded.samples());
}
