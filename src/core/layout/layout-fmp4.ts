import { lengthOf } from "../../base/bytes.ts";
import { FRAGMENT_BASE, SIDX_ENTRY, Table, TFRA_ENTRY } from "../wasm/abi/names.ts";
import type { MovieTrack } from "../wasm/records/output.ts";
import type { PieceTrack, Piece } from "../planning/piece.ts";
import { lentBytes, type LentBytes, type LoadedIndex } from "../wasm/loaded-index.ts";
import { captionsOf } from "./captions.ts";
import { chaptersOf } from "./chapters.ts";
import { earlyOf, firstDtsOf, firstOf, heardTrack, HELD_MS, unheardOf, withPreroll } from "./fragment-start.ts";
import { FragmentCounts } from "../planning/fragment-sizes.ts";
import {
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
import type { Composition } from "../planning/composition.ts";
import { millisecondsOf, rescale, ticksOf } from "../ticks.ts";
import { ROUNDING_MS } from "../planning/placed-segment.ts";
import { inlineRegion, mediaRegion, piecesRegion, whenRead, type PieceLengths, type Region } from "./regions.ts";

/** References that one `sidx` can hold (ISO/IEC 14496-12 clause 8.16.3). */
const MAX_REFERENCES = 0xffff;

/** The fragments of an output, and which of them `sidx` and `mfra` list: those of the reference track. */
interface Fragments {
  readonly parts: LayoutParts;
  readonly reference: OutputTrack;
  /** The tracks of a piece as fragments need them. */
  readonly tracksOf: (piece: Piece) => PieceTrack[];
  readonly lengths: PieceLengths;
  /** How many are listed. */
  readonly count: number;
  /** Silence between pictures belongs to the fragments before it. */
  readonly isListed: (piece: Piece) => boolean;
}

/** Where the media of a piece lies, and what is hidden of it, in ticks of the reference track. */
type Place = Parameters<LoadedIndex["accessEntries"]>[3];

/**
 * Lays out a fragmented MP4: init segment, `sidx`, a `moof` and `mdat` per group of pictures, `mfra`. A range beyond
 * what one `sidx` can hold goes without; `mfra` lists all fragments in any case.
 */
export function layoutFmp4(parts: LayoutParts): Region[] {
  const { composition, core } = parts;
  const tracks = composition.tracks.map((track, i) => headerOf(parts, track, parts.headers[i]));
  const captions = captionsOf(parts, { timescale: MOVIE_TIMESCALE, duration: presentedEnd(tracks) });
  if (captions !== undefined) tracks.push(captions.track);
  const time = movieTime(tracks, MOVIE_TIMESCALE);
  const options = { fragmented: true, wide: false, chapters: chaptersOf(parts) };
  const init = inlineRegion(core.boxes.movie(tracks, time, options).bytes);

  const fragments = fragmentsOf(parts);
  if (fragments === undefined) return [init];
  const captionFragments = captions?.fragments ?? [];
  const head = [init, ...sidx(fragments, lengthOf(captionFragments)), ...captionFragments];
  const sequence = 1 + (captions?.samples.length ?? 0);
  return [...head, movieFragments(fragments, sequence), ...mfra(fragments, lengthOf(head))];
}

/** Undefined for an output without tracks. */
function fragmentsOf(parts: LayoutParts): Fragments | undefined {
  const { composition } = parts;
  const reference = composition.tracks.find(isVideo) ?? composition.tracks[0];
  if (reference === undefined) return undefined;
  const shows = isVideo(reference);
  return {
    parts,
    reference,
    tracksOf: fragmentTracks(parts),
    lengths: fragmentLengths(composition),
    count: shows ? composition.references : composition.fragments,
    isListed: ({ made }) => made === undefined || !shows,
  };
}

/** Segment index; none where the fragments are more than one can hold. @param distance bytes between it and the first fragment */
function sidx(fragments: Fragments, distance: number): Region[] {
  const { parts, reference, count, isListed, lengths, tracksOf } = fragments;
  if (count > MAX_REFERENCES) return [];
  const { pieces } = parts.composition;
  // Its times are those of the presentation: what the edit list hides at either end does not count (clause 8.16.3).
  const hidden = hiddenOf(reference, parts);
  // Where decoding begins in an earlier segment, several pieces may be hidden.
  const ends = whenRead(() => {
    const starts: number[] = [];
    let left = hidden.start;
    for (const piece of pieces) {
      if (left <= 0) break;
      const track = tracksOf(piece).find(({ trackId }) => trackId === reference.id);
      starts.push(left);
      left -= track === undefined ? 0 : track.lasting + track.lastDuration;
    }
    return { starts, last: Array.from(pieces, isListed).lastIndexOf(true) };
  });
  const place = (i: number): Place => ({
    offset: 0,
    hiddenStart: ends().starts[i] ?? 0,
    hiddenEnd: i === ends().last ? hidden.end : 0,
  });
  // A reference reaches over what is not listed behind it.
  const unlistedFrom = (first: number): number => {
    let bytes = 0;
    for (let i = first; ; i++) {
      const piece = pieces.at(i);
      if (piece === undefined || isListed(piece)) return bytes;
      bytes += lengths.of(piece);
    }
  };
  const { id, timescale, firstPts } = reference;
  const start = Math.max(0, firstPts);
  return [
    inlineRegion(parts.core.boxes.sidxHead(id, timescale, start, distance + unlistedFrom(0), count)),
    accessEntries(fragments, { table: Table.Sidx, size: SIDX_ENTRY }, place, (entries, i) =>
      lengthened(entries, unlistedFrom(i + 1)),
    ),
  ];
}

/** All `moof`s, each with its `mdat`. @param sequence number of the first one */
function movieFragments({ parts, tracksOf, lengths }: Fragments, sequence: number): Region {
  const numbers = whenRead(() => parts.composition.pieces.sums((piece) => piece.fragments, sequence));
  return mediaRegion(parts, lengths, (piece, i, { rest }) => [
    "fragments",
    tracksOf(piece),
    numbers()[i] ?? 0,
    { rest },
  ]);
}

/** Movie fragment random access. @param first offset of the first fragment in the file */
function mfra(fragments: Fragments, first: number): Region[] {
  const { parts, reference, count, lengths } = fragments;
  const starts = whenRead(() => parts.composition.pieces.sums(lengths.of, first));
  const { head, tail } = parts.core.boxes.mfra(reference.id, count);
  const place = (i: number): Place => ({ offset: starts()[i] ?? 0, hiddenStart: 0, hiddenEnd: 0 });
  return [
    inlineRegion(head),
    accessEntries(fragments, { table: Table.Tfra, size: TFRA_ENTRY }, place),
    inlineRegion(tail),
  ];
}

/** An entry of a table for each fragment that is listed. @param size bytes of one */
function accessEntries(
  { parts, reference, tracksOf, count, isListed }: Fragments,
  { table, size }: { readonly table: number; readonly size: number },
  placeOf: (number: number) => Place,
  mended?: (lent: LentBytes, number: number) => LentBytes,
): Region {
  const lengths = { total: count * size, of: (piece: Piece) => (isListed(piece) ? piece.fragments * size : 0) };
  return piecesRegion(
    parts,
    lengths,
    (piece, i, { rest }) => ["accessEntries", tracksOf(piece), table, reference.timescale, placeOf(i), { rest }],
    mended,
  );
}

/** Ticks of a track before and after what is presented of it: decode times less the delay are presentation times. */
function hiddenOf(track: OutputTrack, parts: LayoutParts): { start: number; end: number } {
  const { firstDts, firstPts, delay, duration } = track;
  const ends = Math.min(track.presentedEnd, ticksOf(parts.composition.presentedMs, track.timescale));
  const start = parts.edits === "list" ? Math.max(0, firstPts) - delay - firstDtsOf(track, parts) : 0;
  return { start: Math.max(0, start), end: Math.max(0, firstDts + duration - delay - ends) };
}

/** Decode times in fragments cannot be negative: a track's media time starts this much before the presentation. */
function shiftOf(track: OutputTrack, parts: LayoutParts): number {
  const { composition, edits } = parts;
  if (edits === "list") return Math.max(0, -firstDtsOf(track, parts));
  // Without edit lists all tracks start alike.
  const firstMs = Math.min(
    0,
    ...composition.tracks.map(({ firstDts, timescale }) => millisecondsOf(firstDts, timescale)),
  );
  return Math.max(-track.firstDts, ticksOf(-firstMs, track.timescale));
}

/** What says where samples go that are only decoded behind the end of a presentation; see `LateSamples`. */
type Late = Pick<PieceTrack, "presentedUntil" | "lateApart" | "lateCloser" | "latest">;

/**
 * Where samples go that are only decoded, behind the end of the presentation.
 * @param shift what the media time is ahead of it
 * @param firstMs when the first sample of any track is presented
 */
function lateOf(output: OutputTrack, presentedMs: number, shift: number, firstMs: number): Late {
  const { timescale, firstDts, firstPts, delay, duration, samples, hidden, usualDuration } = output;
  const past = Math.min(Math.max(0, -output.shownPts), Math.round(usualDuration));
  const frame = (firstDts + delay + duration - firstPts + past) / (samples - hidden);
  const presentedUntil = shift + ticksOf(presentedMs - ROUNDING_MS, timescale);
  const held = Math.max(1.5 * usualDuration, ticksOf(HELD_MS, timescale) - usualDuration);
  // ffmpeg rounds to frames from the first sample of any track on, and complains of two that fall on one.
  const phase = (firstPts - past - ticksOf(firstMs, timescale)) / frame;
  const closer = Math.floor((0.5 + phase - Math.round(phase)) * frame) - 1;
  return {
    presentedUntil,
    lateApart: Math.ceil(frame),
    lateCloser: output.isEven ? Math.max(0, closer) : 0,
    latest: presentedUntil + Math.floor(held),
  };
}

/** Gives a piece's tracks as fragments need them. */
function fragmentTracks(parts: LayoutParts): (piece: Piece) => PieceTrack[] {
  const { composition } = parts;
  const outputs = composition.tracks.map((output) => ({
    ...{ output, shift: shiftOf(output, parts), early: earlyOf(output, parts), unheard: unheardOf(output, parts) },
    firstMs: millisecondsOf(firstOf(output, parts), output.timescale),
  }));
  const firstMs = Math.min(...outputs.map((each) => each.firstMs));
  return (piece) =>
    piece.tracks.map((track) => {
      const found = outputs.find(({ output: { id } }) => id === track.trackId);
      if (found === undefined) return track;
      const { output, shift, early, unheard } = found;
      const timed = track.shown === undefined ? heardTrack(track, unheard, output) : withPreroll(track, early);
      const start = (timed.start ?? 0) + shift;
      const isLast = track.dts === output.last?.dts;
      const late = isLast ? lateOf(output, composition.presentedMs, shift, firstMs) : undefined;
      return { ...timed, dts: track.dts + shift, start, outputFlags: output.flags, ...late };
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
