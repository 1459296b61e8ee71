/**
 * What a file says of the time it was recorded: `mvhd` (ISO/IEC 14496-12 clause 8.2.2), QuickTime's metadata
 * (`meta` with `keys` and `ilst`, QuickTime File Format, "Metadata"), and MediaMTX's `mtxi`. What cannot be read is not
 * stated; a file is never refused for it.
 */
import { Code } from "../abi/codes";
import { ClockDevice } from "../abi/names";
import { Extent, MovieClock } from "../abi/records";
import { firstKey, itemValue, metaChildren } from "../box/meta";
import { mtxiWallClock } from "../box/mtxi";
import { readMvhd, MovieHeader } from "../box/mvhd";
import { isMediaData } from "./media-regions";
import { Box, copyOfBox, enter, newBox, nextBox, peekBox, readBox } from "../memory/reader";
import { cleared, failed, make } from "../memory/status";
import { startsWith } from "../memory/text";

/** Finds `moov` among `count` extents and returns the address of a MovieClock record, 0 without memory. */
export function readMovieClock(extents: usize, count: u32, buffer: usize): usize {
  const clock = cleared(MovieClock.SIZE);
  const moov = newBox();
  for (let i: u32 = 0; i < count && !failed(); i++) {
    const extent = extents + <usize>i * Extent.SIZE;
    if (isMediaData(extent, buffer)) continue;
    const start = buffer + load<u32>(extent, Extent.BUFFER_OFFSET);
    if (!readBox(moov, start, start + load<u32>(extent, Extent.LENGTH), true)) continue;
    if (moov.type == Code.moov) readClocks(clock, moov);
  }
  return clock;
}

function readClocks(clock: usize, moov: Box): void {
  const box = enter(moov);
  while (nextBox(box, moov)) {
    if (box.type == Code.mvhd) {
      const header = make<MovieHeader>();
      if (failed()) return;
      readMvhd(box, header);
      store<u64>(clock, header.creationTime, MovieClock.CREATION_TIME);
    } else if (box.type == Code.udta) readUserData(clock, box);
    else if (box.type == Code.meta) readMetadata(clock, box);
  }
}

function readUserData(clock: usize, udta: Box): void {
  const box = enter(udta);
  while (nextBox(box, udta)) {
    if (box.type == Code.meta) readMetadata(clock, box);
    else if (box.type == Code.mtxi) store<u64>(clock, mtxiWallClock(box), MovieClock.WALL_CLOCK);
    // GoPro's firmware version and its telemetry
    else if (box.type == Code.FIRM || box.type == Code.GPMF) {
      store<u32>(clock, ClockDevice.GoPro, MovieClock.DEVICE);
    }
  }
}

function readMetadata(clock: usize, meta: Box): void {
  const box = newBox();
  box.end = metaChildren(meta);
  let keys: Box | null = null;
  while (nextBox(box, meta)) {
    if (box.type == Code.keys) keys = copyOfBox(box);
    else if (box.type == Code.ilst && keys != null) readItems(clock, box, keys);
  }
}

/** The items of `ilst` are named by the number of their key, from 1. */
function readItems(clock: usize, ilst: Box, keys: Box): void {
  const key = newBox();
  if (failed()) return;
  let date: u32 = 0;
  let number: u32 = 0;
  for (let at = firstKey(keys); peekBox(key, at, keys.end); at = key.end) {
    number += 1;
    if (startsWith(key.body, key.end, "com.android.")) store<u32>(clock, ClockDevice.Android, MovieClock.DEVICE);
    if (key.end - key.body == 32 && startsWith(key.body, key.end, "com.apple.quicktime.creationdate")) date = number;
  }
  if (date == 0) return;
  const item = enter(ilst);
  while (nextBox(item, ilst)) {
    if (item.type != date) continue;
    const data = enter(item);
    if (!nextBox(data, item) || itemValue(data) > data.end) return;
    store<u32>(clock, <u32>itemValue(data), MovieClock.DATE);
    store<u32>(clock, <u32>(data.end - itemValue(data)), MovieClock.DATE_LENGTH);
  }
}
