/** The parts of some of a piece's fragments at a time. */
import { Code } from "../abi/codes";
import { FRAGMENT_BASE, Status } from "../abi/names";
import { Fragment } from "../abi/records";
import { trafSize, trunSize } from "./fragment-sizes";
import { FragmentWalk, Start } from "./fragment-walk";
import { partsBound } from "./part-walk";
import { Part, partBytes, pieceTrack } from "./piece";
import { cleared, fail, failed, make, reserve } from "../memory/status";
import { word } from "../memory/words";

/** Lays out the parts of a page, fragment by fragment and in file order within each; `parts` to `end`. */
@unmanaged
export class FragmentPage {
  /** Fragment records, but for their spans. */
  fragments: usize;
  parts: usize;
  end: usize;
}

/** Lays out the fragments of the next page of a walk. */
export function layPage(walk: FragmentWalk): FragmentPage {
  const page = make<FragmentPage>();
  const piece = walk.piece;
  const count = layParts(walk, page);
  const fragments = cleared(<usize>piece.fragments * Fragment.SIZE);
  const last = cleared(<usize>piece.trackCount * 8);
  if (failed()) return page;
  page.fragments = fragments;
  page.end = page.parts + <usize>count * Part.SIZE;
  for (let part = page.parts; part < page.end; part += Part.SIZE) {
    const fragment = fragments + <usize>load<u32>(part, Part.FRAGMENT) * Fragment.SIZE;
    const trackIndex = load<u32>(part, Part.TRACK_INDEX);
    const key = ((<u64>load<u32>(part, Part.FRAGMENT) + 1) << 32) | load<u32>(part, Part.DESCRIPTION);
    let header = trunSize(piece, part);
    if (load<u64>(last + ((<usize>trackIndex) << 3)) != key) {
      store<u64>(last + ((<usize>trackIndex) << 3), key);
      header += trafSize(pieceTrack(piece, trackIndex));
    }
    header += load<u32>(fragment, Fragment.HEADER_LENGTH);
    const media = load<u64>(fragment, Fragment.MEDIA_LENGTH) + partBytes(piece, part);
    if (header > <u64>i32.MAX_VALUE || media > <u64>i32.MAX_VALUE) fail(Status.TooMany, Code.moof);
    store<u32>(fragment, <u32>header, Fragment.HEADER_LENGTH);
    store<u64>(fragment, media, Fragment.MEDIA_LENGTH);
  }
  let offset: u32 = 0;
  for (let i: u32 = 0; i < piece.fragments; i++) {
    const fragment = fragments + <usize>i * Fragment.SIZE;
    const start = walk.starts + <usize>i * Start.SIZE;
    const length = FRAGMENT_BASE + load<u32>(fragment, Fragment.HEADER_LENGTH);
    store<u32>(fragment, offset, Fragment.HEADER_OFFSET);
    store<u32>(fragment, length, Fragment.HEADER_LENGTH);
    store<i64>(fragment, load<i64>(start, Start.DTS), Fragment.DTS);
    store<i64>(fragment, load<i64>(start, Start.PTS), Fragment.PTS);
    store<u32>(fragment, load<u32>(start, Start.SYNC), Fragment.FLAGS);
    offset += length;
  }
  return page;
}

/** Parts come in file order; here they go fragment by fragment. Returns their number. */
function layParts(walk: FragmentWalk, page: FragmentPage): u32 {
  const piece = walk.piece;
  const parts = walk.parts;
  const bound = partsBound(piece, walk.samples) + <u64>(piece.fragments + 1) * piece.trackCount + 1;
  const unsorted = reserve(bound * Part.SIZE);
  const counts = cleared(<usize>(piece.fragments + 1) * 4);
  parts.inlinedOffsets = reserve(walk.inlinedBound() * 8);
  parts.inlinedCount = 0;
  if (failed()) return 0;
  let part = unsorted;
  for (; parts.next(part); part += Part.SIZE) {
    const next = word(counts, load<u32>(part, Part.FRAGMENT) + 1);
    store<u32>(next, load<u32>(next) + 1);
  }
  const count = <u32>((part - unsorted) / Part.SIZE);
  page.parts = unsorted;
  if (failed() || piece.fragments < 2) return count;
  const sorted = reserve(<u64>count * Part.SIZE);
  if (failed()) return 0;
  for (let i: u32 = 1; i <= piece.fragments; i++) {
    const at = word(counts, i);
    store<u32>(at, load<u32>(at) + load<u32>(at - 4));
  }
  for (let from = unsorted; from < part; from += Part.SIZE) {
    const at = word(counts, load<u32>(from, Part.FRAGMENT));
    memory.copy(sorted + <usize>load<u32>(at) * Part.SIZE, from, Part.SIZE);
    store<u32>(at, load<u32>(at) + 1);
  }
  page.parts = sorted;
  return count;
}
