import { recordOf } from "../../base/record-of.ts";
import { Column } from "./column.ts";
import { NO_COUNTS, type Piece, type PieceTrack } from "./piece.ts";
import { COUNT_COLUMNS, NO_INLINE, pieceOf, TRACK_COLUMNS, type PieceColumns } from "./piece-columns.ts";

// prettier-ignore
const TRACK_FIELDS = [
  "first", "count", "dts", "timescale", "lastDuration", "lasting", "ownDuration", "offsetShift", "descriptionBase", "trackId", "prefix",
] as const;

/** About what a piece takes by itself, and each of its tracks, bytes. */
const PIECE_BYTES = 500;
const TRACK_BYTES = 250;
/** A text's head, and its place in an array. */
const TEXT_BYTES = 24;

type Columns<Name extends string> = Readonly<Record<Name, Column>>;

interface PackedTrack {
  readonly fields: Columns<(typeof TRACK_FIELDS)[number]>;
  readonly counts: Columns<(typeof COUNT_COLUMNS)[number]>;
}

/** A piece that is written over. */
type Scratch = { -readonly [Name in keyof Omit<Piece, "tracks" | "made">]: Piece[Name] } & {
  readonly tracks: readonly ScratchTrack[];
};
type ScratchTrack = Record<(typeof TRACK_FIELDS)[number], number> & {
  readonly counts: Record<(typeof COUNT_COLUMNS)[number], number>;
};

/**
 * The pieces of an output, in order, as columns: a day of short segments has some thousands of them, most of whose numbers are
 * alike. `at` gives a copy. A piece with more to it (made, or cut where the output starts) stays as it is.
 */
export class Pieces implements Iterable<Piece> {
  #length = 0;
  /** By number, those that stay as they are. */
  readonly #unusual = new Map<number, Piece>();
  readonly #ids = new Column();
  readonly #keys: string[] = [];
  readonly #etags: string[] = [];
  readonly #bytes = new Column();
  readonly #fragments = new Column();
  /** A single one as long as all have the same. */
  #inline: Uint8Array[] = [];
  /** As many as the first of the usual pieces has. */
  #tracks: readonly PackedTrack[] | undefined;

  constructor(pieces: Iterable<Piece> = []) {
    for (const piece of pieces) this.push(piece);
    this.trim();
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a piece that does not change any more. */
  push(piece: Piece): void {
    const { source, tracks, bytes, fragments, inline } = piece;
    this.#ids.push(source.id);
    this.#keys.push(source.key);
    this.#etags.push(source.etag);
    this.#bytes.push(bytes);
    this.#fragments.push(fragments);
    this.#pushInline(inline);
    const usual = isUsual(piece);
    if (usual) this.#tracks ??= tracks.map(() => packedTrack(this.#length));
    const isPacked = usual && tracks.length === this.#tracks?.length;
    for (const [i, packed] of this.#tracks?.entries() ?? []) pushTrack(packed, isPacked ? tracks[i] : undefined);
    if (!isPacked) this.#unusual.set(this.#length, piece);
    this.#length++;
  }

  /** Adds pieces that do not change any more. */
  pushColumns(columns: PieceColumns): void {
    const { first, end, sources, tracks } = columns;
    this.#tracks ??= tracks.map(() => packedTrack(this.#length));
    if (tracks.length !== this.#tracks.length) {
      for (let i = first; i < end; i++) this.push(pieceOf(columns, i));
      return;
    }
    const count = end - first;
    this.#ids.append(sources.ids, first, end);
    this.#fragments.append(sources.fragments, first, end);
    for (let i = first; i < end; i++) {
      this.#keys.push(sources.keys[i] ?? "");
      this.#etags.push(sources.etags[i] ?? "");
      this.#bytes.push(tracks.reduce((sum, { counts }) => sum + (counts.bytes[i] ?? 0), 0));
    }
    for (const [i, { fields, counts }] of this.#tracks.entries()) {
      const track = tracks[i];
      if (track === undefined) continue;
      const { timescale, offsetShift, descriptionBase, trackId } = track.common;
      for (const name of TRACK_COLUMNS) fields[name].append(track[name], first, end);
      for (const name of COUNT_COLUMNS) counts[name].append(track.counts[name], first, end);
      fields.timescale.repeat(timescale, count);
      fields.offsetShift.repeat(offsetShift, count);
      fields.descriptionBase.repeat(descriptionBase, count);
      fields.trackId.repeat(trackId, count);
      fields.prefix.repeat(0, count);
    }
    for (let i = 0; i < count; i++, this.#length++) this.#pushInline(NO_INLINE);
  }

  /** Gives up the room for more. */
  trim(): void {
    for (const column of this.#columns) column.trim();
  }

  at(number: number): Piece | undefined {
    if (number < 0 || number >= this.#length) return undefined;
    return this.#unusual.get(number) ?? this.#read(number, this.#scratch());
  }

  /** The segment whose index a piece is made from; undefined for a piece with an index of its own. */
  indexedBy(number: number): number | undefined {
    return this.#unusual.get(number)?.made?.index === undefined ? this.#ids.at(number) : undefined;
  }

  *[Symbol.iterator](): Generator<Piece> {
    for (let i = 0; i < this.#length; i++) {
      const piece = this.at(i);
      if (piece !== undefined) yield piece;
    }
  }

  /**
   * What `of` sums up to with the pieces before each, and at the end with all, from `first` on: one value more than pieces.
   * @param of must not keep what it is given: thousands of objects would wait for the garbage collector
   */
  sums(of: (piece: Piece) => number, first = 0): Float64Array {
    const sums = new Float64Array(this.#length + 1);
    const scratch = this.#scratch();
    let sum = (sums[0] = first);
    for (let i = 0; i < this.#length; i++) sums[i + 1] = sum += of(this.#unusual.get(i) ?? this.#read(i, scratch));
    return sums;
  }

  /** About what they take in memory, bytes: also of what they share with each other, but once. */
  get weight(): number {
    let weight = [...new Set(this.#inline)].reduce((sum, { length }) => sum + length, 8 * this.#inline.length);
    for (const column of this.#columns) weight += column.bytes;
    for (const texts of [this.#keys, this.#etags])
      weight = texts.reduce((sum, { length }) => sum + TEXT_BYTES + length, weight);
    for (const { tracks, made } of this.#unusual.values())
      weight += PIECE_BYTES + tracks.length * TRACK_BYTES + (made?.index?.length ?? 0);
    return weight;
  }

  /** Adds the inline bytes of the piece that comes next. */
  #pushInline(inline: Uint8Array): void {
    const [alike = inline] = this.#inline;
    if (this.#inline.length > 1 || inline !== alike) {
      if (this.#inline.length <= 1) this.#inline = Array.from({ length: this.#length }, () => alike);
      this.#inline.push(inline);
    } else this.#inline[0] = inline;
  }

  get #columns(): Column[] {
    return [this.#ids, this.#bytes, this.#fragments, ...(this.#tracks ?? []).flatMap(columnsOf)];
  }

  #scratch(): Scratch {
    const tracks = (this.#tracks ?? []).map(() => blankTrack());
    return { source: { id: 0, key: "", etag: "" }, tracks, bytes: 0, fragments: 0, inline: new Uint8Array(0) };
  }

  #read(number: number, into: Scratch): Piece {
    into.source = { id: this.#ids.at(number), key: this.#keys[number] ?? "", etag: this.#etags[number] ?? "" };
    into.bytes = this.#bytes.at(number);
    into.fragments = this.#fragments.at(number);
    into.inline = this.#inline[number] ?? this.#inline[0] ?? into.inline;
    for (const [i, track] of into.tracks.entries()) {
      const packed = this.#tracks?.[i];
      if (packed !== undefined) readTrack(packed, number, track);
    }
    return into;
  }
}

/** Whether there is nothing but the fields of the columns. */
function isUsual({ made, tracks }: Piece): boolean {
  return made === undefined && tracks.every((track) => Object.keys(track).length === TRACK_FIELDS.length + 1);
}

/** @param skipped pieces before the first one with such a track */
function packedTrack(skipped: number): PackedTrack {
  const column = (): Column => new Column(skipped);
  return { fields: recordOf(TRACK_FIELDS, column), counts: recordOf(COUNT_COLUMNS, column) };
}

function columnsOf({ fields, counts }: PackedTrack): Column[] {
  return [...Object.values(fields), ...Object.values(counts)];
}

/** @param track undefined for that of a piece that stays as it is */
function pushTrack(packed: PackedTrack, track: PieceTrack | undefined): void {
  const { fields, counts } = packed;
  if (track === undefined) for (const column of columnsOf(packed)) column.skip();
  else {
    for (const name of TRACK_FIELDS) fields[name].push(track[name]);
    for (const name of COUNT_COLUMNS) counts[name].push(track.counts[name]);
  }
}

/** Field by field: every byte that is sent of thousands of pieces asks for some. */
function readTrack({ fields, counts: columns }: PackedTrack, number: number, into: ScratchTrack): void {
  into.first = fields.first.at(number);
  into.count = fields.count.at(number);
  into.dts = fields.dts.at(number);
  into.timescale = fields.timescale.at(number);
  into.lastDuration = fields.lastDuration.at(number);
  into.lasting = fields.lasting.at(number);
  into.ownDuration = fields.ownDuration.at(number);
  into.offsetShift = fields.offsetShift.at(number);
  into.descriptionBase = fields.descriptionBase.at(number);
  into.trackId = fields.trackId.at(number);
  into.prefix = fields.prefix.at(number);
  const { counts } = into;
  counts.sttsEntries = columns.sttsEntries.at(number);
  counts.cttsEntries = columns.cttsEntries.at(number);
  counts.syncSamples = columns.syncSamples.at(number);
  counts.chunks = columns.chunks.at(number);
  counts.stscEntries = columns.stscEntries.at(number);
  counts.trafs = columns.trafs.at(number);
  counts.truns = columns.truns.at(number);
  counts.flags = columns.flags.at(number);
  counts.bytes = columns.bytes.at(number);
}

/** Its fields in the order that all tracks of pieces have them in: the same functions read both. */
function blankTrack(): ScratchTrack {
  return {
    first: 0,
    count: 0,
    dts: 0,
    timescale: 0,
    lastDuration: 0,
    lasting: 0,
    ownDuration: 0,
    offsetShift: 0,
    descriptionBase: 0,
    trackId: 0,
    prefix: 0,
    counts: { ...NO_COUNTS },
  };
}
