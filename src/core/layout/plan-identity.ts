import { hex } from "../../base/bytes.ts";
import type { RecordedSegment } from "../segment.ts";
import type { Sha256 } from "../../base/ports.ts";
import { HOUR_MS } from "../../base/units.ts";
import { webSha256 } from "../../base/sha256.ts";

/** Goes into every ETag: raise it when the same plan would give other bytes. */
const LAYOUT_VERSION = 28;
/** Values that are hashed at once: some 200 kB of text. */
const BLOCK = 8192;

/** What of a segment names it. */
export type NamedSegment = Pick<RecordedSegment, "id" | "etag" | "identity" | "startMs">;

/** Names segments that follow one another by one hash: of the name and start of each. */
export class SegmentNames {
  readonly #sha256: Sha256;
  #values: unknown[] = [];

  /** @param sha256 default: WebCrypto's */
  constructor(sha256: Sha256 = webSha256) {
    this.#sha256 = sha256;
  }

  /** Adds the next segment: at once but for every few thousandth, whose caller has to wait. */
  add(segment: NamedSegment): Promise<void> | undefined {
    this.#values.push(...nameOf(segment), segment.startMs);
    return this.#values.length < BLOCK ? undefined : this.#fold();
  }

  /** 128 bits of SHA-256, hexadecimal. */
  digest(): Promise<string> {
    return hashOf(this.#sha256, this.#values);
  }

  /** What came so far is named by its hash from here on. */
  async #fold(): Promise<void> {
    this.#values = [await this.digest()];
  }
}

/**
 * What a plan was made from, as a strong hash: of the layout, the query, and of each hour the names of the segments that start
 * in it. What is kept of an hour has their hash, so that nobody has to read them.
 */
export class PlanIdentity {
  readonly #sha256: Sha256;
  readonly #query: readonly unknown[];
  readonly #before: unknown[] = [];
  readonly #hours: string[] = [];
  /** Hours since 1970: the one that segments are added to. */
  #hour: number | undefined;
  #names: SegmentNames;

  /** @param sha256 default: WebCrypto's */
  constructor(sha256: Sha256 = webSha256, query: readonly unknown[]) {
    this.#sha256 = sha256;
    this.#query = query;
    this.#names = new SegmentNames(sha256);
  }

  /** Notes a segment that is decoded before one of the range. */
  addBefore(segment: RecordedSegment): void {
    this.#before.push(...nameOf(segment));
  }

  /** Adds the next segment: at once but for the first one of an hour, whose caller has to wait. */
  add(segment: RecordedSegment): Promise<void> | undefined {
    const hour = Math.floor(segment.startMs / HOUR_MS);
    return hour === this.#hour ? this.#names.add(segment) : this.#begin(hour, segment);
  }

  /** Adds all segments of an hour. @param names the digest of their `SegmentNames` */
  async addHour(names: string): Promise<void> {
    await this.#end();
    this.#hours.push(names);
  }

  /** 128 bits of SHA-256, hexadecimal. */
  async digest(): Promise<string> {
    await this.#end();
    return hashOf(this.#sha256, [LAYOUT_VERSION, this.#query, this.#before, this.#hours]);
  }

  async #begin(hour: number, segment: RecordedSegment): Promise<void> {
    await this.#end();
    this.#hour = hour;
    await this.#names.add(segment);
  }

  async #end(): Promise<void> {
    if (this.#hour === undefined) return;
    this.#hours.push(await this.#names.digest());
    this.#hour = undefined;
    this.#names = new SegmentNames(this.#sha256);
  }
}

function nameOf({ id, etag, identity }: Pick<NamedSegment, "id" | "etag" | "identity">): readonly unknown[] {
  return identity === undefined ? [id, etag] : [identity];
}

async function hashOf(sha256: Sha256, values: readonly unknown[]): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(JSON.stringify(values)));
  return hex(hash.subarray(0, 16));
}
