import type { RecordedSegment } from "../segment.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Counts, Decoding } from "../wasm/abi/records.ts";
import { type PieceTrack, sourceOf, type PieceSource } from "./piece.ts";
import { presentationOf, type Summary, type TrackRecord } from "../wasm/records/summary.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import { DurationRuns } from "./duration-runs.ts";
import { FragmentCounts } from "./fragment-sizes.ts";
import type { JoinedRuns, RunCounts } from "./joined-runs.ts";
import { ticksOf, meanDuration } from "../ticks.ts";

/** Sample entries of one segment's track, as they go into an output's `stsd`. */
export interface Descriptions {
  readonly hash: string;
  readonly count: number;
  /** Whose index has the bytes, and where. */
  readonly source: PieceSource;
  readonly offset: number;
  readonly length: number;
  /** Output sample description index of the first one, from 1. */
  readonly base: number;
  /** Of the samples that they describe. */
  syncSamples: number;
}

/** Parameter sets of a segment's sample descriptions, equally long and one behind another. */
export interface ParameterSets {
  readonly bytes: Uint8Array;
  /** Bytes of those of one description. */
  readonly each: number;
}

/** Bytes of sample entries that one track may have in all: recorders have a few of some hundred bytes. */
const MOST_DESCRIPTION_BYTES = 4 << 20;

/** A segment and what its summary says. */
export interface SummarizedSegment {
  readonly segment: RecordedSegment;
  readonly summary: Summary;
}

/** One track of an output. Ticks are its own, 0 is the start of the output's presentation. */
export class OutputTrack {
  readonly id: number;
  readonly handler: number;
  readonly timescale: number;
  /** RFC 6381, of the first segment. */
  readonly codec: string;
  /** The part of `tkhd` and `mdhd` that is taken over from the first segment. */
  readonly presentation: Uint8Array;
  /** The flags of `tkhd`, of the first segment. */
  readonly tkhdFlags: number;
  /** Where the track is found in the first segment. */
  readonly source: {
    readonly segment: RecordedSegment;
    readonly trackIndex: number;
    readonly id: number;
    readonly keptOffset: number;
  };
  /** What a sample of the first segment lasts in the mean, ticks, not rounded. */
  readonly usualDuration: number;
  readonly descriptions: Descriptions[] = [];
  readonly #byHash = new Map<string, Descriptions>();
  readonly #byBase = new Map<number, Descriptions>();
  #descriptionBytes = 0;
  /** Bits of TrackFlag over all pieces. */
  flags: number = TrackFlag.AllSync;
  samples = 0;
  cttsEntries = 0;
  syncSamples = 0;
  stscEntries = 0;
  chunks = 0;
  readonly inFragments = new FragmentCounts();
  #sttsEntries = 0;
  /** As long as all pieces are uniform. */
  #durations: DurationRuns | undefined = new DurationRuns();
  /** Of media, inline ones included. */
  bytes = 0;
  /** Bytes of every sample, 0 when they differ, undefined before the first. */
  #constantSize: number | undefined;
  firstDts = 0;
  /** When the first sample is presented; where a pre-roll takes next to no time, the first one that is shown. */
  firstPts = 0;
  /** When what is on at the start was recorded to be presented. */
  shownPts = 0;
  /** Samples of sound before that. */
  unheard = 0;
  /** How much earlier than right before the start hidden pictures could be presented, ticks. */
  slack = Number.POSITIVE_INFINITY;
  /** From the decoding of the first sync sample to its presentation. */
  delay = 0;
  /** What decode times keep to in front of the presentation, where an edit list hides a pre-roll of pictures; else 0. */
  step = 0;
  /** How much earlier than recorded samples are decoded, so that none is decoded after it is presented. */
  early = 0;
  /** Samples that are hidden before the presentation, each presented for a tick. */
  hidden = 0;
  /** Whether each piece begins whole samples behind the one before. */
  isEven = true;
  /** Whether the first sample of the piece that was begun last belongs to the pre-roll. */
  #isLed = false;
  /** Latest end of a sample's presentation. */
  presentedEnd = Number.NEGATIVE_INFINITY;
  /** The last piece with samples of it, as far as it is planned. */
  last: PieceTrack | undefined;
  /** Decode time of the last sample. */
  lastDts = 0;
  /** Where parameter sets stand in the samples: the one sample entry that serves them all. */
  entry: Uint8Array | undefined;

  constructor(id: number, record: TrackRecord, { segment, summary }: SummarizedSegment, trackIndex: number) {
    this.id = id;
    this.handler = record.handler;
    this.timescale = record.timescale;
    this.codec = record.codec;
    this.tkhdFlags = record.tkhdFlags;
    this.source = { segment, trackIndex, id: record.id, keptOffset: summary.keptOffset };
    this.presentation = presentationOf(summary, trackIndex);
    this.usualDuration = meanDuration(record);
  }

  /** How the samples follow a change of their parameters; undefined where nothing changes. */
  get changes(): "inband" | "entries" | undefined {
    if (this.entry !== undefined) return "inband";
    return this.descriptions.reduce((sum, { count }) => sum + count, 0) > 1 ? "entries" : undefined;
  }

  get constantSize(): number {
    return this.#constantSize ?? 0;
  }

  get sttsEntries(): number {
    return this.#durations?.entries ?? this.#sttsEntries;
  }

  /** The durations of all pieces, as long as these are uniform. */
  get durations(): DurationRuns | undefined {
    return this.#durations;
  }

  /** Whether equal durations are joined across pieces, into what `durationEntries` makes of them. */
  get joinsDurations(): boolean {
    return this.#durations !== undefined;
  }

  /** Sum of all durations, ticks. */
  get duration(): number {
    return this.last === undefined ? 0 : this.lastDts + this.last.lastDuration - this.firstDts;
  }

  /** Ticks that hidden samples of sound are apart in fragments: ffmpeg rounds their times to its sampling rate. */
  get apart(): number {
    return Math.max(2, Math.ceil(this.usualDuration / 512));
  }

  /**
   * Finds or adds the sample entries of a segment's track. Returns the output index of the first one.
   * @throws BoxcarError `too_many_changes` (409)
   */
  describe(segment: RecordedSegment, record: TrackRecord): number {
    const known = this.#byHash.get(record.descriptionHash);
    if (known !== undefined) return known.base;
    this.#descriptionBytes += record.descriptionLength;
    if (this.#descriptionBytes > MOST_DESCRIPTION_BYTES) throw tooManyChanges(segment);
    const last = this.descriptions.at(-1);
    const added = {
      hash: record.descriptionHash,
      count: record.descriptionCount,
      source: sourceOf(segment),
      offset: record.descriptionOffset,
      length: record.descriptionLength,
      base: last === undefined ? 1 : last.base + last.count,
      syncSamples: 0,
    };
    this.descriptions.push(added);
    this.#byHash.set(added.hash, added);
    this.#byBase.set(added.base, added);
    return added.base;
  }

  /** Adds the counts of a piece's track. */
  count(track: PieceTrack, { constantSize }: Pick<TrackRecord, "constantSize">): void {
    const { count: samples, counts } = track;
    this.#sum(counts, { samples, constantSize, commonFlags: counts.flags }, track);
    if (counts.flags & TrackFlag.Uniform) this.#durations?.add(track);
    else this.#durations = undefined;
    this.inFragments.add(track);
  }

  /** Goes on with runs that were joined to it. @param kept their last piece; default: no pieces of them are kept */
  addRuns({ counts, uniform, durations, last, presentedEnd }: JoinedRuns, kept = last): void {
    for (const part of counts) {
      this.#sum(part, part, last);
      this.inFragments.addRun(part, uniform, last.offsetShift);
    }
    this.#durations = durations;
    durations?.endWith(kept);
    this.last = kept;
    this.lastDts = last.dts + last.lasting;
    this.presentedEnd = presentedEnd;
  }

  #sum(
    counts: Pick<RunCounts, keyof RunCounts & keyof Counts>,
    { samples, commonFlags, constantSize }: Pick<RunCounts, "samples" | "commonFlags" | "constantSize">,
    { offsetShift, descriptionBase }: Pick<PieceTrack, "offsetShift" | "descriptionBase">,
  ): void {
    const described = this.#byBase.get(descriptionBase);
    if (described !== undefined) described.syncSamples += counts.syncSamples;
    const allSync = this.flags & commonFlags & TrackFlag.AllSync;
    this.flags = ((this.flags | counts.flags) & ~(TrackFlag.AllSync | TrackFlag.Uniform)) | allSync;
    if (offsetShift !== 0) this.flags |= TrackFlag.Offsets;
    if (offsetShift < 0) this.flags |= TrackFlag.NegativeOffsets;
    this.samples += samples;
    this.#sttsEntries += counts.sttsEntries;
    this.cttsEntries += counts.cttsEntries;
    this.syncSamples += counts.syncSamples;
    this.stscEntries += counts.stscEntries;
    this.chunks += counts.chunks;
    this.bytes += counts.bytes;
    this.#constantSize = this.#constantSize === undefined || this.#constantSize === constantSize ? constantSize : 0;
  }

  /**
   * Takes in when the samples of a piece are decoded that is a pre-roll, or has one: of several the last one first, each but
   * that one after it was told what it leads to.
   */
  begin(track: PieceTrack, { firstDts, lastDts, led, hidden, slack }: Decoding): void {
    const { dts } = track;
    track.lasting = lastDts - firstDts;
    if (track.leads === 1) {
      track.lastDuration = this.firstDts - (dts + lastDts);
      track.endsPreroll = !this.#isLed;
    } else {
      const ended = this.lastDts + track.lastDuration;
      this.lastDts = dts + lastDts;
      track.lastDuration = Math.max(1, ended - this.lastDts);
      track.endsPreroll = led >= track.count;
    }
    track.ownDuration = track.lastDuration;
    this.firstDts = dts + firstDts;
    this.hidden += hidden;
    if (led > 0) this.slack = Math.min(this.slack, slack);
    this.#isLed = led > 0;
  }

  /** Lets the samples of a piece be decoded right before those of the one that goes on from it. */
  lead(track: PieceTrack): void {
    if (track.shown === undefined || track.count === 0) return;
    track.leads = 1;
    track.delay = (track.start ?? 0) - this.firstDts;
    track.hiddenBehind = this.hidden;
  }

  /** Ends the track with the presentation: not every reader knows where an edit list ends. */
  finish(presentedMs: number): void {
    const { last } = this;
    if (last === undefined) return;
    const left = ticksOf(presentedMs, this.timescale) - this.lastDts;
    // Where samples are reordered, the last one to be decoded is not the last one shown.
    if (!(this.flags & TrackFlag.Offsets)) last.lastDuration = Math.min(last.lastDuration, Math.max(1, left));
    // Of a pre-roll nothing is decoded behind, it lasts as long as what is shown.
    else if (last.endsPreroll === true)
      last.lastDuration = Math.max(1, Math.min(left, this.presentedEnd - this.lastDts));
  }

  /**
   * Moves the parameter sets of all descriptions into the samples, before each sync sample.
   * @param sets by `base`
   * @param entry the one that then serves all samples
   */
  moveInband(sets: ReadonlyMap<number, ParameterSets>, entry: Uint8Array): void {
    for (const { base, syncSamples } of this.descriptions) {
      const { each } = sets.get(base) ?? { each: 0 };
      this.bytes += each * syncSamples;
      if (each > 0) this.#constantSize = 0;
    }
    this.descriptions.length = 1;
    this.entry = entry;
  }
}

function tooManyChanges({ id }: RecordedSegment): BoxcarError {
  const message = `Up to segment ${id} the range has more than ${MOST_DESCRIPTION_BYTES} bytes of different sample entries. Ask for shorter ranges.`;
  return new BoxcarError("too_many_changes", message, { id });
}
