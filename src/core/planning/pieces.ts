import type { Piece, PieceTrack } from "./piece.ts";

/** One value of each piece, or the one that all of them have. */
type Column = number | Int32Array | Float64Array;

// prettier-ignore
const TRACK_FIELDS = [
  "first", "count", "dts", "timescale", "lastDuration", "lasting", "ownDuration", "offsetShift", "descriptionBase", "trackId", "prefix",
] as const;
// prettier-ignore
const COUNT_FIELDS = [
  "sttsEntries", "cttsEntries", "syncSamples", "chunks", "stscEntries", "trafs", "truns", "flags", "bytes",
] as const;

/** About what a piece takes by itself, and each of its tracks, bytes. */
const PIECE_BYTES = 500;
const TRACK_BYTES = 250;
/** A text's head, and its place in an array. */
const TEXT_BYTES = 24;

type Columns<Name extends string> = Readonly<Record<Name, Column>>;

interface PackedTrack {
  readonly fields: Columns<(typeof TRACK_FIELDS)[number]>;
  readonly counts: Columns<(typeof COUNT_FIELDS)[number]>;
}

/**
 * The pieces of an output, in order, as columns: a day of short segments has some thousands of them, most of whose numbers are
 * alike. `at` gives a copy. A piece with more to it (made, or cut where the output starts) stays as it is.
 */
export class Pieces implements Iterable<Piece> {
  readonly length: number;
  /** By number, those that stay as they are. */
  readonly #unusual = new Map<number, Piece>();
  readonly #ids: Column;
  readonly #keys: readonly string[];
  readonly #etags: readonly string[];
  readonly #bytes: Column;
  readonly #fragments: Column;
  /** A single one where all have the same. */
  readonly #inline: readonly Uint8Array[];
  readonly #tracks: readonly PackedTrack[];

  constructor(pieces: readonly Piece[]) {
    this.length = pieces.length;
    const tracks = pieces.find(isUsual)?.tracks.length ?? 0;
    for (const [i, piece] of pieces.entries())
      if (piece.tracks.length !== tracks || !isUsual(piece)) this.#unusual.set(i, piece);
    this.#ids = columnOf(pieces, ({ source }) => source.id);
    this.#keys = pieces.map(({ source }) => source.key);
    this.#etags = pieces.map(({ source }) => source.etag);
    this.#bytes = columnOf(pieces, ({ bytes }) => bytes);
    this.#fragments = columnOf(pieces, ({ fragments }) => fragments);
    const alike = pieces.slice(0, 1).map(({ inline }) => inline);
    this.#inline = pieces.every(({ inline }) => inline === alike[0]) ? alike : pieces.map(({ inline }) => inline);
    this.#tracks = Array.from({ length: tracks }, (_, i) => packedTrack(pieces.map((piece) => piece.tracks[i])));
  }

  at(number: number): Piece | undefined {
    if (number < 0 || number >= this.length) return undefined;
    const unusual = this.#unusual.get(number);
    if (unusual !== undefined) return unusual;
    return {
      source: { id: valueOf(this.#ids, number), key: this.#keys[number] ?? "", etag: this.#etags[number] ?? "" },
      tracks: this.#tracks.map((track) => trackAt(track, number)),
      bytes: valueOf(this.#bytes, number),
      fragments: valueOf(this.#fragments, number),
      inline: this.#inline[number] ?? this.#inline[0] ?? new Uint8Array(0),
    };
  }

  /** The segment whose index a piece is made from; undefined for a piece with an index of its own. */
  indexedBy(number: number): number | undefined {
    return this.#unusual.get(number)?.made?.index === undefined ? valueOf(this.#ids, number) : undefined;
  }

  *[Symbol.iterator](): Generator<Piece> {
    for (let i = 0; i < this.length; i++) {
      const piece = this.at(i);
      if (piece !== undefined) yield piece;
    }
  }

  /** What `of` sums up to with the pieces before each, and at the end with all, from `first` on: one value more than pieces. */
  sums(of: (piece: Piece) => number, first = 0): Float64Array {
    const sums = new Float64Array(this.length + 1);
    let number = 0;
    let sum = (sums[0] = first);
    for (const piece of this) sums[++number] = sum += of(piece);
    return sums;
  }

  /** About what they take in memory, bytes: also of what they share with each other, but once. */
  get weight(): number {
    const columns = [this.#ids, this.#bytes, this.#fragments, ...this.#tracks.flatMap(columnsOf)];
    const inline = [...new Set(this.#inline)].reduce((sum, { length }) => sum + length, 8 * this.#inline.length);
    let weight = columns.reduce<number>((sum, column) => sum + bytesOf(column), inline);
    for (const texts of [this.#keys, this.#etags])
      weight = texts.reduce((sum, { length }) => sum + TEXT_BYTES + length, weight);
    for (const { tracks, made } of this.#unusual.values())
      weight += PIECE_BYTES + tracks.length * TRACK_BYTES + (made?.index?.length ?? 0);
    return weight;
  }
}

/** Whether there is nothing but the fields of the columns. */
function isUsual({ made, tracks }: Piece): boolean {
  return made === undefined && tracks.every((track) => Object.keys(track).length === TRACK_FIELDS.length + 1);
}

function packedTrack(tracks: readonly (PieceTrack | undefined)[]): PackedTrack {
  return {
    fields: packed(TRACK_FIELDS, (name) => columnOf(tracks, (track) => track?.[name] ?? 0)),
    counts: packed(COUNT_FIELDS, (name) => columnOf(tracks, (track) => track?.counts[name] ?? 0)),
  };
}

/** Field by field: every byte that is sent of thousands of pieces asks for some. */
function trackAt({ fields, counts }: PackedTrack, number: number): PieceTrack {
  return {
    first: valueOf(fields.first, number),
    count: valueOf(fields.count, number),
    dts: valueOf(fields.dts, number),
    timescale: valueOf(fields.timescale, number),
    lastDuration: valueOf(fields.lastDuration, number),
    lasting: valueOf(fields.lasting, number),
    ownDuration: valueOf(fields.ownDuration, number),
    offsetShift: valueOf(fields.offsetShift, number),
    descriptionBase: valueOf(fields.descriptionBase, number),
    trackId: valueOf(fields.trackId, number),
    prefix: valueOf(fields.prefix, number),
    counts: {
      sttsEntries: valueOf(counts.sttsEntries, number),
      cttsEntries: valueOf(counts.cttsEntries, number),
      syncSamples: valueOf(counts.syncSamples, number),
      chunks: valueOf(counts.chunks, number),
      stscEntries: valueOf(counts.stscEntries, number),
      trafs: valueOf(counts.trafs, number),
      truns: valueOf(counts.truns, number),
      flags: valueOf(counts.flags, number),
      bytes: valueOf(counts.bytes, number),
    },
  };
}

function columnsOf({ fields, counts }: PackedTrack): readonly Column[] {
  return [...Object.values(fields), ...Object.values(counts)];
}

function packed<Name extends string>(names: readonly Name[], column: (name: Name) => Column): Columns<Name> {
  return Object.fromEntries(names.map((name) => [name, column(name)])) as Columns<Name>;
}

function columnOf<T>(items: readonly T[], value: (item: T) => number): Column {
  const values = new Float64Array(items.length);
  let [alike, short] = [true, true];
  for (const [i, item] of items.entries()) {
    const one = (values[i] = value(item));
    alike &&= one === values[0];
    short &&= one === (one | 0);
  }
  if (alike) return values[0] ?? 0;
  return short ? new Int32Array(values) : values;
}

function valueOf(column: Column, number: number): number {
  return typeof column === "number" ? column : (column[number] ?? 0);
}

function bytesOf(column: Column): number {
  return typeof column === "number" ? 8 : column.byteLength;
}
