import type { ByteSpan, Store } from "../../base/ports.ts";
import type { Span } from "../wasm/abi/records.ts";

/** Unwanted bytes between two spans that are read and dropped rather than asked for apart. */
const READ_THROUGH = 64 << 10;

/** How far back a span may lie behind what was read: sound is stored a little before or after its pictures. Bytes. */
const LOOK_BACK = 1 << 20;

/** Pieces shorter than this are handed on together: the way to the client costs more than copying so little. Bytes. */
const SHORT = 256 << 10;
/** First pieces shorter than this are handed on together: there is no buffer yet, and a new one is zeroed first. Bytes. */
const SHORT_AT_FIRST = 64 << 10;

/** Parts that are worked on at once: some milliseconds. */
const AT_ONCE = 2048;

/** So little of a chunk is not: where thousands are slow, chunks are small, and each would hold a copy, too. Bytes. */
const LITTLE = 16 << 10;
/** Most that is copied together, bytes: a chunk of a file, and what was held of the one before. */
const TOGETHER = 3 << 19;

/** Buffers that are kept for whoever copies next. */
const MOST_IDLE = 8;

/** A stored object as a plan pins it. */
export interface PinnedObject {
  readonly key: string;
  readonly etag: string;
}

/** Bytes of an output in order: from the stored object, or given outright. */
export type Part = Span | Uint8Array;

/**
 * Yields the bytes of parts of one stored object, reading spans that lie close together in one go; what stands before a span
 * once the object is open. Chunks are only valid until the next one is asked for.
 * @param idle buffers that are taken from, and given back to: thousands of new ones would be zeroed, and wait for the garbage collector
 * @throws BoxcarError as `store.get` does
 */
export async function* readParts(
  store: Pick<Store, "get">,
  object: PinnedObject,
  parts: readonly Part[],
  idle: Uint8Array[] = [],
): AsyncGenerator<Uint8Array> {
  let i = 0;
  while (i < parts.length) {
    const end = endOfGroup(parts, i);
    if (end === i) break;
    yield* readGroup(store, object, parts.slice(i, end), idle);
    i = end;
  }
  // Behind the last span there are inline bytes alone.
  for (const part of parts.slice(i)) {
    if (part instanceof Uint8Array && part.length > 0) yield part;
  }
}

/**
 * Parts from `first` on that one read serves: inline bytes come in between, and spans neither leave large holes nor go
 * back far.
 */
function endOfGroup(parts: readonly Part[], first: number): number {
  let highest: number | undefined;
  let end = first;
  for (let i = first; i < parts.length; i++) {
    const part = parts[i];
    if (part === undefined) break;
    if (part instanceof Uint8Array) continue;
    if (highest !== undefined && (part.offset < highest - LOOK_BACK || part.offset > highest + READ_THROUGH)) break;
    highest = Math.max(highest ?? 0, part.offset + part.length);
    end = i + 1;
  }
  return end;
}

async function* readGroup(
  store: Pick<Store, "get">,
  object: PinnedObject,
  parts: readonly Part[],
  idle: Uint8Array[],
): AsyncGenerator<Uint8Array> {
  const lowest = lowestOffsets(parts);
  const offset = lowest[0] ?? 0;
  const end = parts.reduce((most, part) => (part instanceof Uint8Array ? most : Math.max(most, endOf(part))), 0);
  /** Copy of bytes right before the chunk that are still wanted. */
  let held: Uint8Array = new Uint8Array(0);
  let position = offset;
  let i = 0;
  /** Bytes of part number `i` that have been yielded. */
  let done = 0;
  let room: Uint8Array | undefined;
  for await (const chunk of store.get(object.key, { offset, length: end - offset }, object.etag)) {
    const read = position + chunk.length;
    const found: Uint8Array[] = [];
    for (let part = parts[i]; part !== undefined; part = parts[i]) {
      if (part instanceof Uint8Array) {
        found.push(part);
        i++;
        continue;
      }
      const from = part.offset + done;
      if (from >= read) break;
      const [bytes, start] = from < position ? [held, position - held.length] : [chunk, position];
      const until = Math.min(endOf(part), start + bytes.length);
      found.push(bytes.subarray(from - start, until - start));
      done += until - from;
      if (until < endOf(part)) continue;
      i++;
      done = 0;
    }
    room ??= idle.pop();
    const short = room === undefined ? SHORT_AT_FIRST : SHORT;
    if (chunk.length > LITTLE) yield* together(found, short, (length) => (room = roomFor(length, room)));
    else {
      room = undefined;
      yield* found.filter(({ length }) => length > 0);
    }
    const part = parts[i];
    const current = part === undefined || part instanceof Uint8Array ? read : part.offset + done;
    held = lastBytes(held, chunk, read - Math.min(current, lowest[i + 1] ?? read, read));
    position = read;
  }
  // Of one that was broken off the last chunk may still be on its way.
  if (room !== undefined && idle.length < MOST_IDLE) idle.push(room);
}

function roomFor(length: number, room: Uint8Array | undefined): Uint8Array {
  if (room === undefined) return new Uint8Array(length);
  return room.length >= length ? room : new Uint8Array(Math.min(2 * length, TOGETHER));
}

/**
 * The bytes of all pieces in order; of short ones that follow one another a copy.
 * @param short bytes that a short one has less of
 * @param room gives so many bytes to copy to, those of the last copy again
 */
function* together(
  pieces: readonly Uint8Array[],
  short: number,
  room: (length: number) => Uint8Array,
): Generator<Uint8Array> {
  for (let i = 0, end = 0; i < pieces.length; i = end) {
    let length = 0;
    for (end = i; end < pieces.length; end++) {
      const next = pieces[end]?.length ?? 0;
      if (next >= short || length + next > TOGETHER) break;
      length += next;
    }
    const run = pieces.slice(i, (end = Math.max(end, i + 1)));
    const bytes = run.length === 1 ? run[0] : copied(run, room(length));
    if (bytes !== undefined && bytes.length > 0) yield bytes;
  }
}

function copied(pieces: readonly Uint8Array[], room: Uint8Array): Uint8Array {
  let length = 0;
  for (const piece of pieces) {
    room.set(piece, length);
    length += piece.length;
  }
  return room.subarray(0, length);
}

/** For each part the lowest offset of any span from it on, and Infinity behind the last. */
function lowestOffsets(parts: readonly Part[]): Float64Array {
  const lowest = new Float64Array(parts.length + 1).fill(Number.POSITIVE_INFINITY);
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i];
    const offset = part === undefined || part instanceof Uint8Array ? Number.POSITIVE_INFINITY : part.offset;
    lowest[i] = Math.min(offset, lowest[i + 1] ?? offset);
  }
  return lowest;
}

function endOf({ offset, length }: Span): number {
  return offset + length;
}

/** A copy of the last `length` bytes of two neighbours. */
function lastBytes(first: Uint8Array, second: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const own = Math.min(length, second.length);
  bytes.set(second.subarray(second.length - own), length - own);
  bytes.set(first.subarray(first.length - (length - own)), 0);
  return bytes;
}

/**
 * What of `parts` lies within `span` of their joined bytes, some thousand parts at a time, and how many of these bytes were
 * passed with them: in sum all that there are, or those up to the end of the span.
 * @param span its offset may be negative
 * @param inline the bytes that spans with an offset below 0 are of
 */
export function* cutParts(
  parts: Iterable<Part>,
  span: ByteSpan,
  inline: Uint8Array = new Uint8Array(0),
): Generator<{ cut: Part[]; bytes: number }> {
  const end = span.offset + span.length;
  let cut: Part[] = [];
  let begun = 0;
  let position = 0;
  for (const given of parts) {
    const part = given instanceof Uint8Array || given.offset >= 0 ? given : inlineBytes(inline, given);
    const from = Math.max(0, span.offset - position);
    const to = Math.min(part.length, end - position);
    position += part.length;
    if (to > from)
      cut.push(
        part instanceof Uint8Array ? part.subarray(from, to) : { offset: part.offset + from, length: to - from },
      );
    if (position >= end) break;
    if (cut.length < AT_ONCE) continue;
    yield { cut, bytes: position - begun };
    [cut, begun] = [[], position];
  }
  yield { cut, bytes: position - begun };
}

function inlineBytes(inline: Uint8Array, { offset, length }: Span): Uint8Array {
  const start = -1 - offset;
  return inline.subarray(start, start + length);
}
