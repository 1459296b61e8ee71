import type { ByteSpan } from "../platform.ts";
import type { Core } from "../wasm/module.ts";
import type { ListedBox } from "../wasm/records/listing.ts";
import { scanObject } from "./index-object.ts";

/**
 * The box structure of a stored object: every top-level box, and all boxes inside the metadata ones, in file order.
 * @throws BoxcarError as indexObject does
 */
export async function inspectObject(
  core: Core,
  size: number,
  read: (span: ByteSpan) => Promise<Uint8Array>,
): Promise<ListedBox[]> {
  const scan = await scanObject(core, size, read);
  const kept = new Map(scan.finish(size).map((box) => [box.offset, box]));
  return scan.visited.flatMap((box) => {
    const metadata = kept.get(box.offset);
    if (metadata !== undefined) return core.listBoxes(metadata);
    return [{ type: box.type, offset: box.offset, size: box.size === 0 ? size - box.offset : box.size, depth: 0 }];
  });
}
