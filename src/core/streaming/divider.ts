import type { IndexQueries } from "../planning/index-queries.ts";
import type { PlacedSink } from "../planning/placer.ts";
import { limitOf, ROUNDING_MS, shownUntil, type PlacedSegment, type TimedSegment } from "../planning/placed-segment.ts";
import { encrypted } from "../planning/refusals.ts";
import { millisecondsOf, rescale, ticksOf, meanDuration } from "../ticks.ts";
import { SelectionRule, TrackFlag } from "../wasm/abi/names.ts";
import type { Group } from "../wasm/abi/records.ts";
import type { GroupList } from "./groups.ts";
import type { GrowingGroup, PendingSegment, Joiner, SegmentRun } from "./joiner.ts";
import { streamedTracks } from "../streamed-tracks.ts";
import { isVideo } from "../track-kinds.ts";
import type { StreamQuery } from "./streamed.ts";

/** Divides placed segments into media segments, where a download makes pieces of them. */
export class Divider implements PlacedSink {
  readonly #query: StreamQuery;
  readonly #joiner: Joiner;
  readonly #queries: IndexQueries;
  readonly #groupsOf: (timed: TimedSegment) => Promise<GroupList>;

  constructor(
    query: StreamQuery,
    joiner: Joiner,
    queries: IndexQueries,
    groupsOf: (timed: TimedSegment) => Promise<GroupList>,
  ) {
    this.#query = query;
    this.#joiner = joiner;
    this.#queries = queries;
    this.#groupsOf = groupsOf;
  }

  get isEmpty(): boolean {
    return !this.#joiner.any;
  }

  async add(placed: PlacedSegment): Promise<void> {
    const { timed } = placed;
    const wanted = streamedTracks(timed.summary, this.#query.tracks);
    if (wanted.some(({ record }) => record.flags & TrackFlag.Encrypted)) throw encrypted(timed.segment);
    const portion = await this.#divide(placed);
    if (portion.segments.length > 0 || portion.unfinished !== undefined) this.#joiner.add(portion);
  }

  async #divide(placed: PlacedSegment): Promise<SegmentRun> {
    const { timed } = placed;
    const { reference } = timed;
    const groups = await this.#groupsOf(timed);
    const start = await this.#startOf(placed, groups);
    const ownMsOf = this.#query.tracks === "a" ? soundStarts(timed) : undefined;
    const place = ({ first, pts, sync }: Group): GrowingGroup => {
      const startMs = timed.wallAt(pts);
      return { timed, first, startMs, ownMs: ownMsOf?.(first, pts) ?? startMs, sync: sync === 1 };
    };
    const closed = await this.#endOf(placed, groups);
    const open = timed.segment.open === true ? await this.#openGroup(timed, groups) : undefined;
    const growing = open !== undefined && open.first < closed.sample ? place(open) : undefined;
    const end = growing ? { sample: growing.first, atMs: growing.ownMs } : closed;
    // Where another recorder takes over in the midst of it, it is told once it is all there.
    const unfinished = growing && start.sample <= growing.first ? growing : undefined;
    const segments: PendingSegment[] = [];
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
    return { timed, segments, endMs: end.atMs, unfinished };
  }

  /** The last group of a recording that grows: those before it are whole, and what lies beside them has come, too. */
  async #openGroup(timed: TimedSegment, groups: GroupList): Promise<Group | undefined> {
    const complete = await this.#queries.complete(timed);
    let last = groups.length - 1;
    while ((groups.get(last)?.first ?? 0) > complete) last--;
    return groups.get(last);
  }

  /** Where a placed segment begins. The first of a range does with a whole group. */
  async #startOf(
    { timed, from, mayPreroll: leading, isLed }: PlacedSegment,
    groups: GroupList,
  ): Promise<{ group: number; sample: number; pts: number }> {
    const { reference, segment, summary } = timed;
    if (from === Number.NEGATIVE_INFINITY || isLed) return { group: 0, sample: 0, pts: 0 };
    const start = from + ticksOf(ROUNDING_MS, reference.timescale);
    if (leading) return { group: groups.at(start), sample: 0, pts: 0 };
    const selection = { start, end: Number.POSITIVE_INFINITY, rules: SelectionRule.FromSync, preroll: 0 };
    const { first, pts } = await this.#queries.select(segment, summary.reference, selection);
    return { group: groups.at(pts), sample: first, pts };
  }

  /** Where it ends: with a whole group, but where another one takes over. */
  async #endOf(placed: PlacedSegment, groups: GroupList): Promise<{ sample: number; atMs: number }> {
    const { timed, untilMs, takenOver } = placed;
    const { reference, segment, summary } = timed;
    const open = reference.lastDuration > 0 ? 0 : millisecondsOf(meanDuration(reference), reference.timescale);
    const whole = { sample: reference.samples, atMs: timed.endMs + open };
    const shown = isVideo(reference) ? shownUntil(reference) : Number.POSITIVE_INFINITY;
    const end = Math.min(limitOf(placed, reference), shown);
    if (!Number.isFinite(end)) return whole;
    if (takenOver || end === shown) {
      const selection = { start: Number.NEGATIVE_INFINITY, end, rules: SelectionRule.Closed, preroll: 0 };
      const { first, count, presentedEnd } = await this.#queries.select(segment, summary.reference, selection);
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
  const step = meanDuration(sound);
  const start = rescale(reference.start, reference.timescale, sound.timescale);
  return (first, ticks) => {
    const from = rescale(ticks, reference.timescale, sound.timescale) - sound.firstPts;
    const before = first === 0 ? 0 : Math.min(Math.max(0, Math.ceil(from / step)), sound.samples);
    return timed.segment.startMs + millisecondsOf(sound.firstPts + before * step - start, sound.timescale);
  };
}
