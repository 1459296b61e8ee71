import { Table, type MovieTrack } from "../wasm/records/output.ts";
import type { PieceTrack } from "../wasm/records/piece.ts";
import type { PieceFragments } from "../wasm/loaded-index.ts";
import { captionsOf } from "./captions.ts";
import { chaptersOf, movieTrackOf, presentationOf, runEntrySize, type LayoutParts } from "./layout.ts";
import { isVideo, type OutputTrack } from "./output-track.ts";
import type { Piece } from "./piece.ts";
import type { Composition } from "./plan-builder.ts";
import { ticksOf } from "./ticks.ts";
import { ROUNDING_MS } from "./placed-segment.ts";
import type { Part } from "./read-spans.ts";
import { inlineRegion, mediaRegion, piecesRegion, type Region } from "./regions.ts";

/** Fixed parts of a fragment, in bytes; as in the WASM core. */
const FRAGMENT_BYTES = 8 + 16 + 8; // moof, mfhd, mdat
const TRAF_BYTES = 8 + 20 + 20; // traf, tfhd, tfdt
const TRUN_BYTES = 20;
const SIDX_ENTRY = 12;
const TFRA_ENTRY = 19;
/** References that one `sidx` can hold (ISO/IEC 14496-12 clause 8.16.3). */
const MAX_REFERENCES = 0xffff;

/**
 * Lays out a fragmented MP4: init segment, `sidx`, a `moof` and `mdat` per group of pictures, `mfra`. A range beyond
 * what one `sidx` can hold goes without; `mfra` lists all fragments in any case.
 */
export function layoutFmp4(parts: LayoutParts): Region[] {
  const { composition, core } = parts;
  const shifts = new Map(composition.tracks.map((track) => [track.id, Math.max(0, -track.firstDts)]));
  const flags = new Map(composition.tracks.map((track) => [track.id, track.flags]));
  const frames = new Map(composition.tracks.map((track) => [track.id, track.duration / track.samples]));
  const shifted: Composition = {
    ...composition,
    pieces: composition.pieces.map((piece) => onMediaTime(piece, shifts, flags, frames, composition.presentedMs)),
  };
  const inner: LayoutParts = { ...parts, composition: shifted };
  const tracks = composition.tracks.map((track, i) => headerOf(track, composition, shifts, parts.descriptions[i]));
  const duration = Math.max(0, ...composition.tracks.map((track) => end(presentationOf(track, composition))));
  const captions = captionsOf(parts, duration);
  if (captions !== undefined) tracks.push(captions.track);
  const captionFragments = captions?.fragments ?? [];
  const distance = captionFragments.reduce((sum, region) => sum + region.length, 0);
  const chapters = chaptersOf(parts);
  const init = inlineRegion(core.movie(tracks, duration, { fragmented: true, wide: false, chapters }).bytes);

  const reference = composition.tracks.find(isVideo) ?? composition.tracks[0];
  if (reference === undefined) return [init];
  const count = shifted.pieces.reduce((sum, piece) => sum + piece.fragments, 0);
  const regions = [init];
  if (count <= MAX_REFERENCES) {
    // Its times are those of the presentation: what the edit list hides at either end does not count (clause 8.16.3).
    const hidden = hiddenOf(reference, composition);
    const hiddenIn = (i: number): typeof NOTHING => ({
      offset: 0,
      hiddenStart: i === 0 ? hidden.start : 0,
      hiddenEnd: i === shifted.pieces.length - 1 ? hidden.end : 0,
    });
    regions.push(
      inlineRegion(core.sidxHead(reference.id, reference.timescale, Math.max(0, reference.firstPts), distance, count)),
      piecesRegion(
        inner,
        (piece) => piece.fragments * SIDX_ENTRY,
        (index, piece, i) => index.accessEntries(piece.tracks, Table.sidx, reference.timescale, hiddenIn(i)),
      ),
    );
  }
  regions.push(...captionFragments);
  const first = regions.reduce((sum, region) => sum + region.length, 0);
  const starts = startsOf(shifted.pieces, first);
  const mfra = core.mfra(reference.id, count);
  regions.push(
    fragmentsRegion(inner, 1 + (captions?.samples.length ?? 0)),
    inlineRegion(mfra.head),
    piecesRegion(
      inner,
      (piece) => piece.fragments * TFRA_ENTRY,
      (index, piece, i) =>
        index.accessEntries(piece.tracks, Table.tfra, reference.timescale, { ...NOTHING, offset: starts[i] ?? 0 }),
    ),
    inlineRegion(mfra.tail),
  );
  return regions;
}

const NOTHING = { offset: 0, hiddenStart: 0, hiddenEnd: 0 };

/** Ticks of a track before and after what is presented of it. */
function hiddenOf(track: OutputTrack, composition: Composition): { start: number; end: number } {
  const presentedEnd = Math.min(track.presentedEnd, ticksOf(composition.presentedMs, track.timescale));
  return { start: Math.max(0, -track.firstPts), end: Math.max(0, track.firstPts + track.duration - presentedEnd) };
}

function end({ delay, duration }: { delay: number; duration: number }): number {
  return delay + duration;
}

// Decode times in fragments cannot be negative: each track's media time starts `shift` before the presentation.
function onMediaTime(
  piece: Piece,
  shifts: ReadonlyMap<number, number>,
  flags: ReadonlyMap<number, number>,
  frames: ReadonlyMap<number, number>,
  presentedMs: number,
): Piece {
  const tracks = piece.tracks.map((track): PieceTrack => {
    const shift = shifts.get(track.trackId) ?? 0;
    return {
      ...track,
      dts: track.dts + shift,
      outputFlags: flags.get(track.trackId) ?? 0,
      presentedUntil:
        shift + ticksOf(presentedMs - ROUNDING_MS, track.timescale) + Math.ceil(1.5 * (frames.get(track.trackId) ?? 0)),
    };
  });
  return { ...piece, tracks };
}

function headerOf(
  track: OutputTrack,
  composition: Composition,
  shifts: ReadonlyMap<number, number>,
  descriptions: Uint8Array = new Uint8Array(0),
): MovieTrack {
  const shift = shifts.get(track.id) ?? 0;
  const editDuration = end(presentationOf(track, composition));
  return { ...movieTrackOf(track, descriptions), editDelay: 0, editTime: shift > 0 ? shift : -1, editDuration };
}

function fragmentBytes(piece: Piece): number {
  const headers = piece.tracks.reduce((sum, track) => {
    if (track.count === 0) return sum;
    return sum + track.trafs * TRAF_BYTES + track.truns * TRUN_BYTES + track.count * runEntrySize(track.outputFlags);
  }, piece.fragments * FRAGMENT_BYTES);
  return headers + piece.bytes;
}

function startsOf(pieces: readonly Piece[], first: number): Float64Array {
  const starts = new Float64Array(pieces.length);
  let sum = first;
  pieces.forEach((piece, i) => {
    starts[i] = sum;
    sum += fragmentBytes(piece);
  });
  return starts;
}

/** @param firstNumber sequence number of the first fragment */
function fragmentsRegion(parts: LayoutParts, firstNumber: number): Region {
  const numbers: number[] = [];
  parts.composition.pieces.reduce((number, { fragments }) => {
    numbers.push(number);
    return number + fragments;
  }, firstNumber);
  return mediaRegion(parts, fragmentBytes, (index, { tracks }, i) =>
    fragmentParts(index.fragments(tracks, numbers[i] ?? 0)),
  );
}

function* fragmentParts({ headers, fragments, spans }: PieceFragments): Generator<Part> {
  for (const { headerOffset, headerLength, firstSpan, spans: count } of fragments) {
    yield headers.subarray(headerOffset, headerOffset + headerLength);
    for (let i = firstSpan; i < firstSpan + count; i++) {
      const span = spans[i];
      if (span !== undefined) yield span;
    }
  }
}
