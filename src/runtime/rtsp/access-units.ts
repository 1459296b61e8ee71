import { HandOver, sourceFailed } from "./hand-over.ts";
import type { RtpPacket } from "./rtp.ts";

/** Bytes that a picture may have, and what each of its parts counts at least: it takes as much to hold. */
const MOST = 16 << 20;
const LEAST_PART = 256;
/** Parts of a picture that are kept as they came, amid what else was read at once: of more of them copies are kept. */
const LENT_PARTS = 64;

/** One NAL unit. */
export interface NalUnit {
  readonly type: number;
  /** Its bytes, header included, in as many parts as it came in. */
  readonly chunks: readonly Uint8Array[];
}

/** The NAL units of one RTP timestamp, in the order of decoding. */
export interface AccessUnit {
  readonly timestamp: number;
  readonly units: readonly NalUnit[];
}

/** How NAL units of one codec are told apart. */
export interface NalTypes {
  /** By the first byte. */
  readonly typeOf: (first: number) => number;
  readonly isPicture: (type: number) => boolean;
}

/** ITU-T H.264 table 7-1 and H.265 table 7-1. */
export const NAL_TYPES: Readonly<Record<"h264" | "h265", NalTypes>> = {
  h264: { typeOf: (first) => first & 31, isPicture: (type) => type >= 1 && type <= 5 },
  h265: { typeOf: (first) => (first >> 1) & 63, isPicture: (type) => type < 32 },
};

/** Types of packets of one codec, and of its units. */
interface Format extends NalTypes {
  /** Bytes of the header of a unit. */
  readonly header: 1 | 2;
  readonly aggregation: number;
  readonly fragment: number;
  /** From here on all other types are packets that are not known here. */
  readonly firstOther: number;
  /** The first byte of a unit's header by that of its fragments, and its type. */
  readonly headerOf: (first: number, type: number) => number;
  readonly typeBits: number;
}

const FORMATS: Readonly<Record<"h264" | "h265", Format>> = {
  // RFC 6184 section 5.2: STAP-A and FU-A
  h264: {
    ...NAL_TYPES.h264,
    ...{ header: 1, aggregation: 24, fragment: 28, firstOther: 24, typeBits: 31 },
    headerOf: (first, type) => (first & 0xe0) | type,
  },
  // RFC 7798 section 4.4
  h265: {
    ...NAL_TYPES.h265,
    ...{ header: 2, aggregation: 48, fragment: 49, firstOther: 48, typeBits: 63 },
    headerOf: (first, type) => (first & 0x81) | (type << 1),
  },
};

/** Puts access units of H.264 and H.265 together. One is whole when a packet with another timestamp comes: not all servers set the marker. */
export class AccessUnits {
  readonly #format: Format;
  #timestamp = 0;
  #units: NalUnit[] = [];
  #fragments: { readonly type: number; readonly chunks: Uint8Array[] } | undefined;
  #bytes = 0;
  #parts = 0;
  #isDamaged = false;
  /** Whether the last packet said that the picture ends with it, and whether packets before the picture are missing. */
  #isMarked = false;
  #mayLackStart = false;

  constructor(codec: "h264" | "h265") {
    this.#format = FORMATS[codec];
  }

  /**
   * Takes the next packet. Returns the access unit before, when it ends there; one of which a packet is missing is left out.
   * @param isAfterLoss whether packets before it are missing
   * @throws HandOver for packets of a kind that is not known here, BoxcarError `source_failed` for pictures that are too large
   */
  push({ timestamp, payload, marker }: RtpPacket, isAfterLoss: boolean): AccessUnit | undefined {
    if (isAfterLoss && !this.#isMarked) this.#isDamaged = true;
    const isNext = timestamp !== this.#timestamp;
    const whole = isNext ? this.end() : undefined;
    if (isNext) this.#mayLackStart = isAfterLoss;
    this.#timestamp = timestamp;
    this.#isMarked = marker;
    this.#take(++this.#parts > LENT_PARTS ? payload.slice() : payload);
    return whole;
  }

  /** Ends the access unit at hand, and returns it. */
  end(): AccessUnit | undefined {
    const isWhole = !this.#isDamaged && !this.#lacksStart() && this.#fragments === undefined && this.#units.length > 0;
    const whole = isWhole ? { timestamp: this.#timestamp, units: this.#units } : undefined;
    this.#units = [];
    this.#fragments = undefined;
    this.#bytes = 0;
    this.#parts = 0;
    this.#isDamaged = false;
    return whole;
  }

  /** Whether the first slice is missing: the first bit of its header (`first_mb_in_slice` of 0, `first_slice_segment_in_pic_flag`) is set. */
  #lacksStart(): boolean {
    const { header, isPicture } = this.#format;
    const chunks = this.#units.find(({ type }) => isPicture(type))?.chunks;
    if (!this.#mayLackStart || chunks === undefined) return false;
    const [start = new Uint8Array(0), rest] = chunks;
    return ((start[header] ?? rest?.[0] ?? 0) & 0x80) === 0;
  }

  /** Counts a part. @throws BoxcarError `source_failed` when the picture is too large */
  #count({ length }: Uint8Array): void {
    this.#bytes += Math.max(length, LEAST_PART);
    if (this.#bytes > MOST) throw sourceFailed(`a picture has more than ${String(MOST)} bytes`);
  }

  #take(payload: Uint8Array): void {
    const { header, typeOf, aggregation, fragment, firstOther } = this.#format;
    if (payload.length <= header) return;
    const type = typeOf(payload[0] ?? 0);
    this.#count(payload);
    if (type === fragment) this.#takeFragment(payload);
    else if (type === aggregation) this.#takeAll(payload.subarray(header));
    else if (type >= firstOther) throw new HandOver(`it sends packets of type ${String(type)}`);
    else this.#units.push({ type, chunks: [payload] });
  }

  #takeAll(payload: Uint8Array): void {
    const { header, typeOf } = this.#format;
    for (let at = 0; at + 2 < payload.length;) {
      const length = (payload[at] ?? 0) * 256 + (payload[at + 1] ?? 0);
      const unit = payload.subarray(at + 2, at + 2 + length);
      if (unit.length < length) this.#isDamaged = true;
      else if (length > header) {
        this.#count(unit);
        this.#units.push({ type: typeOf(unit[0] ?? 0), chunks: [unit] });
      }
      at += 2 + length;
    }
  }

  #takeFragment(payload: Uint8Array): void {
    const { header, headerOf, typeBits } = this.#format;
    const [first = 0, second = 0] = payload;
    const fragmentHeader = payload[header] ?? 0;
    const type = fragmentHeader & typeBits;
    const part = payload.subarray(header + 1);
    if ((fragmentHeader & 0x80) !== 0) {
      const start = headerOf(first, type);
      this.#isDamaged ||= this.#fragments !== undefined;
      this.#fragments = { type, chunks: [Uint8Array.from(header === 1 ? [start] : [start, second]), part] };
    } else if (this.#fragments === undefined) this.#isDamaged = true;
    else this.#fragments.chunks.push(part);
    if ((fragmentHeader & 0x40) === 0 || this.#fragments === undefined) return;
    this.#units.push(this.#fragments);
    this.#fragments = undefined;
  }
}
