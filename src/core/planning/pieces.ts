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

  *[Symbol.iterator](): Generator<Piece> {
    for (let i = 0; i < this.length; i++) {
      const piece = this.at(i);
      if (piece !== undefined) yield piece;
    }
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

function trackAt({ fields, counts }: PackedTrack, number: number): PieceTrack {
  return { ...valuesAt(TRACK_FIELDS, fields, number), counts: valuesAt(COUNT_FIELDS, counts, number) };
}

function columnsOf({ fields, counts }: PackedTrack): readonly Column[] {
  return [...Object.values(fields), ...Object.values(counts)];
}

function packed<Name extends string>(names: readonly Name[], column: (name: Name) => Column): Columns<Name> {
  return Object.fromEntries(names.map((name) => [name, column(name)])) as Columns<Name>;
}

function valuesAt<Name extends string>(
  names: readonly Name[],
  columns: Columns<Name>,
  number: number,
): Record<Name, number> {
  const values: Partial<Record<Name, number>> = {};
  for (const name of names) values[name] = valueOf(columns[name], number);
  return values as Record<Name, number>;
}

function columnOf<T>(items: readonly T[], value: (item: T) => number): Column {
  const first = items[0] === undefined ? 0 : value(items[0]);
  if (items.every((item) => value(item) === first)) return first;
  const values = Float64Array.from(items, value);
  return values.every((one) => one === (one | 0)) ? Int32Array.from(values) : values;
}

function valueOf(column: Column, number: number): number {
  return typeof column === "number" ? column : (column[number] ?? 0);
}

function bytesOf(column: Column): number {
  return typeof column === "number" ? 8 : column.byteLength;
}
