import { BoxcarError } from "./errors.ts";
import { remembered } from "./remembered.ts";

/**
 * Returns a stream path when it may name a stream: at most 512 bytes of UTF-8, parts of 1 to 200 bytes between single
 * slashes, none of them `.` or `..`, without control characters, separators of lines (U+2028, U+2029), backslashes and `*`.
 * @param wildcards whether `*` may stand in it, as in listings
 * @throws BoxcarError `bad_stream_path` (400)
 */
export function checkStreamPath(path: string, wildcards = false): string {
  const bad = (expected: string): BoxcarError => {
    const message = `"${path.slice(0, 64).replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?")}" is no stream path: ${expected}. Use names between slashes, such as live/cam1.`;
    return new BoxcarError("bad_stream_path", message);
  };
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  if (bytes(path) > 512) throw bad("it may have at most 512 bytes");
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\\]/u.test(path))
    throw bad("it may not hold control characters, ends of lines, backslashes or broken characters");
  if (!wildcards && path.includes("*")) throw bad("* is a wildcard, which only the list understands");
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === "..") throw bad('no part may be empty, "." or ".."');
    if (bytes(part) > 200) throw bad("a part may have at most 200 bytes");
  }
  return path;
}

/** The part of a stream path before its first slash, by which tokens usually tell whose a stream is; all of it where it has none. */
export function firstPart(streamPath: string): string {
  return streamPath.split("/", 1)[0] ?? streamPath;
}

/** A stream path as it stands in a URL: percent-encoded, its slashes kept. */
export const encodeStreamPath = remembered((streamPath: string): string =>
  streamPath.split("/").map(encodeURIComponent).join("/"),
);

/** The path of a stream's downloads, percent-encoded: `/mp4/download/live/cam1.mp4`. */
export function downloadPath(streamPath: string, format: "mp4" | "fmp4"): string {
  return `/mp4/download/${encodeStreamPath(streamPath)}.${format}`;
}

/** The path of a stream's pictures, percent-encoded. */
export function snapshotPath(streamPath: string, format: "jpg" | "png"): string {
  return `/mp4/snapshot/${encodeStreamPath(streamPath)}.${format}`;
}

/** The path of a stream's storyboard, or of its sheets, percent-encoded. */
export function spritePath(streamPath: string, format: "vtt" | "jpg"): string {
  return `/mp4/sprite/${encodeStreamPath(streamPath)}.${format}`;
}
