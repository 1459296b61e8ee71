import { HandOver } from "./hand-over.ts";
import type { RtpPacket } from "./rtp.ts";

/** Takes frames of AAC out of packets (RFC 3640, mode AAC-hbr: headers of 13 bits of size and 3 of index). */
export class AacFrames {
  #timestamp = 0;
  #size = 0;
  #chunks: Uint8Array[] = [];
  #length = 0;

  /**
   * The frames that the next packet ends, the first one of the packet's timestamp.
   * @param isAfterLoss whether packets before it are missing
   * @throws HandOver when frames are interleaved
   */
  push({ timestamp, payload }: RtpPacket, isAfterLoss: boolean): Uint8Array[] {
    if (payload.length < 4) return [];
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const headers = Math.ceil(view.getUint16(0) / 16);
    let at = 2 + 2 * headers;
    if (headers === 0 || at > payload.length) return [];
    if (isAfterLoss || timestamp !== this.#timestamp) this.#chunks = [];
    this.#timestamp = timestamp;
    const frames: Uint8Array[] = [];
    for (let i = 0; i < headers; i++) {
      const size = view.getUint16(2 + 2 * i) >> 3;
      if ((view.getUint16(2 + 2 * i) & 7) !== 0) throw new HandOver("its sound is interleaved");
      const frame = payload.subarray(at, at + size);
      at += size;
      if (size === 0) continue;
      if (frame.length === size && this.#chunks.length === 0) frames.push(frame);
      else if (headers === 1) frames.push(...this.#join(frame, size));
    }
    return frames;
  }

  /** A frame in several packets, each of which has its whole size. */
  #join(part: Uint8Array, size: number): Uint8Array[] {
    if (this.#chunks.length === 0 || size !== this.#size) [this.#chunks, this.#length] = [[], 0];
    // Parts of nothing would never make a frame, however many of them are kept.
    if (part.length === 0) return [];
    this.#size = size;
    // A copy: what was read with it would be kept, too.
    this.#chunks.push(part.slice());
    this.#length += part.length;
    if (this.#length < size) return [];
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return whole.length === size ? [whole] : [];
  }
}
