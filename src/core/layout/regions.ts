import { arrived } from "../../base/bytes.ts";
import { Breather } from "../../base/breather.ts";
import type { ByteSpan } from "../../base/ports.ts";
import { started } from "../../base/started.ts";
import type { IndexCall, IndexRequest, LendingCall } from "../wasm/index-request.ts";
import { spansOf, type FragmentsPage, type LentBytes, type Rest, type SpansPage } from "../wasm/loaded-index.ts";
import { INDEX_PAGE } from "../segment.ts";
import type { LayoutParts } from "./layout.ts";
import type { Composition } from "../planning/composition.ts";
import type { Pieces } from "../planning/pieces.ts";
import type { Piece } from "../planning/piece.ts";
import { inTurn, type ByteSource } from "../reading/read-ahead.ts";
import { cutParts, readParts, type Part } from "../reading/read-parts.ts";

/** A stretch of an output whose bytes are made when they are asked for. */
export interface Region {
  readonly length: number;
  /** Whether its bytes are those of stored objects, which may be gone. Default: no. */
  readonly stored?: boolean;
  /** Yields exactly the bytes of `span`, counted from the start of the region. */
  read(span: ByteSpan): AsyncIterable<Uint8Array>;
}

/** Bytes that are at hand. */
export function inlineRegion(bytes: Uint8Array): Region {
  return {
    length: bytes.length,
    read: ({ offset, length }) => arrived(bytes.subarray(offset, offset + length)),
  };
}

/** Bytes that are made whenever some of them are asked for. */
export function madeRegion(length: number, make: () => Uint8Array): Region {
  return {
    length,
    async *read({ offset, length: wanted }) {
      yield* arrived(make().subarray(offset, offset + wanted));
    },
  };
}

/** Reads a span across regions. Its first stored object is opened before anything: one that is gone is known by then. */
export async function* readRegions(regions: readonly Region[], span: ByteSpan): AsyncGenerator<Uint8Array> {
  const wanted = [...regionsIn(regions, span)];
  const stored = wanted.find(({ region }) => region.stored);
  const opened = stored && (await started(stored.region.read(stored.span)));
  try {
    for (const part of wanted) yield* part === stored && opened !== undefined ? opened : part.region.read(part.span);
  } finally {
    await opened?.close();
  }
}

function* regionsIn(regions: readonly Region[], span: ByteSpan): Generator<{ region: Region; span: ByteSpan }> {
  const end = span.offset + span.length;
  let position = 0;
  for (const region of regions) {
    const from = Math.max(0, span.offset - position);
    const to = Math.min(region.length, end - position);
    position += region.length;
    if (to > from) yield { region, span: { offset: from, length: to - from } };
    if (position >= end) return;
  }
}

/** How long a region made of pieces is: in sum, which is known beforehand, and of each piece. */
export interface PieceLengths {
  readonly total: number;
  readonly of: (piece: Piece) => number;
}

/** What the index of piece `number` is asked for the part of its bytes after those that were made. */
type Request<Name extends IndexCall> = (piece: Piece, number: number, made: Made) => IndexRequest<Name>;

/** What was made of a piece's bytes. */
export interface Made {
  /** What the part before left; undefined before the first one. */
  readonly rest: Rest | undefined;
  /** Bytes of all parts. */
  readonly bytes: number;
}

/**
 * A region to which each piece contributes bytes made from its index, part by part.
 * @param mended what becomes of the part of piece `number`; default: it stays as it is
 */
export function piecesRegion(
  parts: LayoutParts,
  lengths: PieceLengths,
  request: Request<LendingCall>,
  mended: (lent: LentBytes, number: number) => LentBytes = (lent) => lent,
): Region {
  const { pieces } = parts.composition;
  const ends = whenRead(() => endsOf(pieces, lengths));
  return {
    length: lengths.total,
    async *read(span) {
      let buffer = new ArrayBuffer(0); // one for all chunks: thousands would wait for the garbage collector
      const pace = new Breather();
      for (const { number, piece, offset, length, last } of piecesIn(pieces, ends(), span)) {
        const index = await indexOf(parts, number, last);
        let rest: Rest | undefined;
        let passed = 0;
        do {
          const before = passed;
          const chunk = await parts.core.lend(index, request(piece, number, { rest, bytes: passed }), (lent) => {
            const made = mended(lent, number);
            ({ rest } = made);
            const from = Math.max(0, offset - passed);
            const wanted = Math.min(made.length, offset + length - passed) - from;
            passed += made.length;
            if (wanted <= 0) return undefined;
            if (wanted > buffer.byteLength) buffer = new ArrayBuffer(2 * wanted);
            const bytes = new Uint8Array(buffer, 0, wanted);
            made.copyTo(bytes, from);
            return bytes;
          });
          if (passed === before && rest === undefined) throw shorter(number);
          if (chunk !== undefined) yield chunk;
          const resting = pace.breathe();
          if (resting !== undefined) await resting;
        } while (passed < offset + length);
      }
    },
  };
}

/** What all downloads copy to in turn: V8 collects all its garbage anew for each 32 MB of buffers, were they made for each. */
const idle: Uint8Array[] = [];

/** What the media of pieces are read with. */
export interface MediaParts extends Pick<LayoutParts, "core" | "store" | "indexes"> {
  readonly composition: Pick<Composition, "pieces">;
}

/** A region to which each piece contributes bytes of its stored object, and some of its own between them. */
export function mediaRegion(parts: MediaParts, lengths: PieceLengths, request: Request<"spans" | "fragments">): Region {
  const { pieces } = parts.composition;
  const ends = whenRead(() => endsOf(pieces, lengths));
  async function* read({ number, piece, offset, length, last }: PieceSpan, pace: Breather): AsyncGenerator<Uint8Array> {
    const index = await indexOf(parts, number, last);
    const end = offset + length;
    let rest: Rest | undefined;
    let passed = 0;
    do {
      const page = await parts.core.ask(index, request(piece, number, { rest, bytes: passed }));
      const before = passed;
      for (const { cut, bytes } of cutParts(partsOf(page), { offset: offset - passed, length }, piece.inline)) {
        const resting = pace.breathe();
        if (resting !== undefined) await resting;
        passed += bytes;
        yield* readParts(piece.made?.media ?? parts.store, piece.source, cut, idle);
      }
      rest = page.rest;
      if (passed === before && rest === undefined) throw shorter(number);
    } while (passed < end);
  }
  function* sources(span: ByteSpan): Generator<ByteSource> {
    const pace = new Breather(); // of all pieces: short ones are opened many at a time
    for (const found of piecesIn(pieces, ends(), span)) {
      const { made, source } = found.piece;
      const ahead = made === undefined ? parts.store.ahead?.(source.key) : undefined;
      yield { length: found.length, ahead, read: () => read(found, pace) };
    }
  }
  return { length: lengths.total, stored: true, read: (span) => inTurn(sources(span)) };
}

function partsOf(page: SpansPage | FragmentsPage): Iterable<Part> {
  return "headers" in page ? fragmentParts(page) : spansOf(page.spans);
}

/** The bytes of fragments, in order. */
function* fragmentParts({ headers, fragments, spans }: FragmentsPage): Generator<Part> {
  for (const { headerOffset, headerLength, firstSpan, spans: count } of fragments) {
    yield headers.subarray(headerOffset, headerOffset + headerLength);
    yield* spansOf(spans, firstSpan, count);
  }
}

function shorter(number: number): Error {
  return new Error(`piece ${String(number)} has fewer bytes than its counts say`);
}

/** The part of a piece's bytes that falls into a span of a region. */
interface PieceSpan extends ByteSpan {
  readonly number: number;
  readonly piece: Piece;
  /** Number of the last piece that the span touches. */
  readonly last: number;
}

/** Makes something when it is first asked for: the layout of thousands of pieces is not what its first byte waits for. */
export function whenRead<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Where each piece's bytes end in a region. @throws Error when they do not add up to its length */
function endsOf(pieces: Pieces, lengths: PieceLengths): Float64Array {
  const sums = pieces.sums(lengths.of);
  const sum = sums[pieces.length] ?? 0;
  if (sum !== lengths.total) throw new Error(`the pieces have ${String(sum)} of ${String(lengths.total)} bytes`);
  return sums.subarray(1);
}

function* piecesIn(pieces: Pieces, ends: Float64Array, span: ByteSpan): Generator<PieceSpan> {
  const end = span.offset + span.length;
  const last = firstAbove(ends, end - 1);
  for (let number = firstAbove(ends, span.offset); number <= last; number++) {
    const piece = pieces.at(number);
    const start = number === 0 ? 0 : (ends[number - 1] ?? 0);
    const offset = Math.max(0, span.offset - start);
    const length = Math.min(ends[number] ?? 0, end) - start - offset;
    if (piece !== undefined && length > 0) yield { number, piece, offset, length, last };
  }
}

/** Number of the first of ascending values that is above `bound`. */
function firstAbove(values: Float64Array, bound: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The index of a piece; those of the next ones that will be wanted, up to `last`, are fetched along with it. */
function indexOf(
  parts: Pick<MediaParts, "indexes" | "composition">,
  number: number,
  last: number,
): Promise<Uint8Array> {
  const { pieces } = parts.composition;
  const id = pieces.indexedBy(number);
  const made = id === undefined ? pieces.at(number)?.made?.index : undefined;
  if (made !== undefined) return Promise.resolve(made);
  const upcoming: number[] = [];
  for (let i = number + 1; i < Math.min(number + INDEX_PAGE, last + 1); i++) {
    const next = pieces.indexedBy(i);
    if (next !== undefined) upcoming.push(next);
  }
  return parts.indexes.get(id ?? 0, upcoming);
}
