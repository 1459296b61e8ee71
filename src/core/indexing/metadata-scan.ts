import { concatenated, NO_BYTES } from "../../base/bytes.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { ByteSpan, HoldMemory } from "../../base/ports.ts";
import type { MetadataBox } from "../wasm/built-index.ts";
import type { Core } from "../wasm/module.ts";
import { BoxPacker, type PackedBoxes } from "../wasm/packed-boxes.ts";
import { Status } from "../wasm/abi/names.ts";
import { refusal } from "../wasm/status.ts";

/** Metadata a file may have, in bytes, when nothing else is said. A day of one recording in one file has about 70 MB. */
export const DEFAULT_METADATA_LIMIT = 128 << 20;

/** What a kept box counts against the limit at least, in bytes: small ones cost as much to hold. */
const LEAST_KEPT = 128;
/** Bytes that are kept of a file's first `mdat`: they tell whether the first picture can be decoded by itself, where nothing else does. */
const FIRST_MEDIA = 12 << 10;
const HEADER = 8;
const LARGE_HEADER = 16;

/** Bounds on what an indexer takes from a file. */
export interface IndexLimits {
  /** Bytes of metadata, default 128 MiB. */
  readonly metadataBytes?: number;
  /** Told how much metadata is kept. */
  readonly hold?: HoldMemory | undefined;
}

/** A top-level box as its header announces it. */
export interface TopLevelBox {
  readonly type: string;
  readonly offset: number;
  /** Bytes, 0 when it extends to the end of the file. */
  readonly size: number;
}

/**
 * Finds a file's metadata: goes from top-level box to top-level box, keeps those the index is made from and skips the
 * rest. It says which bytes it needs next; whether they are read on purpose or picked from a passing stream is the
 * caller's business. Ranges are ascending and never overlap.
 */
export class MetadataScan {
  readonly #core: Core;
  readonly #limit: number;
  readonly #hold: HoldMemory | undefined;
  readonly #boxes = new BoxPacker();
  #boxOffset = 0;
  readonly #visit: (box: TopLevelBox) => void;
  #type = "";
  /** Header bytes of the current box, until its fate is known. */
  #header = NO_BYTES;
  #wanted: ByteSpan = { offset: 0, length: HEADER };
  #keeping = false;
  /** The first bytes of media, until they are there. */
  #media: ByteSpan | undefined;
  #hasMedia = false;
  #kept = 0;
  /** Set by a box without an end, and by bytes that are no box: what it is, is the rest of the file. */
  #endless = false;
  /** Whether `moov` has passed. */
  #movie = false;
  /** Header of the box before `#boxOffset`, when nothing of it is kept. */
  #skipped: MetadataBox | undefined;

  /** @param visit told of every top-level box, in file order */
  constructor(core: Core, limits: IndexLimits = {}, visit: (box: TopLevelBox) => void = () => undefined) {
    this.#visit = visit;
    this.#core = core;
    this.#limit = limits.metadataBytes ?? DEFAULT_METADATA_LIMIT;
    this.#hold = limits.hold;
  }

  /** The bytes needed next; undefined once the rest of the file is not needed. */
  get wanted(): ByteSpan | undefined {
    return this.#media ?? (this.#endless ? undefined : this.#wanted);
  }

  /**
   * Takes the wanted bytes, all of them. Keeps no reference to `bytes`.
   * @throws BoxcarError of status.ts, `metadata_too_large` (413), and as `limits.hold` does
   */
  accept(bytes: Uint8Array): void {
    if (this.#media !== undefined) {
      this.#boxes.extend(bytes);
      this.#media = undefined;
      return;
    }
    if (this.#keeping) {
      this.#keep(bytes);
      return;
    }
    // What is kept of it is copied by `new Uint8Array`: `slice` makes no copy of a Node Buffer.
    const header = this.#header.length === 0 ? bytes : concatenated([this.#header, bytes]);
    const offset = this.#boxOffset;
    const scanned = this.#core.scanHeader(header, offset, this.#movie);
    this.#type = scanned.type;
    this.#skipped = undefined;
    if (scanned.action === "more") {
      this.#header = new Uint8Array(header);
      this.#wanted = { offset: offset + HEADER, length: LARGE_HEADER - HEADER };
      return;
    }
    if (scanned.action !== "end") this.#visit({ type: scanned.type, offset, size: scanned.size });
    if (scanned.action !== "keep") {
      if (scanned.action === "note") this.#note(header, offset, scanned.size);
      else this.#skipped = { offset, bytes: new Uint8Array(header) };
      if (scanned.action === "end" || scanned.size === 0) this.#endless = true;
      else this.#startBox(offset + scanned.size);
    } else {
      if (scanned.size === 0) throw refusal(Status.BadBoxSize, scanned.type, offset);
      this.#add(header, Math.max(scanned.size, LEAST_KEPT));
      this.#keeping = true;
      this.#wanted = { offset: offset + header.length, length: scanned.size - header.length };
      if (this.#wanted.length === 0) this.#keep(NO_BYTES);
    }
  }

  /**
   * Once: the kept boxes of a file that turned out to have `size` bytes. What it ends in is the last of them where the core has to
   * know of it: what there is of a box's header.
   * @throws BoxcarError `not_mp4` (422) of a file too short for any box
   */
  finish(size: number): PackedBoxes {
    if (size < HEADER) {
      const what = size === 0 ? "The file is empty" : `${size} bytes are no MP4 file`;
      throw new BoxcarError("not_mp4", `${what}. An MP4 file is needed.`, { box: "", offset: 0 });
    }
    if (size !== this.#boxOffset && !this.#keeping) {
      const behind = size > this.#boxOffset && !this.#endless;
      const last = behind ? { offset: this.#boxOffset, bytes: this.#header } : this.#skipped;
      if (last !== undefined) this.#boxes.add(last.offset, last.bytes);
    }
    return this.#boxes.packed();
  }

  /** Keeps the header of a box of media, and of the first one what it begins with. */
  #note(header: Uint8Array, offset: number, size: number): void {
    this.#add(header, LEAST_KEPT);
    const length = Math.min(FIRST_MEDIA, size - header.length);
    if (!this.#hasMedia && length > 0) this.#media = { offset: offset + header.length, length };
    this.#hasMedia = true;
  }

  /** Keeps the current box, as far as it is there. @param charged bytes that it counts against the limit */
  #add(header: Uint8Array, charged: number): void {
    this.#kept += charged;
    if (this.#kept > this.#limit) throw tooLarge(this.#type, this.#boxOffset, this.#limit);
    this.#hold?.(this.#kept);
    this.#boxes.add(this.#boxOffset, header);
  }

  #startBox(offset: number): void {
    this.#boxOffset = offset;
    this.#header = NO_BYTES;
    this.#keeping = false;
    this.#wanted = { offset, length: HEADER };
  }

  #keep(bytes: Uint8Array): void {
    this.#boxes.extend(bytes);
    this.#movie ||= this.#type === "moov";
    this.#startBox(this.#wanted.offset + this.#wanted.length);
  }
}

function tooLarge(box: string, offset: number, limit: number): BoxcarError {
  return new BoxcarError(
    "metadata_too_large",
    `The file's metadata is larger than ${limit} bytes (box ${box} at byte ${offset}). Split the recording.`,
    { box, offset, limit },
  );
}
