/** How much one upload may be: everything that is sent is held to `BOXCAR_MAX_UPLOAD` here, and nowhere else. */
import { BoxcarError } from "../base/errors.ts";

/** What is sent: a recorded segment, any file, or a form with some. */
export type Sent = "segment" | "file" | "form";

/**
 * Refuses an upload by the size that its client announces.
 * @param size bytes
 * @param maxBytes inclusive
 * @throws BoxcarError `too_large` (413)
 */
export function checkUploadSize(sent: Sent, size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  const smaller = {
    segment: "Upload shorter segments, or raise",
    file: "Raise",
    form: "Upload less at once, or raise",
  };
  const message = `The ${sent} is larger than the ${String(maxBytes)} bytes allowed. ${smaller[sent]} BOXCAR_MAX_UPLOAD.`;
  throw new BoxcarError("too_large", message, { maxBytes });
}

/**
 * The bytes of an upload while they arrive, whatever was announced.
 * @param maxBytes inclusive
 * @throws BoxcarError `too_large` (413) at the first byte beyond, and as `body` does
 */
export async function* ofUploadSize(
  sent: Sent,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    checkUploadSize(sent, size, maxBytes);
    yield chunk;
  }
}
