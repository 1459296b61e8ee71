import type { Sha256 } from "../base/ports.ts";
import { formatTime } from "../base/time.ts";
import {
  configurationName,
  StreamMeasure,
  type StreamedSegment,
  type StreamedStretch,
  type StreamSink,
  PART_MS,
  type StreamTracks,
  type UnfinishedSegment,
} from "../core/index.ts";
import { captionsName, initName, mediaName, NOW, partsName } from "./media-names.ts";

/** Ticks a second of timelines. */
const TIMESCALE = 1_000_000;

/** Bits of a caption, one a second. */
const CAPTION_RATE = 500;
const LIST_END = "</SegmentList>\n</Representation>\n</AdaptationSet>\n";
/** Entries that are written at a time. */
const STEP = 200;

/** What a manifest is written with. */
export interface ManifestOptions {
  /** Renditions that are listed. */
  readonly tracks: readonly Exclude<StreamTracks, "av">[];
  /** What a media segment lasts about, milliseconds. */
  readonly usualMs: number;
  /** Folder of the media segments, with a slash at the end. */
  readonly folder: string;
  /** Whether gaps take their time. Of a stream that is being recorded they do anyway. */
  readonly gaps: "skip" | "keep";
  /** Captions that tell the wall clock; absent: there are none. */
  readonly captions?: { readonly offsetMinutes: number } | undefined;
  /** Of a stream that is being recorded; absent: the range is over. */
  readonly live?: LiveManifest | undefined;
  readonly sha256?: Sha256 | undefined;
}

/** A manifest that is asked for again as more is recorded. */
export interface LiveManifest {
  /** Wall clock, milliseconds. */
  readonly nowMs: number;
  /** Milliseconds that it reaches back from there; absent: it grows from its start on. */
  readonly windowMs?: number | undefined;
  /** Whether nothing more will come. */
  readonly over: boolean;
  /** Whether the media segment that is being recorded is listed, too. */
  readonly low: boolean;
  /** What presentation times count from, unless it slides: given the start of the first media segment, microseconds. */
  readonly originOf: (first: number) => number;
}

/** Media segments that players keep behind the live edge: the newest is listed once the next one has begun. */
const DELAY_SEGMENTS = 4;
/**
 * How far players with low latency keep behind the live edge, milliseconds: a part comes after half a second, and they learn of the next media segment up to a
 * second after it has begun (dash.js asks no more often). To stay there they play at up to these rates.
 */
const [LATENCY_MS, LEAST_RATE, MOST_RATE] = [2500, 0.96, 1.04];

const SERVICE = [
  '<ServiceDescription id="0">',
  `<Latency target="${LATENCY_MS}"/>`,
  `<PlaybackRate min="${LEAST_RATE}" max="${MOST_RATE}"/>`,
  "</ServiceDescription>",
].join("\n");

/** A stretch that is played through: a period of the manifest. */
interface Period {
  readonly stretch: StreamedStretch;
  readonly measure: StreamMeasure;
  /** Names of the media segments with picture and sound together. */
  readonly names: string[];
  /** Where each starts and ends, wall clock, microseconds. */
  readonly times: (readonly [number, number])[];
  /** The media segment that is being recorded, behind the others: its name, and its times as far as they can be foreseen. */
  open?: { readonly name: (tracks: StreamTracks) => string; readonly time: readonly [number, number] };
}

/**
 * Writes a manifest (ISO/IEC 23009-1) of a range, as the range is divided: a period for each stretch, whose picture and sound
 * are renditions of their own. One that grows has a period for each configuration, in which gaps are holes: where a period
 * starts must stay while it slides.
 */
export class Manifest implements StreamSink {
  readonly #options: ManifestOptions;
  readonly #periods: Period[] = [];
  readonly #keepsGaps: boolean;
  /** Whether a gap lies before the next media segment. */
  #isGap = false;
  /** Wall-clock start and end of the listed media segments, milliseconds, end exclusive. */
  fromMs = Number.POSITIVE_INFINITY;
  toMs = Number.NEGATIVE_INFINITY;

  constructor(options: ManifestOptions) {
    this.#options = options;
    this.#keepsGaps = options.live !== undefined || options.gaps === "keep";
  }

  begin(stretch: StreamedStretch): void {
    const goesOn = this.#periods.at(-1)?.stretch.configuration.text === stretch.configuration.text;
    this.#isGap = this.#options.live !== undefined && goesOn;
    if (this.#isGap) return;
    const measure = new StreamMeasure(this.#options.usualMs);
    this.#periods.push({ stretch, measure, names: [], times: [] });
  }

  add(segment: StreamedSegment): void {
    const { recording, first, end, startMs, durationMs } = segment;
    const period = this.#periods.at(-1);
    if (period === undefined) return;
    period.measure.add(segment);
    period.names.push(mediaName({ id: recording.id, startMs: recording.startMs, tracks: "av", first, end }));
    const start = this.#isGap ? startMs * 1000 : (period.times.at(-1)?.[1] ?? period.stretch.startMs * 1000);
    period.times.push([Math.round(start), Math.round((startMs + durationMs) * 1000)]);
    this.#isGap = false;
    this.fromMs = Math.min(this.fromMs, Math.floor(startMs));
    this.toMs = Math.max(this.toMs, Math.ceil(startMs + durationMs));
  }

  /** A period begins with a whole media segment, since those alone measure its tracks. */
  unfinished({ recording, first, startMs }: UnfinishedSegment): void {
    const { live, usualMs: lengthMs } = this.#options;
    const period = this.#periods.at(-1);
    if (live?.low !== true || period === undefined) return;
    if (period.times.length === 0) {
      this.#periods.pop();
      return;
    }
    const [before = 0, end = 0] = period.times.at(-1) ?? [];
    const start = this.#isGap ? Math.round(startMs * 1000) : end;
    const usual = this.#isGap ? lengthMs * 1000 : end - before;
    const { id, startMs: recordedMs, durationMs } = recording;
    const lasts = Math.max(usual, Math.ceil((recordedMs + durationMs - startMs + PART_MS) * 1000));
    const name = (tracks: StreamTracks): string => partsName({ id, startMs: recordedMs, tracks, first, lengthMs });
    period.open = { name, time: [start, start + lasts] };
    // The unfinished media segment may last longer than the one before.
    this.toMs = Math.max(this.toMs, Math.ceil((start + 2 * lasts) / 1000));
  }

  /** The manifest, some lines at a time. @param query added to each URL, with its `?` */
  async *text(query = ""): AsyncGenerator<string, void, undefined> {
    const { live, tracks: listed } = this.#options;
    const first = this.#periods[0]?.times[0]?.[0] ?? 0;
    // In a manifest that slides presentation times are media times.
    const origin = live === undefined ? first : live.windowMs === undefined ? live.originOf(first) : 0;
    yield lines(this.#head(origin));
    let presented = 0;
    for (const [i, period] of this.#periods.entries()) {
      const begins = period.times[0]?.[0] ?? 0;
      const start = live !== undefined && i === 0 ? origin : begins;
      if (this.#keepsGaps) presented = start - origin;
      const placed = { query: escaped(query), start, presented };
      yield `<Period ${live === undefined ? this.#placeOf(period, i, presented) : await idOf(period, presented)}>\n`;
      for (const tracks of listed) yield* this.#rendition(period, tracks, placed);
      yield* this.#clock(period, placed);
      yield "</Period>\n";
      presented += lengthOf(period.times);
    }
    yield lines([...this.#timing(query), "</MPD>"]);
  }

  /** Lines before all periods. @param origin what presentation times count from, microseconds */
  #head(origin: number): string[] {
    const { usualMs, folder, live } = this.#options;
    const end = this.#periods.at(-1)?.times.at(-1)?.[1] ?? origin;
    const total = this.#keepsGaps ? end - origin : this.#periods.reduce((sum, { times }) => sum + lengthOf(times), 0);
    const kind =
      live === undefined
        ? `type="static" profiles="urn:mpeg:dash:profile:full:2011" mediaPresentationDuration="${duration(total)}"`
        : dynamic(live, usualMs, { origin, end });
    return [
      '<?xml version="1.0" encoding="utf-8"?>',
      `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" ${kind} minBufferTime="${duration(usualMs * 1000)}">`,
      `<BaseURL>${escaped(folder)}</BaseURL>`,
      ...(live?.low === true ? [SERVICE] : []),
    ];
  }

  /** Attributes of a period of a range that is over. */
  #placeOf({ times }: Period, number: number, presented: number): string {
    const place = this.#keepsGaps ? `start="${duration(presented)}"` : `duration="${duration(lengthOf(times))}"`;
    return `id="${number}" ${place}`;
  }

  /** What players that follow a stream go by for the time. */
  #timing(query: string): string[] {
    const { folder, live } = this.#options;
    if (live === undefined) return [];
    const at = (scheme: string, value: string): string =>
      `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:${scheme}:2014" value="${value}"/>`;
    // By the time that dash.js looks at what is told here, up to a second has gone: too much for low latency. Farther behind it is better off
    // without: it stood still for twelve seconds when it asked for the time there.
    const asked = live.low ? [at("http-iso", escaped(folder + NOW + query))] : [];
    return [...asked, at("direct", formatTime(live.nowMs))];
  }

  async *#rendition(
    { stretch, measure, names, times, open }: Period,
    tracks: "v" | "a",
    { query, start }: PlacedPeriod,
  ): AsyncGenerator<string, void, undefined> {
    const codec = tracks === "v" ? measure.videoCodec : measure.audioCodec;
    if (codec === undefined) return;
    const init = await initName(stretch.configuration, tracks, this.#options.sha256);
    const [type, rate] = tracks === "v" ? ["video", measure.picture] : ["audio", measure.sound];
    const { width, height, frameRate } = measure;
    const shape = tracks === "v" ? ` width="${width}" height="${height}" frameRate="${fraction(frameRate)}"` : "";
    yield lines([
      `<AdaptationSet contentType="${type}" mimeType="${type}/mp4" segmentAlignment="true" startWithSAP="1">`,
      `<Representation id="${tracks}" codecs="${codec}" bandwidth="${rate.peak}"${shape}>`,
      `<SegmentList timescale="${TIMESCALE}" presentationTimeOffset="${start}"${this.#availability(open)}>`,
      `<Initialization sourceURL="${init}${query}"/>`,
    ]);
    yield* timeline(open === undefined ? times : [...times, open.time]);
    yield* inSteps(names, (name) => `<SegmentURL media="${name.replace("/av/", `/${tracks}/`)}${query}"/>\n`);
    if (open !== undefined) yield `<SegmentURL media="${open.name(tracks)}${query}"/>\n`;
    yield LIST_END;
  }

  /** When media segments become available with low latency: once a part of one has come. */
  #availability(open: Period["open"]): string {
    const { live, usualMs } = this.#options;
    if (live?.low !== true) return "";
    const [start, end] = open?.time ?? [0, usualMs * 1000];
    const ahead = (end - start) / 1e6 - PART_MS / 1000;
    return ` availabilityTimeOffset="${Number(ahead.toFixed(6))}" availabilityTimeComplete="false"`;
  }

  /**
   * Captions, beside each media segment. dash.js takes the times of cues for those of the presentation whatever the period says, others add
   * the period's start less its offset: which is 0 here.
   */
  *#clock({ times }: Period, { query, start, presented }: PlacedPeriod): Generator<string, void, undefined> {
    const { captions } = this.#options;
    if (captions === undefined) return;
    const shown = (at: number): number => at - start + presented;
    yield lines([
      '<AdaptationSet contentType="text" mimeType="text/vtt">',
      '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="caption"/>',
      `<Representation id="clock" bandwidth="${CAPTION_RATE}">`,
      `<SegmentList timescale="${TIMESCALE}" presentationTimeOffset="${presented}">`,
    ]);
    yield* timeline(times, shown);
    yield* inSteps(times, ([from, to]) => {
      const [startMs = 0, endMs = 0, presentedMs = 0] = [from, to, shown(from)].map((at) => Math.round(at / 1000));
      return `<SegmentURL media="${captionsName({ ...captions, startMs, endMs, presentedMs })}${query}"/>\n`;
    });
    yield LIST_END;
  }
}

/** Where a period is presented. */
interface PlacedPeriod {
  /** Added to each URL, escaped. */
  readonly query: string;
  /** Where its presentation starts, media time, microseconds. */
  readonly start: number;
  /** The same from the start of the manifest on. */
  readonly presented: number;
}

/** The attributes of a manifest that is asked for again. @param span what presentation times count from and where they end, microseconds */
function dynamic(
  { nowMs, windowMs, over, low }: LiveManifest,
  usualMs: number,
  { origin, end }: { readonly origin: number; readonly end: number },
): string {
  const usual = usualMs * 1000;
  return [
    'type="dynamic" profiles="urn:mpeg:dash:profile:full:2011"',
    `availabilityStartTime="${formatTime(Math.floor(origin / 1000))}" publishTime="${formatTime(nowMs)}"`,
    over
      ? `mediaPresentationDuration="${duration(end - origin)}"`
      : `minimumUpdatePeriod="${duration(low ? PART_MS * 1000 : usual)}"`,
    `suggestedPresentationDelay="${duration(low ? LATENCY_MS * 1000 : DELAY_SEGMENTS * usual)}"`,
    ...(windowMs === undefined ? [] : [`timeShiftBufferDepth="${duration(windowMs * 1000)}"`]),
  ].join(" ");
}

/** The id of a period of a manifest that grows: the same whatever is listed of it. */
async function idOf({ stretch }: Period, start: number): Promise<string> {
  return `id="${await configurationName(stretch.configuration)}-${start}" start="${duration(start)}"`;
}

function lengthOf(times: Period["times"]): number {
  return (times.at(-1)?.[1] ?? 0) - (times[0]?.[0] ?? 0);
}

/**
 * An entry for each media segment: dash.js counts entries, not their repetitions, to find a URL in the list.
 * @param shown where a time is presented
 */
function* timeline(times: Period["times"], shown = (at: number): number => at): Generator<string, void, undefined> {
  yield "<SegmentTimeline>\n";
  yield* inSteps(times, ([start, end], i) => {
    const goesOn = times[i - 1]?.[1] === start;
    return goesOn ? `<S d="${end - start}"/>\n` : `<S t="${shown(start)}" d="${end - start}"/>\n`;
  });
  yield "</SegmentTimeline>\n";
}

/** The text of each entry, `STEP` of them at a time. */
function* inSteps<Entry>(
  entries: readonly Entry[],
  write: (entry: Entry, i: number) => string,
): Generator<string, void, undefined> {
  for (let from = 0; from < entries.length; from += STEP)
    yield entries
      .slice(from, from + STEP)
      .map((entry, i) => write(entry, from + i))
      .join("");
}

function lines(texts: readonly string[]): string {
  return texts.map((line) => `${line}\n`).join("");
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
