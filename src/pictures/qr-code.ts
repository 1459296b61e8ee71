import { matrix } from "qr-image";
import { BoxcarError } from "../base/errors.ts";
import { bitmapPng, bitmapSvg } from "./bitmap.ts";

/** UTF-8 bytes of the longest text a code may hold; the largest code of the standard has room for 2331 at this level. */
export const QR_TEXT_BYTES = 2048;
/** White modules around a code (ISO/IEC 18004 section 6.3.8). */
const QUIET = 4;
/** Error correction level: 15 % of a code may be unreadable. */
const LEVEL = "M";

/** What a QR code comes as. */
export interface QrOptions {
  /** Pixels a side at most: a PNG has the largest size of whole pixels a module that fits. An SVG has no size. */
  readonly size: number;
  readonly type: "png" | "svg";
}

/** A picture and its media type. */
export interface QrCode {
  readonly contentType: "image/png" | "image/svg+xml";
  readonly bytes: Uint8Array;
}

/**
 * The QR code of a text, as UTF-8.
 * @throws BoxcarError `bad_qr_text` (400) when there is no text or too much, `bad_qr_size` (400) when `size` is too
 * small for it
 */
export async function qrCode(text: string, { size, type }: QrOptions): Promise<QrCode> {
  const length = new TextEncoder().encode(text).length;
  if (length === 0 || length > QR_TEXT_BYTES) {
    const message = `The text of a QR code has 1 to ${QR_TEXT_BYTES} bytes of UTF-8; this has ${length}.`;
    throw new BoxcarError("bad_qr_text", message, { maxBytes: QR_TEXT_BYTES });
  }
  const modules = matrix(text, LEVEL);
  if (type === "svg")
    return { contentType: "image/svg+xml", bytes: new TextEncoder().encode(bitmapSvg(modules, QUIET)) };
  const side = modules.length + 2 * QUIET;
  const scale = Math.floor(size / side);
  if (scale < 1) {
    const message = `A QR code of this text needs ${side} pixels a side; ${size} is too small. Ask for a larger size.`;
    throw new BoxcarError("bad_qr_size", message, { leastSize: side });
  }
  return { contentType: "image/png", bytes: await bitmapPng(modules, QUIET, scale) };
}
