import { mediaTypeOfEnding } from "../base/media-types.ts";

/**
 * The `Content-Type` that an object is written with, for those who read it from the bucket itself: browsers, a CDN, OSS's
 * own processing. `application/octet-stream` for endings it does not know.
 */
export function contentTypeOf(key: string): string {
  return mediaTypeOfEnding(key.slice(key.lastIndexOf(".") + 1))?.contentType ?? "application/octet-stream";
}
