import { codecChange, encrypted } from "./plan-errors.ts";
import type { Store } from "../../base/ports.ts";
import type { Core } from "../wasm/module.ts";
import type { Counts, Selected } from "../wasm/abi/records.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import type { TrackRecord } from "../wasm/records/summary.ts";
import type { MeasuredPiece } from "../wasm/loaded-index.ts";
import type { IndexQueries } from "./index-queries.ts";
import { OutputTrack } from "./output-track.ts";
import { codecFamily, isVideo } from "../track-kinds.ts";
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
import { shownAt, type PlacedSegment, type TimedSegment } from "./placed-segment.ts";
import type { Placement } from "./placement.ts";
import type { PlacedSink } from "./placer.ts";
import type { Composition } from "./composition.ts";
import { KeptPieces } from "./kept-pieces.ts";
import { join } from "./join.ts";
import type { AlikeSegments } from "./alike-segments.ts";
import type { Match } from "./match.ts";
import { NO_INLINE } from "./piece-columns.ts";
import { selectionOf, shownOf } from "./selection.ts";
import { AudioFiller } from "./audio-filler.ts";
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

/** What is taken of a placed segment that is cut. */
interface Cut {
  readonly placed: PlacedSegment;
  readonly tracks: readonly PieceTrack[];
}

/**
 * Turns placed segments into pieces, one after another: selects their samples, gives them their times and mends each
 * track's joint with what is before (rules 3 and 5 of a plan).
 */
export class PieceMaker implements PlacedSink {
  readonly #options: PieceMakerOptions;
  readonly #outputs: OutputTrack[] = [];
  /** By kind of segment. */
  readonly #matches = new Map<string, Match>();
  /** In order; none when there are more than are to be kept. */
  readonly #pieces = new KeptPieces(this.#outputs);
  #segments = 0;
  #fragments = 0;
  #references = 0;
  readonly #filler: AudioFiller | undefined;
  /** Whether pieces are missing, those that were not made. */
  #dropped = false;
  /** What is decoded before the segment that the presentation starts in, which goes on from it. */
  #leading: PlacedSegment[] = [];

  constructor(options: PieceMakerOptions) {
    this.#options = options;
    if (options.sound !== "keep") return;
    this.#filler = new AudioFiller(options, (piece) => {
      this.#keep(piece);
    });
  }

  get isEmpty(): boolean {
    return this.#segments === 0;
  }

  /** Mends what is only known once all pieces are. Of the tracks there are those that hold samples. */
  async finish({ leading, pictureEndMs, ...shown }: Placement): Promise<Composition> {
    const outputs = this.#outputs;
    for (const output of outputs) {
      await this.#filler?.fillBehind(output, pictureEndMs);
      output.finish(shown.presentedMs);
    }
    const video = outputs.find(isVideo);
    const isMoved = this.#options.changes === "inband" && video?.changes !== undefined;
    const pieces = await this.#pieces.finish(
      isMoved ? (changing) => moveInband(this.#options, video, changing) : undefined,
    );
    return {
      ...shown,
      tracks: outputs.filter((track) => track.samples > 0),
      pieces,
      segments: this.#segments,
      fragments: this.#fragments,
      references: this.#references,
      joints: Math.max(0, this.#segments - leading - 1),
    };
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
    const shown: (number | undefined)[] = [];
    for (const [trackIndex, output] of match.outputs.entries())
      if (run.length > 1 && isVideo(output)) shown[trackIndex] = await shownOf(run, trackIndex, output, this.#options);
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

  /** Adds alike segments all at once. @returns false, and nothing is changed, when they have to be added one by one */
  addAlike({ kind, segments, fragments, join: joinTo, columns }: AlikeSegments): boolean {
    const match = this.#matches.get(kind);
    if (match === undefined || match.scaled || this.#leading.length > 0) return false;
    const filler = this.#filler;
    if (filler !== undefined && this.#outputs.some((output) => filler.isBusyWith(output, match.outputs))) return false;
    const isKept = this.#options.mostPieces === Number.POSITIVE_INFINITY;
    // What follows may change the last piece of a track that has none among these.
    if (isKept && !this.#outputs.every((output) => match.outputs.includes(output))) return false;
    const joined = joinTo(match, filler !== undefined);
    const pieces = isKept ? joined && columns(match, joined) : undefined;
    if (joined === undefined || (isKept && pieces === undefined)) return false;
    for (const [i, { last }] of match.outputs.entries())
      if (last !== undefined) last.lastDuration = joined[i]?.distance ?? last.lastDuration;
    const kept = pieces && this.#pieces.pushColumns(pieces);
    for (const [i, runs] of joined.entries()) match.outputs[i]?.addRuns(runs, kept?.tracks[i]);
    this.#segments += segments;
    this.#fragments += fragments;
    this.#references += fragments;
    if (isKept) return true;
    this.#dropped = true;
    this.#pieces.drop();
    return true;
  }

  /** Selects and joins the tracks of a placed segment. Undefined when nothing of it is taken. */
  async #cut(
    placed: PlacedSegment,
    match: Match,
    shown: readonly (number | undefined)[],
  ): Promise<PieceTrack[] | undefined> {
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
    const descriptionBase = this.#baseOf(placed, match, trackIndex);
    const track = join(output, { placed, record, samples: cut.first, descriptionBase }, this.#options.edits);
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
    this.#segments++;
    this.#references += fragments;
    this.#keep({ source: sourceOf(segment), tracks, bytes, fragments, inline: NO_INLINE });
  }

  #keep(piece: Piece): void {
    this.#fragments += piece.fragments;
    if (this.#segments <= this.#options.mostPieces && !this.#dropped) this.#pieces.push(piece);
    else this.#pieces.drop();
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
   * @param shown when the picture of each track that is on screen at the start was recorded to be presented, output ticks; default: as selected
   */
  #joinAll(
    placed: PlacedSegment,
    match: Match,
    selected?: readonly Selected[],
    shown: readonly (number | undefined)[] = [],
  ): PieceTrack[] {
    return placed.timed.summary.tracks.map((record, trackIndex) => {
      const output = match.outputs[trackIndex];
      const samples = selected === undefined ? wholeTrack(record) : selected[trackIndex];
      if (output === undefined || samples === undefined || samples.count === 0) return leftOut(record);
      const shownPts = shown[trackIndex];
      const taken = shownPts === undefined ? samples : { ...samples, shown: shownAt(placed, output, record, shownPts) };
      const descriptionBase = this.#baseOf(placed, match, trackIndex);
      return join(output, { placed, record, samples: taken, descriptionBase }, this.#options.edits);
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
}
