import { concatenated, lengthOf, NO_BYTES } from "../../base/bytes.ts";
import { ChunkSizes, HeldChunks, LEAST_CHUNK } from "../../base/small-chunks.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { HoldMemory } from "../../base/ports.ts";
import type { ProducerTime } from "../wasm/abi/records.ts";
import { LiveBoxes } from "../wasm/live-boxes.ts";
import type { MetadataBox } from "../wasm/built-index.ts";
import type { Core } from "../wasm/module.ts";

/** Bytes that `ftyp` and `moov` of a live stream, and a `moof`, may have. */
const MOST_METADATA = 8 << 20;
/** Bytes that the media of one part may have: a few seconds of the fastest cameras. */
const MOST_MEDIA = 64 << 20;
const HEADER = 8;
const LARGE_HEADER = 16;
const KEPT = ["ftyp", "moov", "moof", "mdat", "prft"];

/** What stands before the parts of a stream: `ftyp` and `moov` (an initialization segment, ISO/IEC 23009-1 clause 3.1.18). */
export interface StreamHeader {
  readonly kind: "header";
  /** As they lie one behind the other at the start of a file. */
  readonly boxes: readonly MetadataBox[];
  readonly bytes: Uint8Array;
}

/** One movie fragment and its media, `moof` and `mdat` (ISO/IEC 14496-12 clause 8.8.4). */
export interface StreamPart {
  readonly kind: "part";
  /** Where `moof` lay in the stream. */
  readonly offset: number;
  readonly moof: Uint8Array;
  /** Bytes of the header of `mdat`. */
  readonly mediaHeader: Uint8Array;
  /** `mdat`, its header included. */
  readonly media: readonly Uint8Array[];
  /** Bytes of all. */
  readonly size: number;
  /** What a `prft` before it says of when its media was captured. */
  readonly produced?: ProducerTime | undefined;
}

interface OpenBox {
  readonly type: string;
  readonly offset: number;
  readonly header: Uint8Array;
  readonly chunks: HeldChunks;
  /** Bytes still to come. */
  left: number;
}

/**
 * Takes a stream of fragmented MP4 apart as it arrives: its header, then part after part, each as soon as its last byte is
 * there. Boxes between them (`styp`, `sidx`, `emsg`) are left out, `prft` is read. A header may come again, when parameters change.
 */
export class FragmentReader {
  readonly #core: Core;
  readonly #hold: HoldMemory | undefined;
  readonly #sizes = new ChunkSizes();
  #offset = 0;
  /** Header of the next box, as far as it has come, and how long it is. */
  #head = NO_BYTES;
  #headLength = HEADER;
  #box: OpenBox | undefined;
  #fileType: Uint8Array | undefined;
  #started = false;
  #produced: ProducerTime | undefined;
  #moof: { readonly offset: number; readonly bytes: Uint8Array } | undefined;

  /** @param hold told of the bytes of what is on its way */
  constructor(core: Core, hold?: HoldMemory) {
    this.#core = core;
    this.#hold = hold;
  }

  /**
   * Takes the next bytes, and keeps references to them, but to small chunks.
   * @throws BoxcarError of status.ts (`not_mp4`, `bad_box_size`), `not_fragmented` (422), `part_too_large` (422), and as `hold` does
   */
  *push(chunk: Uint8Array): Generator<StreamHeader | StreamPart, void, undefined> {
    for (let at = 0; at < chunk.length;) {
      if (this.#box === undefined) at += this.#readHeader(chunk, at);
      const box = this.#box;
      if (box === undefined) continue;
      const bytes = chunk.subarray(at, at + box.left);
      at += bytes.length;
      box.left -= bytes.length;
      if (KEPT.includes(box.type) && bytes.length > 0) box.chunks.push(bytes);
      if (box.left > 0) return;
      this.#box = undefined;
      const event = this.#close(box);
      if (event !== undefined) yield event;
    }
  }

  /** Takes what the header of the next box needs, and begins the box once it is there. Returns the bytes taken. */
  #readHeader(chunk: Uint8Array, at: number): number {
    const bytes = chunk.subarray(at, at + this.#headLength - this.#head.length);
    const head = concatenated([this.#head, bytes]);
    this.#head = head;
    if (head.length < this.#headLength) return bytes.length;
    const { action, type, size } = this.#core.scanHeader(head, this.#offset, false);
    if (action === "more") {
      this.#headLength = LARGE_HEADER;
      return bytes.length;
    }
    this.#check(type, size);
    // Each takes a microsecond, whatever it holds. A mdat has its moof before it, of more bytes than are asked for.
    if (type !== "mdat" && this.#sizes.areTooSmall(size))
      throw notFragmented(`its boxes have fewer than ${String(LEAST_CHUNK)} bytes each`);
    const chunks = KEPT.includes(type) ? new HeldChunks(head) : new HeldChunks();
    this.#box = { type, offset: this.#offset, header: head, chunks, left: size - head.length };
    this.#offset += size;
    this.#head = NO_BYTES;
    this.#headLength = HEADER;
    return bytes.length;
  }

  #check(type: string, size: number): void {
    if (type.includes("?")) throw notFragmented(`there is no box at byte ${String(this.#offset)}`);
    if (size === 0) throw notFragmented(`its box ${type} extends to the end of the file`);
    if (type === "mdat" && this.#moof === undefined) throw notFragmented("it has an mdat box without a moof before it");
    if (type === "moof" && !this.#started) throw notFragmented("it has a moof box without a moov before it");
    const most = type === "mdat" ? MOST_MEDIA : MOST_METADATA;
    if (!KEPT.includes(type)) return;
    if (size <= most) {
      this.#hold?.(size);
      return;
    }
    const message = `The box ${type} of the stream has ${size} bytes; ${most} are allowed. Write shorter fragments.`;
    throw new BoxcarError("part_too_large", message, { box: type, most });
  }

  #close({ type, offset, header, chunks: { all: chunks } }: OpenBox): StreamHeader | StreamPart | undefined {
    if (type === "ftyp") this.#fileType = concatenated(chunks);
    if (type === "prft") this.#produced = new LiveBoxes(this.#core).readProducerTime(concatenated(chunks));
    if (type === "moof") this.#moof = { offset, bytes: concatenated(chunks) };
    if (type === "moov") {
      this.#started = true;
      const given = [...(this.#fileType === undefined ? [] : [this.#fileType]), concatenated(chunks)];
      let at = 0;
      const boxes = given.map((bytes) => ({ offset: (at += bytes.length) - bytes.length, bytes }));
      return { kind: "header", boxes, bytes: concatenated(given) };
    }
    if (type !== "mdat" || this.#moof === undefined) return undefined;
    const { offset: start, bytes: moof } = this.#moof;
    const produced = this.#produced;
    this.#moof = undefined;
    this.#produced = undefined;
    // What lies between the two is part of the distance that data offsets count.
    if (start + moof.length !== offset) throw notFragmented("a box stands between a moof and its mdat");
    const size = moof.length + lengthOf(chunks);
    return { kind: "part", offset: start, moof, mediaHeader: header, media: chunks, size, produced };
  }
}

function notFragmented(why: string): BoxcarError {
  const message = `This is no stream of fragmented MP4: ${why}. With ffmpeg: -f mp4 -movflags +frag_keyframe+empty_moov+default_base_moof.`;
  return new BoxcarError("not_fragmented", message);
}
