/** Which boxes of `moov` an index keeps for the headers of outputs, and what of their content stays true in a cut. */
import { Code } from "../abi/codes";
import { Warning } from "../abi/names";
import { IndexWriter } from "./index-writer";
import { isNamedHdlr } from "../box/hdlr";
import { isMediaHeader, isUsualMediaHeader } from "../box/media-header";
import { firstKey, metaChildren } from "../box/meta";
import { tkhdTrackId } from "../box/tkhd";
import { MAX_KEPT, MOVIE_SCOPE } from "../read/kept-boxes";
import { Movie, trackAt } from "../read/moov";
import { Box, copyOfBox, enter, newBox, nextBox, peekBox } from "../memory/reader";
import { failed, make } from "../memory/status";
import { endsWith } from "../memory/text";
import { setU32be } from "../memory/writer";

@unmanaged
class Keeper {
  writer: IndexWriter;
  /** Where what is kept must end. */
  limit: usize;
  scope: u32;
  full: bool;
  /** Scratch, one a depth. */
  child: Box;
  inner: Box;
  /** Scratch for what is looked into. */
  part: Box;
}

/** Bytes that `keepBoxes` writes at most. */
export function keptBound(moov: Box): u64 {
  // A box of 8 bytes becomes an entry of 12.
  return min<u64>(MAX_KEPT, (<u64>(moov.end - moov.start) * 3) / 2);
}

/**
 * Writes the column of kept boxes: user data, `meta` and `uuid` of the movie and its tracks, and of each track its
 * references, handler, language, media information header and apertures. Returns warnings.
 */
export function keepBoxes(writer: IndexWriter, movie: Movie, moov: Box): u32 {
  const keeper = make<Keeper>();
  const box = enter(moov);
  const child = newBox();
  const inner = newBox();
  const part = newBox();
  if (failed()) return 0;
  keeper.writer = writer;
  keeper.limit = writer.next + <usize>keptBound(moov);
  keeper.child = child;
  keeper.inner = inner;
  keeper.part = part;
  while (nextBox(box, moov)) {
    keeper.scope = MOVIE_SCOPE;
    if (box.type == Code.trak) keepTrack(keeper, movie, box);
    else keepDescription(keeper, box);
  }
  return keeper.full ? Warning.DescriptionsDropped : 0;
}

function keepTrack(keeper: Keeper, movie: Movie, trak: Box): void {
  const box = enter(trak);
  // `tkhd` need not come first.
  while (nextBox(box, trak) && box.type != Code.tkhd) {}
  keeper.scope = slotOf(movie, tkhdTrackId(box));
  if (failed() || keeper.scope == MOVIE_SCOPE) return;
  box.end = trak.body;
  while (nextBox(box, trak)) {
    const type = box.type;
    if (type == Code.tref || type == Code.tapt) keep(keeper, box);
    else if (type == Code.mdia) keepMedia(keeper, box, trackAt(movie, keeper.scope).handler);
    else keepDescription(keeper, box);
  }
}

function keepMedia(keeper: Keeper, mdia: Box, handler: u32): void {
  const box = enter(mdia);
  const inner = newBox();
  while (nextBox(box, mdia)) {
    if (box.type == Code.hdlr) {
      // A name is what the handler is kept for.
      if (isNamedHdlr(box)) keep(keeper, box);
    } else if (box.type == Code.elng) keep(keeper, box);
    else if (box.type == Code.minf) {
      inner.end = box.body;
      while (nextBox(inner, box)) {
        if (isMediaHeader(inner.type) && !isUsualMediaHeader(inner, handler)) keep(keeper, inner);
      }
    }
  }
}

function slotOf(movie: Movie, id: u32): u32 {
  for (let trackIndex: u32 = 0; trackIndex < movie.trackCount; trackIndex++)
    if (trackAt(movie, trackIndex).id == id) return trackIndex;
  return MOVIE_SCOPE;
}

/** Writes a whole box. */
function keep(keeper: Keeper, box: Box): void {
  const writer = keeper.writer;
  const length = box.end - box.start;
  // Only boxes with a short header: all that is kept is small.
  if (box.body - box.start != 8) return;
  if (length + 4 > keeper.limit - writer.next) {
    keeper.full = true;
    return;
  }
  store<u32>(writer.next, keeper.scope);
  memory.copy(writer.next + 4, box.start, length);
  writer.next += 4 + length;
}

/** Keeps a box that describes the movie or a track, without what is not true of a cut. */
function keepDescription(keeper: Keeper, box: Box): void {
  if (box.type == Code.uuid) return keep(keeper, box);
  const userData = box.type == Code.udta;
  if (!userData && box.type != Code.meta) return;
  if (box.body - box.start != 8) return;
  const writer = keeper.writer;
  const start = writer.next;
  if (box.end - box.start + 4 > keeper.limit - start) {
    keeper.full = true;
    return;
  }
  store<u32>(start, keeper.scope);
  writer.next += 4;
  if (!(userData ? copyUserData(keeper, box) : copyMeta(keeper, box, keeper.child))) writer.next = start;
}

function begin(writer: IndexWriter, box: Box): usize {
  store<u64>(writer.next, load<u64>(box.start));
  writer.next += 8;
  return writer.next - 8;
}

function end(writer: IndexWriter, start: usize): void {
  setU32be(start, <u32>(writer.next - start));
}

function copy(writer: IndexWriter, from: usize, to: usize): void {
  memory.copy(writer.next, from, to - from);
  writer.next += to - from;
}

/** Copies what stays true of `udta` (clause 8.10.1). False when nothing does. */
function copyUserData(keeper: Keeper, box: Box): bool {
  const writer = keeper.writer;
  const start = begin(writer, box);
  const child = keeper.child;
  for (let at = box.body; peekBox(child, at, box.end); at = child.end) {
    if (child.type == Code.meta) {
      const before = writer.next;
      const next = child.end;
      if (!copyMeta(keeper, child, keeper.inner)) writer.next = before;
      child.end = next;
    } else if (!changes(child.type)) copy(writer, child.start, child.end);
  }
  end(writer, start);
  return writer.next - start > 8;
}

/**
 * Copies what stays true of `meta` (clause 8.11.1): its item list. False when nothing does, and
 * for one whose items lie elsewhere in the file.
 */
function copyMeta(keeper: Keeper, meta: Box, child: Box): bool {
  const writer = keeper.writer;
  const start = begin(writer, meta);
  const body = metaChildren(meta);
  copy(writer, meta.body, body);
  let keys: Box | null = null;
  let items = false;
  for (let at = body; peekBox(child, at, meta.end); at = child.end) {
    if (child.type == Code.iloc) return false;
    if (child.type == Code.keys) keys = copyOfBox(child);
    if (child.type == Code.ilst) {
      const list = begin(writer, child);
      const listEnd = child.end;
      for (let item = child.body; peekBox(child, item, listEnd); item = child.end) {
        if (changes(child.type) || changesByName(child, keeper.part)) continue;
        if (keys != null && changesByKey(keys, child.type, keeper.part)) continue;
        copy(writer, child.start, child.end);
        items = true;
      }
      end(writer, list);
      child.end = listEnd;
    } else if (child.type != Code.free) copy(writer, child.start, child.end);
  }
  end(writer, start);
  return items;
}

/** Whether a kind of user data is not true of a cut, or of a file that this program writes. */
function changes(type: u32): bool {
  return (
    type == Code.chpl || // chapters
    type == Code.HMMT || // moments that were marked on a GoPro
    type == Code.hnti || // of hint tracks
    type == Code.hinf ||
    type == Code.cday || // ©day: when it was recorded
    type == Code.ctoo || // ©too, ©enc: what wrote the file
    type == Code.cenc ||
    type == Code.free ||
    type == Code.skip
  );
}

/** Whether an item, whose type is the number of its key (QuickTime metadata) from 1, is not true of a cut. */
function changesByKey(keys: Box, number: u32, key: Box): bool {
  if (number > 0xffff) return false;
  let at = firstKey(keys);
  for (let i: u32 = 1; peekBox(key, at, keys.end); i++, at = key.end) {
    if (i != number) continue;
    // Of `com.apple.quicktime`; the second one pairs the file with a picture.
    return endsWith(key.body, key.end, ".creationdate") || endsWith(key.body, key.end, ".content.identifier");
  }
  return false;
}

/** Whether an item with a name of its own is not true of a cut: `iTunSMPB` says what decoders are to leave out at the ends of a file's sound. */
function changesByName(item: Box, part: Box): bool {
  if (item.type != Code.____) return false;
  for (let at = item.body; peekBox(part, at, item.end); at = part.end) {
    if (part.type == Code.name) return endsWith(part.body, part.end, "iTunSMPB");
  }
  return false;
}
