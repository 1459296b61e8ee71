import { Code } from "../abi/codes";
import { Status } from "../abi/names";
import { ProducerTime } from "../abi/records";
import { fullBoxFlags, newBox, readBox, u32be, u64be } from "../memory/reader";
import { cleared, fail, failed, locate, output } from "../memory/status";
import { beginFullBox, endBox, newWriter, put32, put64 } from "../memory/writer";

/** The time that the box states is when the media was captured. */
const CAPTURED: u32 = 24;
/** Seconds from 1900 (NTP) to 1970. */
const NTP_EPOCH: u64 = 2_208_988_800;
const SECOND: u64 = 1_000_000;

/** Producer reference time, ISO/IEC 14496-12 clause 8.16.5. RESULT: the box. @param wallUs microseconds since 1970 */
export function writePrft(trackId: u32, wallUs: u64, mediaTime: u64): void {
  const out = newWriter(32);
  if (out == null) return;
  const box = beginFullBox(out, Code.prft, 1, CAPTURED);
  put32(out, trackId);
  put32(out, <u32>(wallUs / SECOND + NTP_EPOCH));
  put32(out, <u32>(((wallUs % SECOND) << 32) / SECOND));
  put64(out, mediaTime);
  endBox(out, box);
  output(out.start, out.next - out.start);
}

/** Reads the box. RESULT: a ProducerTime; none when it states another time than that of capture or encoding, or nothing that is known. */
export function readPrft(pointer: usize, length: u32): void {
  const box = newBox();
  const time = cleared(ProducerTime.SIZE);
  locate(pointer, 0);
  if (failed()) return;
  if (!readBox(box, pointer, pointer + length)) return fail(Status.Truncated, Code.prft);
  if (box.end - box.body < 20) return;
  const version = load<u8>(box.body);
  if (version > 1 || (version == 1 && box.end - box.body < 24)) return;
  if (fullBoxFlags(box) & ~CAPTURED || fullBoxFlags(box) == 8) return;
  const seconds = <u64>u32be(box.body + 8);
  // RFC 5905 section 6: the era that begins in 2036 when the first bit is not set.
  const epoch = seconds < 0x8000_0000 ? seconds + 0x1_0000_0000 - NTP_EPOCH : seconds - NTP_EPOCH;
  store<u32>(time, u32be(box.body + 4), ProducerTime.TRACK_ID);
  store<u64>(time, epoch * SECOND + ((<u64>u32be(box.body + 12) * SECOND) >> 32), ProducerTime.WALL_US);
  const mediaTime = version == 1 ? u64be(box.body + 16) : <u64>u32be(box.body + 16);
  store<u64>(time, mediaTime, ProducerTime.MEDIA_TIME);
  output(time, 1);
}
