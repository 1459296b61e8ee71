import { lengthOf } from "../../base/bytes.ts";
import type { Media } from "../../core/index.ts";
import type { ByteSpan } from "../../base/ports.ts";
import { started } from "../../base/started.ts";
import { contentRange } from "./byte-range.ts";

/** A body of known length. */
export interface SizedBody {
  readonly contentType: string;
  /** Bytes. */
  readonly length: number;
  /** Yields exactly `length` bytes; a chunk is only valid until the next one is asked for. */
  read(): AsyncIterable<Uint8Array>;
}

/** Several spans of one media as `multipart/byteranges` (RFC 9110 section 14.6). The same request gives the same bytes. */
export function multipartByteRanges(media: Media, spans: readonly ByteSpan[], partType: string): SizedBody {
  // Long enough never to stand in media by chance, of characters a boundary may have (RFC 2046 section 5.1.1).
  const boundary = `boxcar-part-${media.etag.replace(/[^0-9A-Za-z]/g, "").slice(0, 40)}`;
  const encoder = new TextEncoder();
  const heads = spans.map((span, i) => {
    const before = i === 0 ? "" : "\r\n";
    const fields = `Content-Type: ${partType}\r\nContent-Range: ${contentRange(span, media.size)}`;
    return encoder.encode(`${before}--${boundary}\r\n${fields}\r\n\r\n`);
  });
  const close = encoder.encode(`\r\n--${boundary}--\r\n`);
  const all = [...heads, ...spans, close];
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    length: lengthOf(all),
    async *read() {
      for (const [i, span] of spans.entries()) {
        const body = await started(media.read(span));
        try {
          yield heads[i] ?? new Uint8Array();
          yield* body;
        } finally {
          await body.close();
        }
      }
      yield close;
    },
  };
}
