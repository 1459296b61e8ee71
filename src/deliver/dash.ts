import type { Sha256 } from "../base/ports.ts";
import {
  StreamMeasure,
  type StreamedSegment,
  type StreamedStretch,
  type StreamSink,
  type StreamTracks,
} from "../core/index.ts";
import { initName, mediaName } from "./media-names.ts";

/** Ticks a second of timelines. */
const TIMESCALE = 1_000_000;

/** What a manifest is written with. */
export interface ManifestOptions {
  /** Renditions that are listed. */
  readonly tracks: readonly Exclude<StreamTracks, "av">[];
  /** What a media segment lasts about, milliseconds. */
  readonly usualMs: number;
  /** Folder of the media segments, with a slash at the end. */
  readonly folder: string;
  readonly sha256?: Sha256 | undefined;
}

/** A stretch that is played through: a period of the manifest. */
interface Period {
  readonly stretch: StreamedStretch;
  readonly measure: StreamMeasure;
  /** Names of the media segments in two parts, before and behind those of their tracks. */
  readonly names: (readonly [string, string])[];
  /** Where each starts, wall clock, microseconds, and where the last one ends. */
  readonly times: number[];
}

/**
 * Writes a manifest (ISO/IEC 23009-1) of a range that is over, as the range is divided: a period for each stretch, whose
 * picture and sound are renditions of their own.
 */
export class Manifest implements StreamSink {
  readonly #options: ManifestOptions;
  readonly #periods: Period[] = [];
  /** What is listed, wall clock, milliseconds: from here until there, exclusive. */
  fromMs = Number.POSITIVE_INFINITY;
  toMs = Number.NEGATIVE_INFINITY;

  constructor(options: ManifestOptions) {
    this.#options = options;
  }

  begin(stretch: StreamedStretch): void {
    const measure = new StreamMeasure(this.#options.usualMs);
    this.#periods.push({ stretch, measure, names: [], times: [Math.round(stretch.startMs * 1000)] });
  }

  add(segment: StreamedSegment): void {
    const { timed, first, end, startMs, durationMs } = segment;
    const period = this.#periods.at(-1);
    if (period === undefined) return;
    period.measure.add(segment);
    const { lastingId: id = timed.segment.id, startMs: recordedMs } = timed.segment;
    const [before = "", behind = ""] = mediaName({ id, startMs: recordedMs, tracks: "av", first, end }).split("/av/");
    period.names.push([before, behind]);
    period.times.push(Math.round((startMs + durationMs) * 1000));
    this.fromMs = Math.min(this.fromMs, Math.floor(startMs));
    this.toMs = Math.max(this.toMs, Math.ceil(startMs + durationMs));
  }

  /** @param query added to each URL, with its `?` */
  async text(query = ""): Promise<string> {
    const { usualMs, folder } = this.#options;
    const total = this.#periods.reduce((sum, { times }) => sum + lengthOf(times), 0);
    const lines = [
      '<?xml version="1.0" encoding="utf-8"?>',
      `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile:full:2011" mediaPresentationDuration="${duration(total)}" minBufferTime="${duration(usualMs * 1000)}">`,
      `<BaseURL>${escaped(folder)}</BaseURL>`,
    ];
    for (const [i, period] of this.#periods.entries()) {
      lines.push(`<Period id="${i}" duration="${duration(lengthOf(period.times))}">`);
      for (const tracks of this.#options.tracks) lines.push(await this.#rendition(period, tracks, escaped(query)));
      lines.push("</Period>");
    }
    return `${lines.filter((line) => line !== "").join("\n")}\n</MPD>\n`;
  }

  async #rendition({ stretch, measure, names, times }: Period, tracks: "v" | "a", query: string): Promise<string> {
    const codec = tracks === "v" ? measure.videoCodec : measure.audioCodec;
    if (codec === undefined) return "";
    const init = await initName(stretch.configuration, tracks, this.#options.sha256);
    const [type, rate] = tracks === "v" ? ["video", measure.picture] : ["audio", measure.sound];
    const { width, height, frameRate } = measure;
    const shape = tracks === "v" ? ` width="${width}" height="${height}" frameRate="${fraction(frameRate)}"` : "";
    return [
      `<AdaptationSet contentType="${type}" mimeType="${type}/mp4" segmentAlignment="true" startWithSAP="1">`,
      `<Representation id="${tracks}" codecs="${codec}" bandwidth="${rate.peak}"${shape}>`,
      `<SegmentList timescale="${TIMESCALE}" presentationTimeOffset="${times[0] ?? 0}">`,
      `<Initialization sourceURL="${init}${query}"/>`,
      ...timeline(times),
      ...names.map(([before, behind]) => `<SegmentURL media="${before}/${tracks}/${behind}${query}"/>`),
      "</SegmentList>\n</Representation>\n</AdaptationSet>",
    ].join("\n");
  }
}

function lengthOf(times: readonly number[]): number {
  return (times.at(-1) ?? 0) - (times[0] ?? 0);
}

/** An entry for each media segment: dash.js counts entries, not their repetitions, to find a URL in the list. */
function timeline(times: readonly number[]): string[] {
  const entries = times.slice(1).map((end, i) => {
    const start = times[i] ?? end;
    return i === 0 ? `<S t="${start}" d="${end - start}"/>` : `<S d="${end - start}"/>`;
  });
  return ["<SegmentTimeline>", ...entries, "</SegmentTimeline>"];
}

/** A frame rate as a whole number, or as a fraction of thousandths. */
function fraction(rate: number): string {
  return Math.abs(rate - Math.round(rate)) < 0.001 ? String(Math.round(rate)) : `${Math.round(rate * 1000)}/1000`;
}

function duration(microseconds: number): string {
  return `PT${Number((microseconds / 1e6).toFixed(6))}S`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
