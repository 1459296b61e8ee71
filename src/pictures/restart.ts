import { concatenated } from "../base/bytes.ts";
import type { FrameClip, FrameSample } from "../core/index.ts";

/** Bytes at the start of a sample in which its first slice begins, behind parameter sets and messages. */
const HEAD = 16_384;

/** That a picture of a clip does not restart the decoder. */
export class DoesNotRestart extends Error {}

/**
 * Passes a clip of sync samples on to a decoder. After the first, each of them must make the decoder start anew, or it
 * would order and count pictures by those in between, which are not there: an IDR picture does; an I picture of an open
 * group of pictures, and a CRA picture in the midst of a stream, do not.
 * @throws DoesNotRestart at the first that does not, before its bytes are passed on whole
 */
export async function* restarting(clip: FrameClip): AsyncGenerator<Uint8Array> {
  const waiting = clip.samples.slice(1);
  let head = new Uint8Array(0);
  let from = 0;
  for await (const chunk of clip.read()) {
    for (let sample = waiting[0]; sample !== undefined; sample = waiting[0]) {
      const wanted = Math.min(HEAD, sample.length);
      const start = sample.offset + head.length - from;
      if (start >= chunk.length) break;
      head = concatenated([head, chunk.subarray(start, start + wanted - head.length)]);
      const verdict = restarts(sample, head);
      if (verdict === undefined && head.length < wanted) break;
      if (verdict !== true) throw new DoesNotRestart();
      waiting.shift();
      head = new Uint8Array(0);
    }
    from += chunk.length;
    yield chunk;
  }
}

/** Whether a sync sample restarts its decoder; undefined when that lies beyond what is there. */
function restarts({ codec }: FrameSample, head: Uint8Array): boolean | undefined {
  const [avc, hevc] = [codec.startsWith("avc"), codec.startsWith("hvc") || codec.startsWith("hev")];
  if (!avc && !hevc) return true;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  // NAL units behind lengths of 4 bytes, as all encoders write them (ISO/IEC 14496-15).
  for (let at = 0; at + 5 <= head.length; at += 4 + view.getUint32(at)) {
    const byte = view.getUint8(at + 4);
    const type = avc ? byte & 31 : (byte >> 1) & 63;
    if (avc && type >= 1 && type <= 5) return type === 5; // IDR: H.264 table 7-1
    if (hevc && type < 32) return type >= 16 && type <= 20; // BLA, IDR: H.265 table 7-1
  }
  return undefined;
}
