import { FRAGMENT_BASE, SIDX_ENTRY, Table, TFRA_ENTRY } from "../wasm/abi/names.ts";
import type { MovieTrack } from "../wasm/records/output.ts";
import type { PieceTrack } from "../planning/piece.ts";
import { lentBytes, type LentBytes } from "../wasm/loaded-index.ts";
import { captionsOf } from "./captions.ts";
import { FragmentCounts } from "../planning/fragment-sizes.ts";
import {
  chaptersOf,
  movieTime,
  movieTrackOf,
  MOVIE_TIMESCALE,
  presentedTime,
  presentedEnd,
  NO_HEADERS,
  type LayoutParts,
  type TrackHeaders,
} from "./layout.ts";
import type { OutputTrack } from "../planning/output-track.ts";
import { isVideo } from "../track-kinds.ts";
import type { Pieces } from "../planning/pieces.ts";
import type { Piece } from "../planning/piece.ts";
import type { Composition } from "../planning/composition.ts";
import { millisecondsOf, rescale, ticksOf } from "../ticks.ts";
import { ROUNDING_MS } from "../planning/placed-segment.ts";
import { inlineRegion, mediaRegion, piecesRegion, whenRead, type PieceLengths, type Region } from "./regions.ts";

/** References that one `sidx` can hold (ISO/IEC 14496-12 clause 8.16.3). */
const MAX_REFERENCES = 0xffff;

/**
 * Lays out a fragmented MP4: init segment, `sidx`, a `moof` and `mdat` per group of pictures, `mfra`. A range beyond
 * what one `sidx` can hold goes without; `mfra` lists all fragments in any case.
 */
export function layoutFmp4(parts: LayoutParts): Region[] {
  const { composition, core } = parts;
  const { pieces } = composition;
  const tracksOf = fragmentTracks(parts);
  const tracks = composition.tracks.map((track, i) => headerOf(parts, track, parts.headers[i]));
  const captions = captionsOf(parts, { timescale: MOVIE_TIMESCALE, duration: presentedEnd(tracks) });
  if (captions !== undefined) tracks.push(captions.track);
  const time = movieTime(tracks, MOVIE_TIMESCALE);
  const captionFragments = captions?.fragments ?? [];
  const distance = captionFragments.reduce((sum, region) => sum + region.length, 0);
  const chapters = chaptersOf(parts);
  const init = inlineRegion(core.boxes.movie(tracks, time, { fragmented: true, wide: false, chapters }).bytes);

  const reference = composition.tracks.find(isVideo) ?? composition.tracks[0];
  if (reference === undefined) return [init];
  // Silence between pictures belongs to the fragments before it.
  const isReferred = ({ made }: Piece): boolean => made === undefined || !isVideo(reference);
  const references = (piece: Piece): number => (isReferred(piece) ? piece.fragments : 0);
  const lengths = fragmentLengths(composition);
  const count = isVideo(reference) ? composition.references : composition.fragments;
  const regions = [init];
  if (count <= MAX_REFERENCES) {
    // Its times are those of the presentation: what the edit list hides at either end does not count (clause 8.16.3).
    const hidden = hiddenOf(reference, parts);
    const ends = whenRead(() => {
      const referred = Array.from(pieces, isReferred);
      return { first: referred.indexOf(true), last: referred.lastIndexOf(true) };
    });
    const hiddenIn = (i: number): typeof NOTHING => ({
      offset: 0,
      hiddenStart: i === ends().first ? hidden.start : 0,
      hiddenEnd: i === ends().last ? hidden.end : 0,
    });
    const behind = (i: number): number =>
      bytesOf(
        stretch(pieces, i, (piece) => !isReferred(piece)),
        lengths.of,
      );
    const start = Math.max(0, reference.firstPts);
    regions.push(
      inlineRegion(core.boxes.sidxHead(reference.id, reference.timescale, start, distance + behind(0), count)),
      piecesRegion(
        parts,
        { total: count * SIDX_ENTRY, of: (piece) => references(piece) * SIDX_ENTRY },
        (piece, i, { rest }) => [
          "accessEntries",
          tracksOf(piece),
          Table.Sidx,
          reference.timescale,
          hiddenIn(i),
          { rest },
        ],
        (entries, i) => lengthened(entries, behind(i + 1)),
      ),
    );
  }
  regions.push(...captionFragments);
  const first = regions.reduce((sum, region) => sum + region.length, 0);
  const starts = whenRead(() => startsOf(pieces, lengths.of, first));
  const numbers = whenRead(() => startsOf(pieces, ({ fragments }) => fragments, 1 + (captions?.samples.length ?? 0)));
  const mfra = core.boxes.mfra(reference.id, count);
  regions.push(
    mediaRegion(parts, lengths, (piece, i, { rest }) => ["fragments", tracksOf(piece), numbers()[i] ?? 0, { rest }]),
    inlineRegion(mfra.head),
    piecesRegion(
      parts,
      { total: count * TFRA_ENTRY, of: (piece) => references(piece) * TFRA_ENTRY },
      (piece, i, { rest }) => {
        const place = { ...NOTHING, offset: starts()[i] ?? 0 };
        return ["accessEntries", tracksOf(piece), Table.Tfra, reference.timescale, place, { rest }];
      },
    ),
    inlineRegion(mfra.tail),
  );
  return regions;
}

/**
 * What is only decoded behind the end of a presentation is over this much after it, or two and a half frames where these are longer:
 * closer to each other than the frame rate, pictures make readers complain.
 */
const HELD_MS = 100;

const NOTHING = { offset: 0, hiddenStart: 0, hiddenEnd: 0 };

/** Ticks of a track before and after what is presented of it: decode times less the delay are presentation times. */
function hiddenOf(track: OutputTrack, { composition, edits }: LayoutParts): { start: number; end: number } {
  const { firstDts, firstPts, delay, duration } = track;
  const ends = Math.min(track.presentedEnd, ticksOf(composition.presentedMs, track.timescale));
  const start = edits === "list" ? Math.max(0, firstPts) - delay - firstDts + track.firstLead : 0;
  return { start: Math.max(0, start), end: Math.max(0, firstDts + duration - delay - ends) };
}

/** Decode times in fragments cannot be negative: a track's media time starts this much before the presentation. */
function shiftOf(track: OutputTrack, { composition, edits }: LayoutParts): number {
  if (edits === "list") return Math.max(0, track.firstLead - track.firstDts);
  // Without edit lists all tracks start alike.
  const firstMs = Math.min(
    0,
    ...composition.tracks.map(({ firstDts, timescale }) => millisecondsOf(firstDts, timescale)),
  );
  return Math.max(-track.firstDts, ticksOf(-firstMs, track.timescale));
}

/**
 * A first piece's track as fragments with an edit list need it: ffmpeg shows what stands before the edit list of a fragmented
 * file, and is to see each of its pictures in its own time.
 */
function asRecorded(track: PieceTrack, output: OutputTrack): PieceTrack {
  const lastDuration = track.lastDuration + (track.lastLead ?? 0);
  if (output.startsEarly) return { ...track, lastDuration, shown: Number.NEGATIVE_INFINITY };
  return { ...track, lastDuration, asRecorded: 1 };
}

/** Gives a piece's tracks as fragments need them. */
function fragmentTracks(parts: LayoutParts): (piece: Piece) => PieceTrack[] {
  const { tracks, presentedMs } = parts.composition;
  const outputs = tracks.map((output) => {
    const shift = shiftOf(output, parts);
    const frame = (output.duration + output.firstLead) / output.samples;
    const held = Math.ceil(Math.max(1.5 * frame, ticksOf(HELD_MS, output.timescale) - frame));
    const presentedUntil = shift + ticksOf(presentedMs - ROUNDING_MS, output.timescale) + held;
    return { output, shift, presentedUntil };
  });
  return (piece) =>
    piece.tracks.map((track) => {
      const found = outputs.find(({ output: { id } }) => id === track.trackId);
      if (found === undefined) return track;
      const { output, shift, presentedUntil } = found;
      const timed = parts.edits === "list" && track.shown !== undefined ? asRecorded(track, output) : track;
      const start = (track.start ?? 0) + shift;
      return { ...timed, dts: track.dts + shift, start, outputFlags: output.flags, presentedUntil };
    });
}

function headerOf(parts: LayoutParts, track: OutputTrack, headers: TrackHeaders = NO_HEADERS): MovieTrack {
  const shift = shiftOf(track, parts);
  const hides = parts.edits === "list" && shift > 0;
  const { delay, duration } = presentedTime(track, parts.composition, MOVIE_TIMESCALE);
  return {
    ...movieTrackOf(track, headers),
    duration: shift + track.firstDts + track.duration,
    editDelay: 0,
    editTime: hides ? shift : -1,
    editDuration: delay + duration + (hides ? 0 : rescale(shift, track.timescale, MOVIE_TIMESCALE)),
  };
}

/** Bytes of pieces as fragments, media included. */
function fragmentLengths({ tracks, fragments }: Composition): PieceLengths {
  const flags = new Map(tracks.map((track) => [track.id, track.flags]));
  return {
    total: tracks.reduce(
      (sum, track) => sum + track.inFragments.bytes(track.flags) + track.bytes,
      fragments * FRAGMENT_BASE,
    ),
    of: (piece) =>
      piece.tracks.reduce(
        (sum, track) => sum + new FragmentCounts().add(track).bytes(flags.get(track.trackId) ?? 0),
        piece.fragments * FRAGMENT_BASE + piece.bytes,
      ),
  };
}

/** The pieces from number `first` on, as far as they are `wanted` without a break. */
function* stretch(pieces: Pieces, first: number, wanted: (piece: Piece) => boolean): Generator<Piece> {
  for (let i = first; ; i++) {
    const piece = pieces.at(i);
    if (piece === undefined || !wanted(piece)) return;
    yield piece;
  }
}

function bytesOf(pieces: Iterable<Piece>, of: (piece: Piece) => number): number {
  let sum = 0;
  for (const piece of pieces) sum += of(piece);
  return sum;
}

/** Entries of `sidx` whose last one also refers to the `more` bytes behind it. */
function lengthened(lent: LentBytes, more: number): LentBytes {
  const at = lent.length - SIDX_ENTRY;
  if (more === 0 || at < 0 || lent.rest !== undefined) return lent;
  const entries = new Uint8Array(lent.length);
  lent.copyTo(entries, 0);
  const view = new DataView(entries.buffer);
  view.setUint32(at, view.getUint32(at) + more);
  return lentBytes(entries, undefined);
}

/** The sum of `of` over all pieces before each, and `first`. */
function startsOf(pieces: Pieces, of: (piece: Piece) => number, first: number): Float64Array {
  const starts = new Float64Array(pieces.length);
  let sum = first;
  let i = 0;
  for (const piece of pieces) {
    starts[i++] = sum;
    sum += of(piece);
  }
  return starts;
}
