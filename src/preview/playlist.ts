/** Media segments as a media playlist (RFC 8216) of a boxcar server lists them. */

/** One media segment. */
export interface MediaSegment {
  /** Absolute. */
  readonly url: string;
  /** Of the init segment that it needs. Absolute. */
  readonly initUrl: string;
  /** Wall clock of its first picture, milliseconds since 1970, with a fraction. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Where it is played, seconds from the start of the range: a gap takes no time. */
  readonly atS: number;
}

/** Wall-clock time in which nothing is recorded. */
export interface Gap {
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

/** What the multivariant playlist says of a range. */
export interface Variant {
  /** Of the media playlist. Absolute. */
  readonly url: string;
  /** RFC 6381, comma separated. */
  readonly codecs: string;
  /** Pictures a second; undefined without a picture. */
  readonly frameRate: number | undefined;
}

/** Reads the one variant of a multivariant playlist. @throws Error when there is none */
export function readVariant(text: string, base: string): Variant {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.startsWith("#EXT-X-STREAM-INF:"));
  const [line, path] = [lines[at], lines[at + 1]];
  if (line === undefined || path === undefined) throw new Error(`${base} is no multivariant playlist`);
  const frameRate = Number(/FRAME-RATE=([\d.]+)/.exec(line)?.[1]);
  return {
    url: new URL(path, base).href,
    codecs: /CODECS="([^"]*)"/.exec(line)?.[1] ?? "",
    frameRate: frameRate > 0 ? frameRate : undefined,
  };
}

/** Seconds before the first segment: its first picture may lie a little before the time that is stated for it. */
const LEAD_S = 0.1;

/** Reads a media playlist: its segments in order. */
export function readSegments(text: string, base: string): MediaSegment[] {
  const segments: MediaSegment[] = [];
  let initUrl = base;
  let startMs = 0;
  let durationMs = 0;
  // Where what is told of next is played, and what is to be added to its wall clock for that.
  let atS = LEAD_S;
  let offsetS = 0;
  for (const line of text.split("\n")) {
    const [, tag, value = ""] = /^#EXT(?:-X-)?([A-Z-]+):(.*)$/.exec(line) ?? [];
    if (tag === "MAP") initUrl = new URL(/URI="([^"]*)"/.exec(value)?.[1] ?? "", base).href;
    else if (tag === "PROGRAM-DATE-TIME") {
      startMs = Date.parse(value);
      offsetS = atS - startMs / 1000;
    } else if (tag === "INF") durationMs = Number.parseFloat(value) * 1000;
    else if (line !== "" && !line.startsWith("#")) {
      segments.push({ url: new URL(line, base).href, initUrl, startMs, durationMs, atS: startMs / 1000 + offsetS });
      startMs += durationMs;
      atS = startMs / 1000 + offsetS;
    }
  }
  return segments;
}

/** What lies between segments, where it is longer than `toleranceMs`. */
export function gapsBetween(segments: readonly MediaSegment[], toleranceMs: number): Gap[] {
  return segments.slice(1).flatMap(({ startMs: endMs }, i) => {
    const before = segments[i];
    const startMs = before === undefined ? endMs : before.startMs + before.durationMs;
    return endMs - startMs > toleranceMs ? [{ startMs, endMs }] : [];
  });
}
