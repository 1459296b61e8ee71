/** Boxes that an index kept, in the headers of an output. */
import { Code } from "../abi/codes";
import { writeHdlrOf } from "../box/hdlr";
import { isMediaHeader } from "../box/media-header";
import { KeptCursor, MOVIE_SCOPE, nextKept } from "../read/kept-boxes";
import { Box, newBox, peekBox, u32be } from "../memory/reader";
import { MovieTrack } from "../abi/records";
import { make } from "../memory/status";
import { beginBox, endUnlessEmpty, put32, putBytes, Writer } from "../memory/writer";

/** Kept boxes of an output track, or (`MOVIE_SCOPE`) of the movie that it comes from. */
export function keptOf(track: usize, scope: u32): KeptCursor {
  const cursor = make<KeptCursor>();
  cursor.box = newBox();
  cursor.scope = scope;
  cursor.next = load<u32>(track, MovieTrack.KEPT_POINTER);
  cursor.end = cursor.next + load<u32>(track, MovieTrack.KEPT_LENGTH);
  return cursor;
}

function keptOfTrack(track: usize): KeptCursor {
  return keptOf(track, load<u32>(track, MovieTrack.TRACK_INDEX));
}

function isUserData(type: u32): bool {
  return type == Code.udta;
}

function isDescription(type: u32): bool {
  return type == Code.meta || type == Code.uuid;
}

function putBox(out: Writer, box: Box): void {
  putBytes(out, box.start, box.end - box.start);
}

/** Writes a track's kept box of a type. False when it has none. */
export function writeKept(out: Writer, track: usize, type: u32): bool {
  const cursor = keptOfTrack(track);
  while (nextKept(cursor)) {
    if (cursor.box.type != type) continue;
    if (type == Code.hdlr) writeHdlrOf(out, cursor.box);
    else putBox(out, cursor.box);
    return true;
  }
  return false;
}

/** Writes a track's media information header. False when none was kept. */
export function writeKeptInformation(out: Writer, track: usize): bool {
  const cursor = keptOfTrack(track);
  while (nextKept(cursor)) {
    if (!isMediaHeader(cursor.box.type)) continue;
    putBox(out, cursor.box);
    return true;
  }
  return false;
}

/** Writes what describes a track: user data, `meta` and `uuid`. */
export function writeTrackDescription(out: Writer, track: usize): void {
  const cursor = keptOfTrack(track);
  while (nextKept(cursor)) if (isUserData(cursor.box.type) || isDescription(cursor.box.type)) putBox(out, cursor.box);
}

/** Writes `meta` and `uuid` of the movie that an output track comes from. */
export function writeMovieDescription(out: Writer, track: usize): void {
  const cursor = keptOf(track, MOVIE_SCOPE);
  while (nextKept(cursor)) if (isDescription(cursor.box.type)) putBox(out, cursor.box);
}

/** Writes the content of the user data of the movie that an output track comes from. */
export function writeUserData(out: Writer, track: usize): void {
  const cursor = keptOf(track, MOVIE_SCOPE);
  while (nextKept(cursor)) {
    if (isUserData(cursor.box.type)) putBytes(out, cursor.box.body, cursor.box.end - cursor.box.body);
  }
}

/**
 * Writes a track's references (clause 8.3.3) to those of its file's tracks that are in the output, by their new numbers.
 * @param tracks `count` MovieTrack records
 */
export function writeReferences(out: Writer, track: usize, tracks: usize, count: u32): void {
  const cursor = keptOfTrack(track);
  const kind = newBox();
  while (nextKept(cursor)) {
    if (cursor.box.type != Code.tref) continue;
    const tref = beginBox(out, cursor.box.type);
    for (let at = cursor.box.body; peekBox(kind, at, cursor.box.end); at = kind.end) {
      const references = beginBox(out, kind.type);
      for (let id = kind.body; kind.end - id >= 4 && id < kind.end; id += 4) {
        const number = outputId(tracks, count, load<u32>(track, MovieTrack.KEPT_POINTER), u32be(id));
        if (number != 0) put32(out, number);
      }
      endUnlessEmpty(out, references);
    }
    endUnlessEmpty(out, tref);
    return;
  }
}

/** The number in the output of the track that its file, whose kept boxes are at `kept`, gives the number `id`; else 0. */
function outputId(tracks: usize, count: u32, kept: u32, id: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const track = tracks + <usize>i * MovieTrack.SIZE;
    if (load<u32>(track, MovieTrack.KEPT_POINTER) == kept && load<u32>(track, MovieTrack.SOURCE_ID) == id) {
      return load<u32>(track, MovieTrack.ID);
    }
  }
  return 0;
}
