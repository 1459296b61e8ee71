import { Code, Table } from "../wasm/abi/names.ts";
import type { MovieTrack } from "../wasm/records/output.ts";
import type { Counts } from "../wasm/abi/records.ts";
import type { PieceTrack } from "../planning/piece.ts";
import { captionsOf } from "./captions.ts";
import { chaptersOf } from "./chapters.ts";
import { durationEntries } from "../planning/duration-runs.ts";
import {
  movieTime,
  movieTimescaleOf,
  movieTrackOf,
  pieceTrackOf,
  presentedTime,
  presentedEnd,
  trackIndexIn,
  NO_HEADERS,
  type LayoutParts,
  type TrackHeaders,
} from "./layout.ts";
import type { OutputTrack } from "../planning/output-track.ts";
import type { Pieces } from "../planning/pieces.ts";
import { rescale } from "../ticks.ts";
import { inlineRegion, madeRegion, mediaRegion, piecesRegion, whenRead, type Region } from "./regions.ts";

/** Highest offset and size that 32 bits hold. */
const MAX_32 = 0xffff_ffff;

/**
 * Lays out a progressive MP4: `ftyp moov mdat`, offsets of 64 bits only when 32 do not do. Lengths come from counts;
 * tables and media are made when they are read.
 */
export function layoutMp4(parts: LayoutParts): Region[] {
  const { composition, core } = parts;
  const timescale = movieTimescaleOf(composition);
  const tracks = composition.tracks.map((track, i) => headerOf(parts, track, timescale, parts.headers[i]));
  const captions = captionsOf(parts, { timescale, duration: presentedEnd(tracks) });
  if (captions !== undefined) tracks.push(captions.track);
  const time = movieTime(tracks, timescale);
  const captionBytes = captions?.bytes ?? 0;
  const pieceBytes = composition.tracks.reduce((sum, { bytes }) => sum + bytes, 0);
  const media = captionBytes + pieceBytes;
  const chapters = chaptersOf(parts);
  let wide = false;
  let movie = core.boxes.movie(tracks, time, { fragmented: false, wide, chapters });
  if (movie.size + 8 + media > MAX_32) {
    wide = true;
    movie = core.boxes.movie(tracks, time, { fragmented: false, wide, chapters });
  }
  const mdat = mdatHeader(media);
  const captionStart = movie.size + mdat.length;
  const mediaStart = captionStart + captionBytes;
  const regions: Region[] = [];
  let at = 0;
  for (const splice of movie.splices) {
    regions.push(inlineRegion(movie.bytes.subarray(at, splice.offset)));
    const track = composition.tracks[splice.track];
    if (track !== undefined) regions.push(tableRegion(parts, track, splice.table, mediaStart));
    else if (captions !== undefined) regions.push(captions.table(splice.table, captionStart));
    at = splice.offset;
  }
  regions.push(inlineRegion(movie.bytes.subarray(at)), inlineRegion(mdat));
  regions.push(
    ...(captions?.samples ?? []),
    mediaRegion(parts, { total: pieceBytes, of: (piece) => piece.bytes }, (piece, _, { rest }) => [
      "spans",
      piece.tracks,
      { rest },
    ]),
  );
  return regions;
}

function headerOf(
  { composition, edits }: LayoutParts,
  track: OutputTrack,
  timescale: number,
  headers: TrackHeaders = NO_HEADERS,
): MovieTrack {
  const { delay, duration } = presentedTime(track, composition, timescale);
  // Media time 0 is the first sample's decode time.
  const preroll = Math.max(0, track.firstPts) - track.firstDts;
  const header = { ...movieTrackOf(track, headers), editDelay: delay };
  if (edits === "list") return { ...header, editTime: preroll, editDuration: duration };
  const shown = duration + rescale(preroll, track.timescale, timescale);
  // Without an edit list readers such as GStreamer end with the media, though the last sample decoded may not be the last shown.
  const media = Math.max(header.duration, rescale(shown, timescale, track.timescale));
  return { ...header, duration: media, editTime: delay > 0 ? 0 : -1, editDuration: shown };
}

function mdatHeader(media: number): Uint8Array {
  const wide = media + 8 > MAX_32;
  const bytes = new Uint8Array(wide ? 16 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, wide ? 1 : media + 8);
  view.setUint32(4, Code.mdat);
  if (wide) view.setBigUint64(8, BigInt(media + 16));
  return bytes;
}

type TableCounts = Pick<Counts, "sttsEntries" | "cttsEntries" | "syncSamples" | "stscEntries" | "chunks">;

const ENTRY_BYTES: Readonly<Record<number, (counts: TableCounts, samples: number) => number>> = {
  [Table.Stts]: ({ sttsEntries }) => sttsEntries * 8,
  [Table.Ctts]: ({ cttsEntries }) => cttsEntries * 8,
  [Table.Stss]: ({ syncSamples }) => syncSamples * 4,
  [Table.Stsc]: ({ stscEntries }) => stscEntries * 12,
  [Table.Stsz]: (_, samples) => samples * 4,
  [Table.Stco]: ({ chunks }) => chunks * 4,
  [Table.Co64]: ({ chunks }) => chunks * 8,
};

function tableRegion(parts: LayoutParts, track: OutputTrack, table: number, mediaStart: number): Region {
  const { pieces } = parts.composition;
  if (table === Table.Stts && track.joinsDurations) {
    const tracks = (): PieceTrack[] => Array.from(pieces, (piece) => pieceTrackOf(piece, track) ?? []).flat();
    return madeRegion(
      track.sttsEntries * 8,
      whenRead(() => durationEntries(tracks())),
    );
  }
  const before = whenRead(() => startsOf(pieces, track, table, mediaStart));
  const bytesOf = ENTRY_BYTES[table] ?? (() => 0);
  return piecesRegion(
    parts,
    {
      total: bytesOf(track, track.samples),
      of: (piece) => {
        const found = pieceTrackOf(piece, track);
        return found === undefined ? 0 : bytesOf(found.counts, found.count);
      },
    },
    (piece, i, { bytes }) => [
      "table",
      piece.tracks,
      trackIndexIn(piece, track),
      table,
      before()[i] ?? 0,
      { from: bytes },
    ],
  );
}

// What each piece's entries count from: samples, chunks, or the offset of the piece's media.
function startsOf(pieces: Pieces, track: OutputTrack, table: number, mediaStart: number): Float64Array {
  if (table === Table.Stss) return pieces.sums((piece) => pieceTrackOf(piece, track)?.count ?? 0);
  if (table === Table.Stsc) return pieces.sums((piece) => pieceTrackOf(piece, track)?.counts.chunks ?? 0);
  return pieces.sums(({ bytes }) => bytes, table === Table.Stco || table === Table.Co64 ? mediaStart : 0);
}
