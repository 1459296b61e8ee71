import type { ByteSpan } from "../../base/ports.ts";
import type { Core } from "../wasm/module.ts";
import { describeIndex } from "./describe.ts";
import { MetadataScan, type IndexLimits, type TopLevelBox } from "./metadata-scan.ts";
import type { IndexedSegment } from "./segment-index.ts";

/** Bytes read at once where little is wanted: box headers and small boxes often follow one another. */
const WINDOW = 16 << 10;

/**
 * Indexes a stored object of `size` bytes by ranged reads: its box headers and metadata, of its media the first bytes at most.
 * @param read gives exactly the bytes of a span that lies inside the object
 * @throws BoxcarError as StreamIndexer does, and whatever `read` throws
 */
export async function indexObject(
  core: Core,
  size: number,
  read: (span: ByteSpan) => Promise<Uint8Array>,
  limits: IndexLimits = {},
): Promise<IndexedSegment> {
  const scan = await scanObject(core, size, read, limits);
  return describeIndex(await core.index(scan.finish(size), size, limits.hold?.client));
}

/** Goes through a stored object's top-level boxes. @throws BoxcarError as MetadataScan does */
export async function scanObject(
  core: Core,
  size: number,
  read: (span: ByteSpan) => Promise<Uint8Array>,
  limits: IndexLimits = {},
  visit?: (box: TopLevelBox) => void,
): Promise<MetadataScan> {
  const scan = new MetadataScan(core, limits, visit);
  let window = { offset: 0, bytes: new Uint8Array(0) as Uint8Array };
  for (;;) {
    const wanted = scan.wanted;
    if (wanted === undefined || wanted.offset + wanted.length > size) break;
    const from = wanted.offset - window.offset;
    if (from < 0 || from + wanted.length > window.bytes.length) {
      const length = Math.min(size - wanted.offset, Math.max(wanted.length, WINDOW));
      window = { offset: wanted.offset, bytes: await read({ offset: wanted.offset, length }) };
    }
    const start = wanted.offset - window.offset;
    scan.accept(window.bytes.subarray(start, start + wanted.length));
  }
  return scan;
}
