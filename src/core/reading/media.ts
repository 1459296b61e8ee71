import type { ByteSpan } from "../../base/ports.ts";

/** A body whose every byte can be asked for by position: a planned download, or one stored object as it is. */
export interface Media {
  /** Bytes. */
  readonly size: number;
  /** Strong entity tag without quotes (RFC 9110 section 8.8.3). Equal tags mean equal bytes. */
  readonly etag: string;
  /**
   * Yields exactly `span.length` bytes, or throws. A chunk is only valid until the next one is asked for. Ending the
   * iteration early frees everything the read held.
   * @throws BoxcarError as the store and the catalog do, for what changed since the plan was made
   */
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
}
