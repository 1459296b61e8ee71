import type { Segment } from "../catalog/types.ts";
import { BoxcarError } from "../errors.ts";
import type { Core, LoadedIndex } from "../wasm/module.ts";
import {
  fourccText,
  SelectionRule,
  TrackFlag,
  type PieceTrack,
  type Selected,
  type Selection,
  type TrackRecord,
} from "../wasm/records.ts";
import { codecFamily, isVideo, OutputTrack } from "./output-track.ts";
import { ROUNDING_MS, TimedSegment } from "./placed-segment.ts";
import { millisecondsOf, rescale, ticksOf } from "./ticks.ts";

/** Wall-clock interval in milliseconds, end exclusive. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/** The samples of one segment that go into the output, and where they land. */
export interface Piece {
  readonly segment: Segment;
  /** One a slot of the segment's index. */
  readonly tracks: PieceTrack[];
  /** Bytes of media. */
  readonly bytes: number;
  /** Movie fragments it makes as fragmented MP4. */
  readonly fragments: number;
}

/** Everything an output is made of, before its bytes are laid out. */
export interface Composition {
  readonly tracks: readonly OutputTrack[];
  readonly pieces: readonly Piece[];
  /** Wall-clock time presented. */
  readonly startMs: number;
  readonly endMs: number;
  readonly coverage: readonly Interval[];
  readonly gaps: readonly Interval[];
  readonly joints: number;
  /** End of the presentation in milliseconds from its start, Infinity when nothing is hidden at the end. */
  readonly presentedMs: number;
}

export interface BuilderOptions {
  /** Wall-clock time asked for, milliseconds, end exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  readonly cut: "frame" | "keyframe";
  readonly gaps: "skip" | "keep";
  /** Wall-clock distance between segments above which it is a gap, milliseconds. */
  readonly gapToleranceMs: number;
  readonly core: Core;
  /** Gets one segment index. */
  readonly indexOf: (segment: Segment) => Promise<Uint8Array>;
}

/** A segment whose place in the output is known, but not yet whether a later one overlaps it. */
interface Placed {
  readonly timed: TimedSegment;
  /** Output time of the reference track's start, ticks of the output's reference track. */
  readonly place: number;
  /** Presentation starts here, ticks of the segment's reference track; -Infinity: with its first sample. */
  readonly from: number;
  /** First piece: whether samples before `from` may be taken to decode it. */
  readonly leading: boolean;
  /** Wall-clock end of what is taken, milliseconds; Infinity: to its last sample. */
  readonly untilMs: number;
  /** Whether a later segment takes over at `untilMs`. */
  readonly closed: boolean;
}

/** Opus needs 80 ms of decoding before its output is right (RFC 7845 section 4.6); AAC overlaps one frame. */
const OPUS_PREROLL_MS = 80;

/**
 * Puts segments together one after another, in order of their start (rules 1 to 5 of a plan). Works from their
 * summaries; an index is only asked for where a segment is cut.
 */
export class PlanBuilder {
  readonly #options: BuilderOptions;
  readonly #tracks = new Map<string, OutputTrack>();
  readonly #pieces: Piece[] = [];
  readonly #records: (readonly TrackRecord[])[] = [];
  readonly #coverage: Interval[] = [];
  readonly #gaps: Interval[] = [];
  #current: Placed | undefined;
  /** Wall-clock end of what is covered so far. */
  #coveredMs = Number.NEGATIVE_INFINITY;
  #startMs = 0;
  /** Timescale that places are counted in: the first reference track's. */
  #timescale = 1;

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  /** Adds the next segment. @throws BoxcarError `codec_change` (409), `encrypted` (409), what `indexOf` throws */
  async add(segment: Segment): Promise<void> {
    const timed = new TimedSegment(segment);
    if (this.#current === undefined) return this.#addFirst(timed);
    const overlapMs = this.#coveredMs - segment.startMs;
    const tolerated = Math.min(this.#options.gapToleranceMs, timed.durationMs / 2);
    if (overlapMs <= tolerated) return this.#addNext(timed, this.#current, overlapMs);
    if (timed.endMs - this.#coveredMs <= tolerated) return;
    await this.#addOverlapping(timed, this.#current);
  }

  /** Closes the plan. Undefined when no sample fell into the range. */
  async finish(): Promise<Composition | undefined> {
    const last = this.#current;
    if (last === undefined) return undefined;
    await this.#commit(last);
    const { reference } = last.timed;
    const limit = Math.min(this.#limitOf(last, reference), reference.end);
    const endMs = Math.min(this.#coveredMs, Math.max(last.timed.wallAt(limit), last.timed.segment.startMs));
    const presented = last.place + rescale(limit - reference.start, reference.timescale, this.#timescale);
    for (const [i, piece] of this.#pieces.entries()) this.#count(piece, this.#records[i] ?? []);
    const tracks = [...this.#tracks.values()].filter((track) => track.samples > 0);
    const bounded = this.#options.cut === "frame" && Number.isFinite(last.untilMs);
    return {
      tracks,
      pieces: this.#pieces,
      startMs: this.#startMs,
      endMs,
      coverage: this.#coverage,
      gaps: this.#gaps,
      joints: Math.max(0, this.#pieces.length - 1),
      presentedMs: bounded ? millisecondsOf(presented, this.#timescale) : Number.POSITIVE_INFINITY,
    };
  }

  async #addFirst(timed: TimedSegment): Promise<void> {
    const { startMs, cut } = this.#options;
    const { reference, segment } = timed;
    const asked = startMs > segment.startMs ? timed.ticksAt(startMs, reference) : reference.start;
    let from = asked;
    if (isVideo(reference)) {
      const start = asked + ticksOf(ROUNDING_MS, reference.timescale);
      const found = await this.#select(timed, timed.summary.reference, {
        start,
        end: Number.POSITIVE_INFINITY,
        rules: SelectionRule.FromSync,
        preroll: 0,
      });
      // Without a sync sample nothing of this segment can be decoded.
      if (found.count === 0) return;
      from = cut === "keyframe" ? found.pts : Math.max(asked, found.pts);
    } else from = Math.max(asked, reference.firstPts);
    if (timed.wallAt(from) >= this.#options.endMs) return;
    this.#timescale = reference.timescale;
    this.#startMs = timed.wallAt(from);
    const place = -rescale(from - reference.start, reference.timescale, this.#timescale);
    this.#current = { timed, place, from, leading: true, closed: false, untilMs: this.#untilOf(timed) };
    this.#cover(this.#startMs, timed.endMs);
  }

  async #addNext(timed: TimedSegment, before: Placed, overlapMs: number): Promise<void> {
    const gapMs = -overlapMs;
    const isGap = gapMs > this.#options.gapToleranceMs;
    const ended = before.place + this.#lengthOf(before);
    const kept = isGap && this.#options.gaps === "keep" ? ticksOf(gapMs, this.#timescale) : 0;
    if (isGap) this.#gaps.push({ startMs: this.#coveredMs, endMs: timed.segment.startMs });
    await this.#commit(before);
    const place = ended + kept + this.#leadOf(timed, gapMs);
    this.#current = {
      timed,
      place,
      from: Number.NEGATIVE_INFINITY,
      leading: false,
      closed: false,
      untilMs: this.#untilOf(timed),
    };
    this.#cover(isGap ? timed.segment.startMs : this.#coveredMs, timed.endMs);
  }

  // The later recording takes over at its last sync sample inside the earlier one, which is cut there.
  async #addOverlapping(timed: TimedSegment, before: Placed): Promise<void> {
    const { reference, segment } = timed;
    const start = timed.ticksAt(this.#coveredMs, reference) + ticksOf(ROUNDING_MS, reference.timescale);
    const rules = isVideo(reference) ? SelectionRule.FromSync : 0;
    const found = await this.#select(timed, timed.summary.reference, {
      start,
      end: Number.POSITIVE_INFINITY,
      rules,
      preroll: 0,
    });
    if (found.count === 0) return;
    const joinMs = timed.wallAt(found.pts);
    const distance = ticksOf(segment.startMs - before.timed.segment.startMs, this.#timescale);
    const trimmed: Placed = { ...before, untilMs: Math.min(before.untilMs, joinMs), closed: true };
    await this.#commit(trimmed);
    this.#current = {
      timed,
      place: before.place + distance,
      from: found.pts,
      leading: false,
      closed: false,
      untilMs: this.#untilOf(timed),
    };
    this.#cover(Math.min(joinMs, this.#coveredMs), timed.endMs);
  }

  /**
   * Frames an edit list hides at the start of a segment, the leading pictures of an open group of pictures, can be
   * decoded behind the segment before, and are what it lacks at its end: they get their time. In ticks of places.
   */
  #leadOf(timed: TimedSegment, gapMs: number): number {
    const { reference } = timed;
    const lead = isVideo(reference) ? Math.max(0, reference.start - reference.earliestPts) : 0;
    const fits = millisecondsOf(lead, reference.timescale) <= gapMs + this.#options.gapToleranceMs;
    return fits ? rescale(lead, reference.timescale, this.#timescale) : 0;
  }

  #untilOf(timed: TimedSegment): number {
    return this.#options.endMs < timed.endMs ? this.#options.endMs : Number.POSITIVE_INFINITY;
  }

  #lengthOf(placed: Placed): number {
    const { reference } = placed.timed;
    return rescale(reference.end - reference.start, reference.timescale, this.#timescale);
  }

  #cover(startMs: number, endMs: number): void {
    const end = Math.min(endMs, this.#options.endMs);
    const last = this.#coverage.at(-1);
    if (last !== undefined && startMs <= last.endMs)
      this.#coverage.splice(-1, 1, { startMs: last.startMs, endMs: Math.max(end, last.endMs) });
    else this.#coverage.push({ startMs, endMs: end });
    this.#coveredMs = Math.max(this.#coveredMs, endMs);
  }

  /** Where the samples of `record` end, exclusive, in its ticks; Infinity for all. */
  #limitOf(placed: Placed, record: TrackRecord): number {
    if (!Number.isFinite(placed.untilMs)) return Number.POSITIVE_INFINITY;
    return (
      placed.timed.ticksAt(placed.untilMs, record) - (isVideo(record) ? ticksOf(ROUNDING_MS, record.timescale) : 0)
    );
  }

  async #select(timed: TimedSegment, slot: number, selection: Selection): Promise<Selected> {
    const index = await this.#options.indexOf(timed.segment);
    return this.#options.core.withIndex(index, (loaded) => loaded.select(slot, selection));
  }

  /** Turns a placed segment into a piece: selects, sets times, mends the joint with what is before. */
  async #commit(placed: Placed): Promise<void> {
    const { timed } = placed;
    const { summary, segment } = timed;
    const selections = summary.tracks.map((record, slot) => this.#selectionOf(placed, record, slot));
    const whole = selections.every((selection) => selection === undefined);
    const outputs = this.#match(timed);
    let measured = whole;
    const tracks = await this.#withIndex(segment, whole, (index) => {
      const made = summary.tracks.map((record, slot) => {
        const selection = selections[slot];
        const selected =
          selection === undefined || index === undefined ? wholeTrack(record) : index.select(slot, selection);
        const output = outputs[slot];
        return output === undefined ? leftOut(record) : this.#join(placed, record, output, selected);
      });
      if (index !== undefined) measured = true;
      if (index === undefined) {
        summary.tracks.forEach((record, slot) => {
          const track = made[slot];
          if (track !== undefined) countWhole(track, record);
        });
        measured = made.every((track, slot) => track.timescale === summary.tracks[slot]?.timescale && track.count > 0);
      }
      return made;
    });
    let size = { bytes: tracks.reduce((sum, track) => sum + track.bytes, 0), fragments: summary.fragments };
    if (!whole || !measured) {
      const index = await this.#options.indexOf(segment);
      size = this.#options.core.withIndex(index, (loaded) => loaded.measure(tracks));
    }
    if (tracks.every((track) => track.count === 0)) return;
    this.#pieces.push({ segment, tracks, ...size });
    this.#records.push(summary.tracks);
  }

  async #withIndex<T>(segment: Segment, whole: boolean, use: (index: LoadedIndex | undefined) => T): Promise<T> {
    if (whole) return use(undefined);
    const index = await this.#options.indexOf(segment);
    return this.#options.core.withIndex(index, use);
  }

  /** What to take of one track; undefined for all of it. */
  #selectionOf(placed: Placed, record: TrackRecord, slot: number): Selection | undefined {
    const { timed } = placed;
    const end = this.#limitOf(placed, record);
    // What an edit list hides in front of a joint may be sound that the segment before lacks: recorders shift it out of
    // sight to start with the video. What is there twice is left out as an overlap.
    const hiddenEnd = record.firstDts + record.duration - record.lastDuration >= record.editEnd && !isVideo(record);
    const until = Math.min(end, hiddenEnd ? record.editEnd : Number.POSITIVE_INFINITY);
    const rules = placed.closed ? SelectionRule.Closed : 0;
    if (placed.from === Number.NEGATIVE_INFINITY) {
      const start = this.#overlapEnd(placed, record, slot) ?? Number.NEGATIVE_INFINITY;
      if (start === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY) return undefined;
      return { start, end: until, rules, preroll: 0 };
    }
    const from = rescale(placed.from, timed.reference.timescale, record.timescale);
    if (isVideo(record)) {
      const start = from + ticksOf(ROUNDING_MS, record.timescale);
      return { start, end: until, rules: rules | SelectionRule.FromSync, preroll: 0 };
    }
    const preroll = placed.leading && this.#options.cut === "frame" ? prerollOf(record) : 0;
    const start = Math.max(from, this.#overlapEnd(placed, record, slot) ?? Number.NEGATIVE_INFINITY);
    return { start, end: until, rules, preroll };
  }

  /**
   * Where the track's samples before the joint reach into this segment by more than half a sample: the time from which
   * on its own may follow, in its ticks. Undefined when they do not.
   */
  #overlapEnd(placed: Placed, record: TrackRecord, slot: number): number | undefined {
    const output = this.#tracks.get(keyOf(placed.timed, slot));
    if (output?.end === undefined || isVideo(record) || record.samples === 0) return undefined;
    const base = this.#baseOf(placed, output);
    const ended = rescale(output.end.end - base, output.timescale, record.timescale);
    const half = Math.ceil(record.duration / record.samples / 2);
    // A sample is taken when it ends after START: leave out those of which more than half is already there.
    return ended - record.firstDts > half ? ended + half : undefined;
  }

  /** What turns a time of the segment's track into one of the output track, both in output ticks. */
  #baseOf(placed: Placed, output: OutputTrack): number {
    const { reference } = placed.timed;
    return (
      rescale(placed.place, this.#timescale, output.timescale) -
      rescale(reference.start, reference.timescale, output.timescale)
    );
  }

  #match(timed: TimedSegment): (OutputTrack | undefined)[] {
    return timed.summary.tracks.map((record, slot) => {
      if (record.flags & TrackFlag.Encrypted) throw encrypted(timed.segment);
      const key = keyOf(timed, slot);
      let output = this.#tracks.get(key);
      if (output === undefined) {
        output = new OutputTrack(this.#tracks.size + 1, record, timed.summary, slot);
        this.#tracks.set(key, output);
      }
      if (codecFamily(output.codec) !== codecFamily(record.codec))
        throw codecChange(timed.segment, output.codec, record.codec);
      return output;
    });
  }

  #join(placed: Placed, record: TrackRecord, output: OutputTrack, selected: Selected): PieceTrack {
    if (selected.count === 0) return leftOut(record);
    const from = record.timescale;
    const to = output.timescale;
    const base = this.#baseOf(placed, output);
    const lasting = rescale(selected.lastDts - selected.dts, from, to);
    const lastDuration = rescale(selected.lastDts + selected.lastDuration - selected.dts, from, to) - lasting;
    let dts = base + rescale(selected.dts, from, to);
    let offsetShift = 0;
    const before = output.end;
    if (before === undefined) {
      output.firstDts = dts;
      output.firstPts = dts + rescale(selected.pts - selected.dts, from, to);
    } else {
      let distance = dts - before.lastDts;
      if (distance < 1) {
        // More reordering than before the joint: decode later than the segment says, present as it says.
        distance = Math.max(1, before.piece.lastDuration);
        offsetShift = dts - (before.lastDts + distance);
        dts = before.lastDts + distance;
      }
      if (distance > 0xffff_ffff) throw tooLongGap(placed.timed.segment);
      before.piece.lastDuration = distance;
    }
    const piece: PieceTrack = {
      ...leftOut(record),
      first: selected.first,
      count: selected.count,
      dts,
      timescale: to,
      lastDuration,
      offsetShift,
      descriptionBase: output.describe(placed.timed.segment, record),
      trackId: output.id,
    };
    output.end = { piece, lastDts: dts + lasting, end: dts + lasting + lastDuration };
    output.presentedEnd = Math.max(
      output.presentedEnd,
      base + rescale(Math.min(selected.presentedEnd, record.editEnd), from, to),
    );
    return piece;
  }

  #count(piece: Piece, records: readonly TrackRecord[]): void {
    const outputs = new Map([...this.#tracks.values()].map((track) => [track.id, track]));
    piece.tracks.forEach((track, slot) => {
      const record = records[slot];
      const output = outputs.get(track.trackId);
      if (track.count === 0 || record === undefined || output === undefined) return;
      if (track.offsetShift !== 0)
        track.flags |= TrackFlag.Offsets | (track.offsetShift < 0 ? TrackFlag.NegativeOffsets : 0);
      output.count(track, record);
    });
  }
}

/** Tracks are told apart by kind and by their order among their kind. */
function keyOf(timed: TimedSegment, slot: number): string {
  const { tracks } = timed.summary;
  const handler = tracks[slot]?.handler;
  const ordinal = tracks.slice(0, slot).filter((track) => track.handler === handler).length;
  return `${String(handler)} ${ordinal}`;
}

function wholeTrack(record: TrackRecord): Selected {
  return {
    first: 0,
    count: record.samples,
    dts: record.firstDts,
    pts: record.firstPts,
    presentedEnd: record.end,
    lastDts: record.firstDts + record.duration - record.lastDuration,
    lastDuration: record.lastDuration,
  };
}

function leftOut(record: TrackRecord): PieceTrack {
  return {
    first: 0,
    count: 0,
    dts: 0,
    timescale: record.timescale,
    lastDuration: 0,
    offsetShift: 0,
    descriptionBase: 1,
    trackId: 0,
    prefix: 0,
    outputFlags: 0,
    presentedUntil: Number.POSITIVE_INFINITY,
    sttsEntries: 0,
    cttsEntries: 0,
    syncSamples: 0,
    chunks: 0,
    stscEntries: 0,
    trafs: 0,
    truns: 0,
    flags: 0,
    bytes: 0,
  };
}

/** Takes the counts of a whole track from its summary. */
function countWhole(track: PieceTrack, record: TrackRecord): void {
  track.sttsEntries = record.sttsEntries;
  track.cttsEntries = record.cttsEntries;
  track.syncSamples = record.syncSamples;
  track.chunks = record.chunks;
  track.stscEntries = record.stscEntries;
  track.trafs = record.trafs;
  track.truns = record.truns;
  track.flags = record.flags;
  track.bytes = record.bytes;
}

function prerollOf(record: TrackRecord): number {
  if (fourccText(record.handler) !== "soun") return 0;
  if (record.codec === "opus") return ticksOf(OPUS_PREROLL_MS, record.timescale);
  return record.codec.startsWith("mp4a") ? Math.ceil(record.duration / Math.max(1, record.samples)) : 0;
}

function encrypted(segment: Segment): BoxcarError {
  const message = `Segment ${segment.id} is encrypted, and cutting would lose what its samples need to be decrypted. Download it whole by id.`;
  return new BoxcarError("encrypted", 409, message, { id: segment.id });
}

function codecChange(segment: Segment, before: string, after: string): BoxcarError {
  const message = `The codec changes from ${before} to ${after} at segment ${segment.id}, which no player follows inside one track. Download the parts before and after it.`;
  return new BoxcarError("codec_change", 409, message, { id: segment.id, before, after });
}

function tooLongGap(segment: Segment): BoxcarError {
  const message = `The distance before segment ${segment.id} is longer than one sample can last. Use gaps=skip, or a shorter range.`;
  return new BoxcarError("gap_too_long", 400, message, { id: segment.id });
}
