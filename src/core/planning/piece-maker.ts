import { codecChange, encrypted, tooLongGap } from "./refusals.ts";
import type { Store } from "../../base/ports.ts";
import type { Core } from "../wasm/module.ts";
import type { Counts, Selected } from "../wasm/abi/records.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import type { MeasuredPiece } from "../wasm/loaded-index.ts";
import type { IndexQueries } from "./index-queries.ts";
import { OutputTrack } from "./output-track.ts";
import { codecFamily, isText, isVideo } from "../track-kinds.ts";
import { moveInband } from "./inband.ts";
import {
  countsOf,
  leftOut,
  NO_COUNTS,
  sourceOf,
  wholeTrack,
  type IndexOf,
  type Piece,
  type PieceTrack,
} from "./piece.ts";
import {
  baseOf,
  heldUntil,
  openEnd,
  shownAt,
  startsIn,
  type PlacedSegment,
  type TimedSegment,
} from "./placed-segment.ts";
import { selectionOf, shownOf, SNAP_MS, snaps } from "./selection.ts";
import { AudioFiller } from "./audio-filler.ts";
import { rescale, ticksOf, meanDuration } from "../ticks.ts";
import { alone, cutTimecode, timecodePiece, timecodeStart } from "./timecode.ts";

/** What pieces are made with. */
export interface PieceMakerOptions {
  readonly core: Core;
  readonly indexOf: IndexOf;
  readonly store: Pick<Store, "get" | "ahead">;
  readonly queries: IndexQueries;
  readonly cut: "frame" | "keyframe";
  readonly changes: "inband" | "entries";
  readonly edits: "list" | "none";
  /** `keep` fills holes in the sound with silent samples. Default: none. */
  readonly sound?: "keep" | "none";
  /** Of more pieces none are kept. */
  readonly mostPieces: number;
}

const NONE = new Uint8Array(0);

/** What is taken of a placed segment that is cut. */
interface Cut {
  readonly placed: PlacedSegment;
  readonly tracks: readonly PieceTrack[];
}

/** What the tracks of segments of one kind become. */
interface Match {
  /** One a track. */
  readonly outputs: readonly OutputTrack[];
  /** One a track: the output sample description index of the first description; undefined before there is a sample of it. */
  readonly bases: (number | undefined)[];
  /** Whether a track changes its timescale. */
  readonly scaled: boolean;
}

/**
 * Turns placed segments into pieces, one after another: selects their samples, gives them their times and mends each
 * track's joint with what is before (rules 3 and 5 of a plan).
 */
export class PieceMaker {
  readonly #options: PieceMakerOptions;
  readonly #outputs: OutputTrack[] = [];
  /** By kind of segment. */
  readonly #matches = new Map<string, Match>();
  /** In order; none when there are more than are to be kept. */
  readonly pieces: Piece[] = [];
  /** Segments that pieces were made of. */
  made = 0;
  /** Movie fragments that all pieces make. */
  fragments = 0;
  /** Of them, those that `sidx` and `mfra` refer to. */
  references = 0;
  readonly #filler: AudioFiller | undefined;
  /** What is decoded before the segment that the presentation starts in, which goes on from it. */
  #leading: PlacedSegment[] = [];

  constructor(options: PieceMakerOptions) {
    this.#options = options;
    if (options.sound !== "keep") return;
    this.#filler = new AudioFiller(options, (piece) => {
      this.#keep(piece);
    });
  }

  #keep(piece: Piece): void {
    this.fragments += piece.fragments;
    if (this.made <= this.#options.mostPieces) this.pieces.push(piece);
    else this.pieces.length = 0;
  }

  /**
   * Mends what is only known once all pieces are. Returns the output's tracks that hold samples.
   * @param endMs end of the picture, milliseconds from the start of the output
   * @param presentedMs end of the presentation
   */
  async finish(endMs: number, presentedMs: number): Promise<OutputTrack[]> {
    const outputs = this.#outputs;
    for (const output of outputs) {
      await this.#filler?.fillBehind(output, endMs);
      output.finish(presentedMs);
    }
    if (this.#options.changes === "inband") await moveInband(this.#options, outputs.find(isVideo), this.pieces);
    return outputs.filter((track) => track.samples > 0);
  }

  /**
   * Adds the piece of a placed segment: at once when all of it is taken, which its summary is enough for, else the caller
   * has to wait.
   * @throws BoxcarError `codec_change` (409), `encrypted` (409), `gap_too_long` (400), what `indexOf` throws
   */
  add(placed: PlacedSegment): Promise<void> | undefined {
    const { summary } = placed.timed;
    if (placed.leads) {
      this.#leading.push(placed);
      return undefined;
    }
    const match = this.#match(placed.timed);
    const isCut = summary.tracks.some(
      (_, trackIndex) =>
        selectionOf(placed, trackIndex, match.outputs[trackIndex], this.#options) !== undefined ||
        timecodeStart(placed, trackIndex) !== undefined,
    );
    if (match.scaled || isCut || this.#leavesHole(placed, match)) return this.#addCut(placed, match);
    this.#push(placed, match, this.#joinAll(placed, match), summary.tracks, summary.fragments);
    return undefined;
  }

  async #addCut(placed: PlacedSegment, match: Match): Promise<void> {
    const run = [...this.#leading, placed];
    this.#leading = [];
    const output = match.outputs[placed.timed.summary.reference];
    const shown = run.length > 1 && output !== undefined ? await shownOf(run, output, this.#options) : undefined;
    const cuts: Cut[] = [];
    for (const each of run) {
      const tracks = await this.#cut(each, match, shown);
      if (tracks !== undefined) cuts.push({ placed: each, tracks });
    }
    const measured: MeasuredPiece[] = [];
    // The last one is measured first: what leads to it is decoded right before it.
    for (const [i, { placed: each, tracks }] of [...cuts.entries()].reverse()) {
      const behind = cuts[i + 1]?.tracks;
      for (const [trackIndex, track] of tracks.entries()) {
        if (behind !== undefined) match.outputs[trackIndex]?.lead(track);
      }
      const found = await this.#options.queries.measure(each.timed.segment, tracks, match.scaled);
      for (const [trackIndex, track] of tracks.entries()) {
        const decoding = found.decodings[trackIndex];
        if (track.shown !== undefined && decoding !== undefined) match.outputs[trackIndex]?.begin(track, decoding);
      }
      measured.unshift(found);
    }
    for (const [i, { placed: each, tracks }] of cuts.entries()) {
      const found = measured[i];
      if (found !== undefined) this.#push(each, match, tracks, found.counts, found.fragments);
    }
  }

  /** Selects and joins the tracks of a placed segment. Undefined when nothing of it is taken. */
  async #cut(placed: PlacedSegment, match: Match, shown: number | undefined): Promise<PieceTrack[] | undefined> {
    const { queries } = this.#options;
    const { segment, summary } = placed.timed;
    const selected: Selected[] = [];
    for (const [trackIndex, record] of summary.tracks.entries()) {
      const selection = selectionOf(placed, trackIndex, match.outputs[trackIndex], this.#options);
      selected.push(
        selection === undefined ? wholeTrack(record) : await queries.select(segment, trackIndex, selection),
      );
    }
    if (selected.every(({ count }) => count === 0)) return undefined;
    for (const output of this.#outputs) {
      const trackIndex = match.outputs.indexOf(output);
      const [record, samples] = [summary.tracks[trackIndex], selected[trackIndex]];
      const own = record === undefined || samples === undefined ? undefined : { record, samples };
      await this.#filler?.fillBefore(output, placed, own, () => this.#baseOf(placed, match, trackIndex));
    }
    for (const [trackIndex, samples] of selected.entries())
      selected[trackIndex] = await this.#countOn(placed, match, trackIndex, samples);
    return this.#joinAll(placed, match, selected, shown);
  }

  /** Lets a timecode begin with the cut, in a piece of its own. Returns what else is taken of the track `trackIndex`. */
  async #countOn(placed: PlacedSegment, match: Match, trackIndex: number, selected: Selected): Promise<Selected> {
    const { segment, summary } = placed.timed;
    const [record, output] = [summary.tracks[trackIndex], match.outputs[trackIndex]];
    const cut = await cutTimecode(this.#options, placed, trackIndex, selected);
    if (cut === undefined || record === undefined || output === undefined) return selected;
    const track = this.#join(placed, record, output, cut.first, this.#baseOf(placed, match, trackIndex));
    const tracks = alone(summary.tracks, trackIndex, track);
    const { counts } = await this.#options.queries.measure(segment, tracks, match.scaled);
    track.counts = counts[trackIndex] ?? NO_COUNTS;
    output.count(track, record);
    this.#keep(timecodePiece(segment, tracks, cut.media));
    return cut.rest;
  }

  #push(
    { timed: { segment, summary } }: PlacedSegment,
    { outputs }: Match,
    tracks: readonly PieceTrack[],
    counts: readonly Counts[],
    fragments: number,
  ): void {
    let bytes = 0;
    for (const [trackIndex, record] of summary.tracks.entries()) {
      const track = tracks[trackIndex];
      if (track === undefined || track.count === 0) continue;
      track.counts = countsOf(counts[trackIndex] ?? NO_COUNTS);
      bytes += track.counts.bytes;
      outputs[trackIndex]?.count(track, record);
    }
    this.made++;
    this.references += fragments;
    this.#keep({ source: sourceOf(segment), tracks, bytes, fragments, inline: NONE });
  }

  #leavesHole(placed: PlacedSegment, { outputs }: Match): boolean {
    const { tracks } = placed.timed.summary;
    return this.#outputs.some((output) => {
      const record = tracks[outputs.indexOf(output)];
      const own = record === undefined ? undefined : { record, samples: wholeTrack(record) };
      return this.#filler?.leavesHole(output, placed, own) === true;
    });
  }

  /** The output sample description index of a track's first one. */
  #baseOf({ timed: { segment, summary } }: PlacedSegment, { outputs, bases }: Match, trackIndex: number): number {
    const [record, output] = [summary.tracks[trackIndex], outputs[trackIndex]];
    if (record === undefined || output === undefined) return 1;
    return (bases[trackIndex] ??= output.describe(segment, record));
  }

  /**
   * @param selected default: all of each track
   * @param shownPts when the picture that is on screen at the start was recorded to be presented, output ticks; default: as selected
   */
  #joinAll(placed: PlacedSegment, match: Match, selected?: readonly Selected[], shownPts?: number): PieceTrack[] {
    return placed.timed.summary.tracks.map((record, trackIndex) => {
      const output = match.outputs[trackIndex];
      const samples = selected === undefined ? wholeTrack(record) : selected[trackIndex];
      if (output === undefined || samples === undefined || samples.count === 0) return leftOut(record);
      const isReference = trackIndex === placed.timed.summary.reference;
      const isKnown = isReference && shownPts !== undefined;
      const shown = isKnown ? shownAt(placed, output, record, shownPts) : samples.shown;
      return this.#join(placed, record, output, { ...samples, shown }, this.#baseOf(placed, match, trackIndex));
    });
  }

  #match(timed: TimedSegment): Match {
    let match = this.#matches.get(timed.kind);
    if (match === undefined) {
      const { tracks } = timed.summary;
      const outputs: OutputTrack[] = [];
      for (const [trackIndex, record] of tracks.entries())
        outputs.push(this.#outputOf(timed, record, trackIndex, outputs));
      const scaled = outputs.some((output, trackIndex) => output.timescale !== tracks[trackIndex]?.timescale);
      match = { outputs, bases: [], scaled };
      this.#matches.set(timed.kind, match);
    }
    return match;
  }

  /** Tracks of segments are the same one by handler and by order among those of their handler. */
  #outputOf(timed: TimedSegment, record: TrackRecord, trackIndex: number, taken: readonly OutputTrack[]): OutputTrack {
    const { segment } = timed;
    if (record.flags & TrackFlag.Encrypted) throw encrypted(segment);
    const known = this.#outputs.find((output) => output.handler === record.handler && !taken.includes(output));
    if (known === undefined) {
      const added = new OutputTrack(this.#outputs.length + 1, record, timed, trackIndex);
      this.#outputs.push(added);
      return added;
    }
    if (known.codec === record.codec || codecFamily(known.codec) === codecFamily(record.codec)) return known;
    throw codecChange(segment, known.codec, record.codec);
  }

  #join(
    placed: PlacedSegment,
    record: TrackRecord,
    output: OutputTrack,
    samples: Selected,
    descriptionBase: number,
  ): PieceTrack {
    const [from, to] = [record.timescale, output.timescale];
    const base = baseOf(placed, output);
    const lasting = rescale(samples.lastDts - samples.dts, from, to);
    const held = heldUntil(placed, record, samples);
    const open = openEnd(placed, record);
    const lastDuration =
      rescale(held + (open > 0 ? Math.round(meanDuration(record)) : 0) - samples.dts, from, to) - lasting;
    if (output.last === undefined) output.early = -rescale(samples.leastOffset, from, to);
    let dts = base + rescale(samples.dts, from, to) - output.early;
    let offsetShift = output.early;
    let hides: Pick<PieceTrack, "shown" | "start" | "delay"> | undefined;
    if (output.last === undefined) {
      output.firstDts = dts;
      output.firstPts = dts + rescale(samples.pts - samples.dts, from, to) + output.early;
      // Readers without edit lists are to wait for nothing.
      output.delay = this.#options.edits === "list" ? output.firstPts - dts : 0;
      if ((isVideo(record) || isText(record)) && startsIn(placed, record)) {
        // The picture or text on screen at the start is shown from there on.
        output.shownPts = base + rescale(samples.shown, from, to);
        output.firstPts = Math.max(0, output.shownPts);
        hides = { shown: samples.shown, start: output.firstPts, delay: output.delay };
      }
    } else {
      let distance = dts - output.lastDts;
      const { ownDuration } = output.last;
      if (snaps(record) && Math.abs(distance - ownDuration) <= ticksOf(SNAP_MS, to)) {
        distance = Math.max(1, ownDuration);
        dts = output.lastDts + distance;
      } else if (distance < 1) {
        // More reordering than before the joint: decode later than the segment says, present as it says.
        distance = Math.max(1, output.last.lastDuration);
        offsetShift += dts - (output.lastDts + distance);
        dts = output.lastDts + distance;
      }
      if (distance > 0xffff_ffff) throw tooLongGap(placed.timed.segment);
      output.last.lastDuration = distance;
      if (isVideo(record) && placed.isLed)
        hides = { shown: samples.shown, start: output.firstPts, delay: output.delay };
    }
    const piece: PieceTrack = {
      first: samples.first,
      count: samples.count,
      dts,
      ...hides,
      timescale: to,
      lastDuration,
      lasting,
      ownDuration: lastDuration,
      offsetShift,
      descriptionBase,
      trackId: output.id,
      prefix: 0,
      counts: NO_COUNTS,
    };
    const presentedEnd = base + rescale(Math.min(samples.presentedEnd, record.editEnd) + open, from, to);
    output.last = piece;
    output.lastDts = dts + lasting;
    output.presentedEnd = Math.max(output.presentedEnd, presentedEnd);
    return piece;
  }
}
