import { Breather } from "../../base/breather.ts";
import type { Pace, Store } from "../../base/ports.ts";
import { noSyncSample } from "../planning/compose.ts";
import type { Cuts } from "../planning/cuts.ts";
import type { SegmentBefore } from "../planning/lead.ts";
import type { OutputTrack } from "../planning/output-track.ts";
import type { Piece } from "../planning/piece.ts";
import { PlanBuilder, type Maker } from "../planning/plan-builder.ts";
import { limitOf, ROUNDING_MS, type PlacedSegment, type TimedSegment } from "../planning/placed-segment.ts";
import { encrypted } from "../planning/refusals.ts";
import { millisecondsOf, rescale, ticksOf, usualDuration } from "../planning/ticks.ts";
import type { RecordedSegment } from "../segment.ts";
import { SelectionRule, TrackFlag } from "../wasm/abi/names.ts";
import type { Core } from "../wasm/module.ts";
import type { GroupLength, GroupList, Groups } from "./groups.ts";
import { configurationOf, type Configuration } from "./init-segment.ts";
import { hasMediaTimes, streamedTracks, type StreamTracks } from "./media-time.ts";

/** Recordings this far from a range tell where others take over in it, so that neighbouring ranges find the same; milliseconds. */
const AROUND_MS = 60_000;
/** Joints that are off by more than this are told as discontinuities: players stall at holes, however short; milliseconds. */
const MOST_JITTER_MS = 10;

/** A media segment of a range. */
export interface StreamedSegment {
  /** Its recording. */
  readonly timed: TimedSegment;
  /** The first sample of the reference track, from 0. */
  readonly first: number;
  /** Number of the sample behind the last one. */
  readonly end: number;
  /** When it starts to be presented, wall clock, milliseconds, not rounded. */
  readonly startMs: number;
  /** Until the next one starts, milliseconds, not rounded. */
  readonly durationMs: number;
  /** Bytes of the reference track, about. */
  readonly bytes: number;
  /** Of its first sample. */
  readonly firstBytes: number;
  /** Whether it can be decoded without the one before. */
  readonly sync: boolean;
}

/** Where a stretch begins that is played through without a discontinuity. */
export interface StreamedStretch {
  /** What the init segments of all its recordings say. */
  readonly configuration: Configuration;
  /** Wall clock, milliseconds, not rounded. */
  readonly startMs: number;
}

/** Takes in what a range consists of, in order: each stretch, then its media segments. */
export interface StreamSink {
  begin(stretch: StreamedStretch): void;
  add(segment: StreamedSegment): void;
}

/** What ranges are divided with. */
export interface StreamRangeParts {
  readonly core: Core;
  readonly store: Pick<Store, "get">;
  readonly cuts: Cuts;
  readonly groups: Groups;
  readonly gapToleranceMs: number;
}

/** What of a range is streamed. */
export interface StreamQuery {
  /** Wall clock, milliseconds. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly tracks: StreamTracks;
  readonly length: GroupLength;
}

/** The range whose recordings say what `streamRange` finds: more than is asked for. */
export function around({ startMs, endMs }: Pick<StreamQuery, "startMs" | "endMs">): { startMs: number; endMs: number } {
  return { startMs: startMs - AROUND_MS, endMs: endMs + AROUND_MS };
}

/**
 * Divides a range into media segments, each of one recording: whole groups of pictures, but where another recording takes
 * over. Those at its ends are whole. Placed are the recordings as a plan places them.
 * @param pages the recordings of `around`, in the order of their starts
 * @returns whether there is anything
 * @throws BoxcarError `no_sync_sample` (409), `encrypted` (409), `index_missing` (503), and as the pace does
 */
export async function streamRange(
  parts: StreamRangeParts,
  pages: AsyncIterable<readonly RecordedSegment[]>,
  query: StreamQuery,
  sink: StreamSink,
  { before, pace = new Breather() }: { readonly before: SegmentBefore; readonly pace?: Pace | undefined },
): Promise<boolean> {
  const { core, store, cuts, groups, gapToleranceMs } = parts;
  const joiner = new Joiner(query, sink);
  let upcoming: readonly number[] = [];
  const maker = new SegmentMaker(query, joiner, cuts, (timed) => groups.of(timed, query.length, upcoming));
  const options = {
    ...{ core, store, cuts, before, gapToleranceMs, indexOf: () => Promise.reject(new Error("no piece is made")) },
    ...({ cut: "keyframe", gaps: "skip", changes: "entries", edits: "list", mostPieces: 0 } as const),
    ...around(query),
  };
  const builder = new PlanBuilder(options, maker);
  for await (const page of pages) {
    for (const [i, segment] of page.entries()) {
      const { summary } = cuts.timed(segment);
      if (!hasMediaTimes(segment) || streamedTracks(summary, query.tracks).length === 0) continue;
      upcoming = page.slice(i, i + 64).map(({ id }) => id);
      await builder.add(segment);
      const resting = pace.breathe(1);
      if (resting !== undefined) await resting;
    }
  }
  await builder.finish();
  joiner.finish();
  if (!joiner.any && builder.undecodable !== undefined) throw noSyncSample(builder.undecodable);
  return joiner.any;
}

/** A media segment until it is joined to the next one: there are many, so each is one object all the way. */
interface Divided extends Omit<StreamedSegment, "startMs" | "durationMs"> {
  startMs: number;
  durationMs: number;
  /** When it starts by its own samples, where it is sound that is divided by its picture. */
  readonly ownMs: number;
}

/** Media segments of one recording that follow one another. */
interface Portion {
  readonly timed: TimedSegment;
  readonly segments: readonly Divided[];
  /** Wall-clock end of the last one by itself, milliseconds. */
  readonly endMs: number;
}

/** Divides placed segments, instead of making pieces of them. */
class SegmentMaker implements Maker {
  readonly pieces: Piece[] = [];
  readonly made = 0;
  readonly fragments = 0;
  readonly references = 0;
  readonly #query: StreamQuery;
  readonly #joiner: Joiner;
  readonly #cuts: Cuts;
  readonly #groupsOf: (timed: TimedSegment) => Promise<GroupList>;

  constructor(query: StreamQuery, joiner: Joiner, cuts: Cuts, groupsOf: (timed: TimedSegment) => Promise<GroupList>) {
    this.#query = query;
    this.#joiner = joiner;
    this.#cuts = cuts;
    this.#groupsOf = groupsOf;
  }

  finish(): Promise<OutputTrack[]> {
    return Promise.resolve([]);
  }

  async add(placed: PlacedSegment): Promise<void> {
    const { timed } = placed;
    const wanted = streamedTracks(timed.summary, this.#query.tracks);
    if (wanted.some(({ record }) => record.flags & TrackFlag.Encrypted)) throw encrypted(timed.segment);
    const portion = await this.#divide(placed);
    if (portion.segments.length > 0) this.#joiner.add(portion);
  }

  async #divide(placed: PlacedSegment): Promise<Portion> {
    const { timed } = placed;
    const { reference } = timed;
    const groups = await this.#groupsOf(timed);
    const start = await this.#startOf(placed, groups);
    const ownMsOf = this.#query.tracks === "a" ? soundStarts(timed) : undefined;
    const closed = await this.#endOf(placed, groups);
    const end = timed.segment.open === true ? await this.#completeUntil(timed, groups, closed, ownMsOf) : closed;
    const segments: Divided[] = [];
    let group = groups.get(start.group);
    for (let number = start.group; group !== undefined && group.first < end.sample; number++) {
      const next = groups.get(number + 1);
      const whole = number !== start.group || start.sample <= group.first;
      const first = whole ? group.first : start.sample;
      const pts = whole ? group.pts : start.pts;
      const until = Math.min(next?.first ?? reference.samples, end.sample);
      const startMs = timed.wallAt(pts);
      const ownMs = ownMsOf?.(first, pts) ?? startMs;
      const { bytes, firstBytes } = group;
      const sync = !whole || group.sync === 1;
      if (until > first) {
        segments.push({ timed, first, end: until, startMs, durationMs: 0, ownMs, bytes, firstBytes, sync });
      }
      group = next;
    }
    return { timed, segments, endMs: end.atMs };
  }

  /** Where what can be told for good of a recording ends that goes on: with a whole group that another one follows. */
  async #completeUntil(
    timed: TimedSegment,
    groups: GroupList,
    closed: { sample: number; atMs: number },
    ownMsOf: ReturnType<typeof soundStarts>,
  ): Promise<{ sample: number; atMs: number }> {
    const complete = await this.#cuts.complete(timed);
    let last = groups.length - 1;
    while ((groups.get(last)?.first ?? 0) > complete) last--;
    const { first, pts } = groups.get(last) ?? { first: 0, pts: timed.reference.start };
    if (first >= closed.sample) return closed;
    return { sample: first, atMs: ownMsOf?.(first, pts) ?? timed.wallAt(pts) };
  }

  /** Where a placed segment begins. The first of a range does with a whole group. */
  async #startOf(
    { timed, from, leading }: PlacedSegment,
    groups: GroupList,
  ): Promise<{ group: number; sample: number; pts: number }> {
    const { reference, segment, summary } = timed;
    if (from === Number.NEGATIVE_INFINITY) return { group: 0, sample: 0, pts: 0 };
    const start = from + ticksOf(ROUNDING_MS, reference.timescale);
    if (leading) return { group: groups.at(start), sample: 0, pts: 0 };
    const selection = { start, end: Number.POSITIVE_INFINITY, rules: SelectionRule.FromSync, preroll: 0 };
    const { first, pts } = await this.#cuts.select(segment, summary.reference, selection);
    return { group: groups.at(pts), sample: first, pts };
  }

  /** Where it ends: with a whole group, but where another one takes over. */
  async #endOf(placed: PlacedSegment, groups: GroupList): Promise<{ sample: number; atMs: number }> {
    const { timed, untilMs, closed } = placed;
    const { reference, segment, summary } = timed;
    const open = reference.lastDuration > 0 ? 0 : millisecondsOf(usualDuration(reference), reference.timescale);
    const whole = { sample: reference.samples, atMs: timed.endMs + open };
    const end = limitOf(placed, reference);
    if (!Number.isFinite(end)) return whole;
    if (closed) {
      const selection = { start: Number.NEGATIVE_INFINITY, end, rules: SelectionRule.Closed, preroll: 0 };
      const { first, count, presentedEnd } = await this.#cuts.select(segment, summary.reference, selection);
      return { sample: first + count, atMs: Math.min(untilMs, timed.wallAt(presentedEnd)) };
    }
    const next = groups.get(groups.at(end) + 1);
    return next === undefined ? whole : { sample: next.first, atMs: timed.wallAt(next.pts) };
  }
}

/**
 * When the sound of a media segment starts that is divided by its picture, wall clock, milliseconds: by its first sample and
 * its time. Undefined where that is not told by arithmetic.
 */
function soundStarts(timed: TimedSegment): ((first: number, ticks: number) => number) | undefined {
  const { reference, summary } = timed;
  const sound = streamedTracks(summary, "a")[0]?.record;
  if (sound === undefined || sound === reference) return undefined;
  // All samples but the last one have one duration.
  if (sound.sttsEntries > 2 || sound.flags & TrackFlag.Offsets) return undefined;
  const step = usualDuration(sound);
  const start = rescale(reference.start, reference.timescale, sound.timescale);
  return (first, ticks) => {
    const from = rescale(ticks, reference.timescale, sound.timescale) - sound.firstPts;
    const before = first === 0 ? 0 : Math.min(Math.max(0, Math.ceil(from / step)), sound.samples);
    return timed.segment.startMs + millisecondsOf(sound.firstPts + before * step - start, sound.timescale);
  };
}

/** Puts portions one behind the other: how long each media segment lasts, and where they cannot be played through. */
class Joiner {
  readonly #query: StreamQuery;
  readonly #sink: StreamSink;
  /** The last portion, which the next one may shorten. */
  #last: Portion | undefined;
  #stretch: StreamedStretch | undefined;
  #begun = false;
  /** Media segments before the range from a sync sample on: they may be needed to decode its first. */
  #lead: Divided[] = [];
  any = false;

  constructor(query: StreamQuery, sink: StreamSink) {
    this.#query = query;
    this.#sink = sink;
  }

  add(portion: Portion): void {
    const startMs = portion.segments[0]?.startMs ?? 0;
    const before = this.#last;
    const configuration = configurationOf(portion.timed);
    let joins = false;
    if (before !== undefined) {
      const isAlike = configuration.text === this.#stretch?.configuration.text;
      joins = isAlike && Math.abs(startMs - before.endMs) <= MOST_JITTER_MS;
      this.#emit(before, joins ? (portion.segments[0]?.ownMs ?? startMs) : Math.min(before.endMs, startMs));
    }
    this.#last = portion;
    if (joins) return;
    this.#stretch = { configuration, startMs };
    this.#begun = false;
    this.#lead = [];
  }

  finish(): void {
    if (this.#last !== undefined) this.#emit(this.#last, this.#last.endMs);
  }

  #emit({ segments }: Portion, endMs: number): void {
    for (const [i, segment] of segments.entries()) {
      const untilMs = segments[i + 1]?.ownMs ?? endMs;
      segment.durationMs = Math.max(1, untilMs - segment.ownMs);
      this.#place(segment);
    }
  }

  #place(segment: Divided): void {
    const { startMs, endMs } = this.#query;
    if (segment.startMs >= endMs) return;
    if (segment.sync) this.#lead = [];
    // Without a sync sample before it, it cannot be decoded.
    else if (!this.#begun && this.#lead.length === 0) return;
    if (segment.startMs + segment.durationMs <= startMs) {
      this.#lead.push(segment);
      return;
    }
    for (const each of [...this.#lead, segment]) this.#deliver(each);
    this.#lead = [];
  }

  #deliver(segment: Divided): void {
    const { startMs, ownMs } = segment;
    this.any = true;
    if (this.#begun) segment.startMs = ownMs;
    else {
      // All renditions of a stretch start with its picture.
      if (this.#stretch !== undefined) this.#sink.begin({ ...this.#stretch, startMs });
      segment.durationMs = Math.max(1, segment.durationMs + ownMs - startMs);
    }
    this.#begun = true;
    this.#sink.add(segment);
  }
}
