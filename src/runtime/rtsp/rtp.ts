/** A packet of RTP (RFC 3550 section 5.1), without header extension and padding. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

/** Reads a packet; undefined when it is none. */
export function readRtp(bytes: Uint8Array): RtpPacket | undefined {
  // A hundred times a second and camera: without a view, which costs more than all else here.
  const at = (index: number): number => bytes[index] ?? 0;
  const [first, second] = [at(0), at(1)];
  if (bytes.length < 12 || first >> 6 !== 2) return undefined;
  let start = 12 + 4 * (first & 15);
  if ((first & 0x10) !== 0) {
    if (bytes.length < start + 4) return undefined;
    start += 4 + 4 * (at(start + 2) * 256 + at(start + 3));
  }
  const end = bytes.length - ((first & 0x20) === 0 ? 0 : at(bytes.length - 1));
  if (start > end) return undefined;
  return {
    payloadType: second & 127,
    marker: second > 127,
    sequence: at(2) * 256 + at(3),
    timestamp: ((at(4) << 24) | (at(5) << 16) | (at(6) << 8) | at(7)) >>> 0,
    payload: bytes.subarray(start, end),
  };
}

/** What a sender says of its clock (RFC 3550 section 6.4.1): a moment by wall clock and by RTP timestamp. */
export interface SenderReport {
  /** Milliseconds since 1970, not rounded. */
  readonly wallMs: number;
  readonly timestamp: number;
}

/** Seconds from 1900 (NTP) to 1970, and those of an era of NTP. */
const NTP_EPOCH = 2_208_988_800;
const TWO_32 = 4_294_967_296;
const SENDER_REPORT = 200;
const BYE = 203;

/** What packets of RTCP tell. */
export interface ControlPackets {
  /** Undefined: there is none, or none that tells the time. */
  readonly report: SenderReport | undefined;
  /** Whether the sender has left (section 6.6). */
  readonly isOver: boolean;
}

/** Reads packets of RTCP, as far as they are whole. */
export function readRtcp(bytes: Uint8Array): ControlPackets {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let report: SenderReport | undefined;
  let isOver = false;
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = 4 * (view.getUint16(at + 2) + 1);
    if (view.getUint8(at) >> 6 !== 2 || at + length > bytes.length) break;
    const type = view.getUint8(at + 1);
    if (type === SENDER_REPORT && length >= 28) report = readReport(view, at + 8);
    isOver ||= type === BYE;
    at += length;
  }
  return { report, isOver };
}

function readReport(view: DataView, at: number): SenderReport | undefined {
  const seconds = view.getUint32(at);
  if (seconds === 0) return undefined; // section 6.4.1: a sender without a clock
  const unix = seconds - NTP_EPOCH + (seconds < 0x8000_0000 ? TWO_32 : 0);
  return { wallMs: unix * 1000 + (view.getUint32(at + 4) / TWO_32) * 1000, timestamp: view.getUint32(at + 8) };
}

/** Counts timestamps of 32 bits on beyond their turn. */
export class Timestamps {
  #last: number | undefined;

  /** A timestamp, counted on from the last one that `extend` was given, or the first one. */
  near(timestamp: number): number {
    this.#last ??= timestamp + TWO_32;
    return this.#last + ((timestamp - this.#last) | 0);
  }

  /** As `near`; later ones count on from it. */
  extend(timestamp: number): number {
    this.#last = this.near(timestamp);
    return this.#last;
  }
}
