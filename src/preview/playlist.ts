import type { TimedSegment } from "./source.ts";

/** Playlists (RFC 8216) as a boxcar server writes them. */

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

/** An init segment. */
export interface ListedInit {
  readonly url: string;
  /** RFC 6381, comma separated. */
  readonly codecs: string;
}

/** What a media playlist lists. URLs are absolute. */
export interface ListedMedia {
  /** By their numbers. */
  readonly inits: readonly ListedInit[];
  readonly segments: readonly (TimedSegment & { readonly url: string })[];
  /** Whether there will be more. */
  readonly isGrowing: boolean;
}

/** Reads a media playlist: its segments in order. */
export function readSegments(text: string, base: string): ListedMedia {
  const inits: ListedInit[] = [];
  let codecs = "";
  const segments: (TimedSegment & { readonly url: string })[] = [];
  let init = 0;
  let startMs = 0;
  let durationMs = 0;
  let begins = true;
  for (const line of text.split("\n")) {
    const [, tag, value = ""] = /^#EXT(?:-X-)?([A-Z-]+):(.*)$/.exec(line) ?? [];
    if (tag === "MAP") {
      const url = new URL(/URI="([^"]*)"/.exec(value)?.[1] ?? "", base).href;
      const known = inits.findIndex((one) => one.url === url);
      init = known === -1 ? inits.push({ url, codecs }) - 1 : known;
    } else if (tag === "BOXCAR-CODECS") codecs = value;
    else if (tag === "PROGRAM-DATE-TIME") {
      startMs = Date.parse(value);
      begins = true;
    } else if (tag === "INF") durationMs = Number.parseFloat(value) * 1000;
    else if (line !== "" && !line.startsWith("#")) {
      segments.push({ url: new URL(line, base).href, init, startMs, durationMs, begins });
      startMs += durationMs;
      begins = false;
    }
  }
  return { inits, segments, isGrowing: !text.includes("#EXT-X-ENDLIST") };
}
