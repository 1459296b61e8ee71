import type { Catalog } from "../catalog/catalog.ts";
import type { RecordedBounds } from "../catalog/recorded.ts";
import { downloadPath } from "../base/stream-path.ts";
import { formatTime } from "../base/time.ts";
import { codecFamily } from "../core/track-kinds.ts";

/** A part of a range that can be downloaded as one file. */
export interface PlayableSpan {
  /** RFC 3339, UTC. */
  readonly start: string;
  /** Exclusive. */
  readonly end: string;
  /** RFC 6381, of its first segment. */
  readonly codecs: string;
  /** Path and query of its download. */
  readonly url: string;
}

/** Spans that one answer lists; a range with more changes is cut into smaller ones first. */
const MAX_SPANS = 100;

/** The parts of a range between the moments at which a codec changes, told from the catalog's rows alone. */
export async function playableSpans(
  catalog: Catalog,
  query: { readonly streamPath: string; readonly startMs: number; readonly endMs: number },
  bounds: RecordedBounds,
): Promise<PlayableSpan[]> {
  const spans: { startMs: number; endMs: number; codecs: string; families: string }[] = [];
  let coveredMs = query.startMs;
  for await (const { segments } of catalog.recorded(query.streamPath, query.startMs, query.endMs, bounds)) {
    if (spans.length > MAX_SPANS) break;
    for (const { startMs, endMs, codecs } of segments) {
      const families = codecs.split(",").map(codecFamily).sort().join();
      const last = spans.at(-1);
      if (last?.families === families) last.endMs = Math.max(last.endMs, endMs);
      else {
        // Where both are recorded neither span may reach: its range would hold segments of the other.
        if (last !== undefined) last.endMs = Math.min(last.endMs, startMs);
        spans.push({ startMs: Math.max(startMs, coveredMs), endMs, codecs, families });
      }
      coveredMs = Math.max(coveredMs, endMs);
    }
  }
  return spans
    .map((span) => ({ ...span, endMs: Math.min(span.endMs, query.endMs) }))
    .filter(({ startMs, endMs }) => startMs < endMs)
    .slice(0, MAX_SPANS)
    .map(({ startMs, endMs, codecs }) => {
      const [start, end] = [formatTime(startMs), formatTime(endMs)];
      return { start, end, codecs, url: `${downloadPath(query.streamPath, "mp4")}?start=${start}&end=${end}` };
    });
}
