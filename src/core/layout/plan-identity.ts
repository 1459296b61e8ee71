import { hex } from "../../base/bytes.ts";
import type { RecordedSegment } from "../segment.ts";
import type { Sha256 } from "../../base/ports.ts";
import { webSha256 } from "../../base/sha256.ts";

/** Goes into every ETag: raise it when the same plan would give other bytes. */
const LAYOUT_VERSION = 16;
/** Values that are hashed at once: some 200 kB of text. */
const BLOCK = 8192;

/** What a plan was made from, as a strong hash: of the layout, the query, and each segment's name and start. */
export class PlanIdentity {
  readonly #sha256: Sha256;
  #values: unknown[];

  /** @param sha256 default: WebCrypto's */
  constructor(sha256: Sha256 | undefined, query: readonly unknown[]) {
    this.#sha256 = sha256 ?? webSha256;
    this.#values = [LAYOUT_VERSION, ...query];
  }

  /** Notes a segment that is decoded before one of the range. */
  addBefore(segment: RecordedSegment): void {
    this.#values.push("before", ...nameOf(segment));
  }

  /** Adds the next segment: at once but for every few thousandth, whose caller has to wait. */
  add(segment: RecordedSegment): Promise<void> | undefined {
    this.#values.push(...nameOf(segment), segment.startMs);
    return this.#values.length < BLOCK ? undefined : this.#fold();
  }

  /** 128 bits of SHA-256, hexadecimal. */
  async digest(): Promise<string> {
    const hash = await this.#sha256(new TextEncoder().encode(JSON.stringify(this.#values)));
    return hex(hash.subarray(0, 16));
  }

  /** What came so far is named by its hash from here on, whole. */
  async #fold(): Promise<void> {
    const hash = await this.#sha256(new TextEncoder().encode(JSON.stringify(this.#values)));
    this.#values = [hex(hash)];
  }
}

function nameOf({ id, etag, identity }: RecordedSegment): readonly unknown[] {
  return identity === undefined ? [id, etag] : [identity];
}
