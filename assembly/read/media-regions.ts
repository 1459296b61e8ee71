/** Where media data may lie: inside the file's `mdat` boxes (ISO/IEC 14496-12 clause 8.1.1), and nowhere else. */
import { Code } from "../abi/codes";
import { Extent } from "../abi/records";
import { u32be, u64be } from "../memory/reader";
import { reserve } from "../memory/status";

/** Bytes of one region: start and end in the file, u64 each. */
const REGION: usize = 16;

/** Where the payloads of `mdat` lie in the file. */
@unmanaged
export class MediaRegions {
  /** In file order. */
  regions: usize;
  count: u32;
}

/** Whether an extent is the header of a media data box, of which no more is kept than what `needsEarlier` looks at. */
export function isMediaData(extent: usize, buffer: usize): bool {
  const start = buffer + load<u32>(extent, Extent.BUFFER_OFFSET);
  return load<u32>(extent, Extent.LENGTH) >= 8 && u32be(start + 4) == Code.mdat;
}

/** Collects the `mdat` boxes among `count` extents of a file of `fileSize` bytes. */
export function collectRegions(media: MediaRegions, extents: usize, count: u32, buffer: usize, fileSize: u64): void {
  media.regions = reserve(<u64>count * REGION);
  media.count = 0;
  if (media.regions == 0) return;
  for (let i: u32 = 0; i < count; i++) {
    const extent = extents + <usize>i * Extent.SIZE;
    if (!isMediaData(extent, buffer)) continue;
    const header = buffer + load<u32>(extent, Extent.BUFFER_OFFSET);
    const large = load<u32>(extent, Extent.LENGTH) >= 16 && u32be(header) == 1;
    const offset = load<u64>(extent, Extent.FILE_OFFSET);
    const size: u64 = large ? u64be(header + 8) : u32be(header);
    const end = size == 0 || size > fileSize - offset ? fileSize : offset + size;
    const region = media.regions + <usize>media.count * REGION;
    store<u64>(region, offset + (large ? 16 : 8));
    store<u64>(region, end, 8);
    media.count += 1;
  }
}

/** Where the region ends that `offset` lies in; -1 when it lies in none. */
export function regionEnd(media: MediaRegions, offset: u64): i64 {
  let low: u32 = 0;
  let high = media.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u64>(media.regions + <usize>middle * REGION) <= offset) low = middle + 1;
    else high = middle;
  }
  if (low == 0) return -1;
  const end = load<u64>(media.regions + <usize>(low - 1) * REGION, 8);
  return offset <= end ? <i64>end : -1;
}
