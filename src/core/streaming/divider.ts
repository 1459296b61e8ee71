import { batches } from "../../base/batches.ts";
import type { Pace } from "../../base/ports.ts";
import type { IndexQueries } from "../planning/index-queries.ts";
import type { PlacedSink } from "../planning/placer.ts";
import { startsLate } from "../planning/lead.ts";
import { limitOf, ROUNDING_MS, shownUntil, type PlacedSegment, type TimedSegment } from "../planning/placed-segment.ts";
import { encrypted } from "../planning/plan-errors.ts";
import { millisecondsOf, ticksOf, meanDuration } from "../ticks.ts";
import { SelectionRule, TrackFlag } from "../wasm/abi/names.ts";
import type { Group } from "../wasm/abi/records.ts";
import type { GroupList } from "./group-list.ts";
import { configurationOf, type Configuration } from "./init-segment.ts";
import type { GrowingGroup, PendingSegment, Joiner } from "./joiner.ts";
import { streamedTracks } from "../streamed-tracks.ts";
import { isVideo } from "../track-kinds.ts";
import type { StreamQuery } from "./streamed.ts";
import { soundStarts, TimedRecording, wallAt, type StreamedRecording } from "./streamed-recording.ts";

/** The first sample of a recording that is taken. */
interface Begin {
  /** Number of the group it lies in. */
  readonly group: number;
  readonly sample: number;
  readonly pts: number;
}

/** Where a recording ends to be taken. */
interface End {
  /** Number of the sample behind the last one. */
  readonly sample: number;
  /** When the last one ends, wall clock, milliseconds. */
  readonly atMs: number;
}

/** Media segments of one recording that are joined in one turn: a file may have 50,000. */
const IN_TURN = 1000;

const WITH_FIRST: Begin = { group: 0, sample: 0, pts: 0 };

/** Divides placed segments into media segments, where a download makes pieces of them. */
export class Divider implements PlacedSink {
  readonly #query: StreamQuery;
  readonly #joiner: Joiner;
  readonly #queries: IndexQueries;
  readonly #groupsOf: (timed: TimedSegment) => Promise<GroupList>;
  readonly #pace: Pace;
  #before: TimedSegment | undefined;

  constructor(
    query: StreamQuery,
    joiner: Joiner,
    queries: IndexQueries,
    groupsOf: (timed: TimedSegment) => Promise<GroupList>,
    pace: Pace,
  ) {
    this.#query = query;
    this.#joiner = joiner;
    this.#queries = queries;
    this.#groupsOf = groupsOf;
    this.#pace = pace;
  }

  get isEmpty(): boolean {
    return !this.#joiner.any;
  }

  async add(placed: PlacedSegment): Promise<void> {
    const { timed } = placed;
    const wanted = streamedTracks(timed.summary, this.#query.tracks);
    if (wanted.some(({ record }) => record.flags & TrackFlag.Encrypted)) throw encrypted(timed.segment);
    const configuration = this.configurationOf(timed);
    const groups = await this.#groupsOf(timed);
    const recording = new TimedRecording(timed);
    const begin = await this.#beginOf(placed, groups);
    const closed = await this.#endOf(placed, groups);
    const open = timed.segment.open === true ? await this.#openGroup(timed, groups) : undefined;
    const growing = open !== undefined && open.first < closed.sample ? this.#growing(recording, open) : undefined;
    const end = growing ? { sample: growing.first, atMs: growing.ownMs } : closed;
    // Where another recorder takes over amid the open group, it is given once it is complete.
    const unfinished = growing && begin.sample <= growing.first ? growing : undefined;
    const portions = [...batches(this.#divided(recording, groups, begin, end.sample), IN_TURN)];
    const last = portions.pop() ?? [];
    const [endMs, startsWithin] = [end.atMs, begin === WITH_FIRST && startsLate(timed)];
    for (const [i, segments] of portions.entries()) {
      this.#joiner.add({ configuration, segments, endMs, goesOn: startsWithin || i > 0, unfinished: undefined });
      await this.#pace.breathe();
    }
    const goesOn = startsWithin || portions.length > 0;
    if (last.length > 0 || unfinished !== undefined)
      this.#joiner.add({ configuration, segments: last, endMs, goesOn, unfinished });
  }

  /** The configuration of the recording that is added next, or of the first of several. */
  configurationOf(timed: TimedSegment): Configuration {
    const configuration = configurationOf(timed, this.#before);
    this.#before = timed;
    return configuration;
  }

  /** Adds a whole recording. */
  addWhole(recording: StreamedRecording, groups: GroupList, configuration: Configuration): void {
    const segments = this.#divided(recording, groups, WITH_FIRST, recording.samples);
    const endMs = recording.startMs + recording.durationMs;
    if (segments.length > 0) this.#joiner.add({ configuration, segments, endMs, goesOn: false, unfinished: undefined });
  }

  /** The media segments of a recording between two samples. @param end exclusive */
  #divided(recording: StreamedRecording, groups: GroupList, begin: Begin, end: number): PendingSegment[] {
    const ownMsOf = this.#soundStarts(recording);
    const segments: PendingSegment[] = [];
    let group = groups.get(begin.group);
    for (let number = begin.group; group !== undefined && group.first < end; number++) {
      const next = groups.get(number + 1);
      const whole = number !== begin.group || begin.sample <= group.first;
      const first = whole ? group.first : begin.sample;
      const pts = whole ? group.pts : begin.pts;
      const until = Math.min(next?.first ?? recording.samples, end);
      const startMs = wallAt(recording, pts);
      const ownMs = ownMsOf?.(first, pts) ?? startMs;
      const { bytes, firstBytes } = group;
      const sync = !whole || group.sync === 1;
      if (until > first)
        segments.push({ recording, first, end: until, startMs, durationMs: 0, ownMs, bytes, firstBytes, sync });
      group = next;
    }
    return segments;
  }

  #soundStarts(recording: StreamedRecording): ReturnType<typeof soundStarts> {
    return this.#query.tracks === "a" ? soundStarts(recording) : undefined;
  }

  #growing(recording: TimedRecording, { first, pts, sync }: Group): GrowingGroup {
    const startMs = wallAt(recording, pts);
    const ownMs = this.#soundStarts(recording)?.(first, pts) ?? startMs;
    return { recording, first, startMs, ownMs, sync: sync === 1 };
  }

  /** The last group of a growing recording: those before it are complete, with the sound beside them. */
  async #openGroup(timed: TimedSegment, groups: GroupList): Promise<Group | undefined> {
    const complete = await this.#queries.complete(timed);
    let last = groups.length - 1;
    while ((groups.get(last)?.first ?? 0) > complete) last--;
    return groups.get(last);
  }

  /** The first sample of a placed segment that is taken: at the start of a range, the first of its group. */
  async #beginOf({ timed, from, mayPreroll: leading, isLed }: PlacedSegment, groups: GroupList): Promise<Begin> {
    const { reference, segment, summary } = timed;
    if (from === Number.NEGATIVE_INFINITY || isLed) return WITH_FIRST;
    const start = from + ticksOf(ROUNDING_MS, reference.timescale);
    if (leading) return { group: groups.at(start), sample: 0, pts: 0 };
    const selection = { start, end: Number.POSITIVE_INFINITY, rules: SelectionRule.FromSync, preroll: 0 };
    const { first, pts } = await this.#queries.select(segment, summary.reference, selection);
    return { group: groups.at(pts), sample: first, pts };
  }

  /** Where a placed segment ends to be taken: behind a whole group, except where another one takes over. */
  async #endOf(placed: PlacedSegment, groups: GroupList): Promise<End> {
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
