import type { OutputTrack } from "./output-track.ts";
import type { Piece } from "./piece.ts";
import { pieceOf, type PieceColumns } from "./piece-columns.ts";
import { Pieces } from "./pieces.ts";

/** Pieces that are packed together. */
const PACKED = 64;

/** The pieces of an output while it is made: packed as soon as nothing changes them any more. */
export class KeptPieces {
  readonly #outputs: readonly Pick<OutputTrack, "last">[];
  #packed = new Pieces();
  /** The pieces behind the packed ones. */
  #changing: Piece[] = [];

  /** @param outputs all output tracks */
  constructor(outputs: readonly Pick<OutputTrack, "last">[]) {
    this.#outputs = outputs;
  }

  push(piece: Piece): void {
    if (this.#changing.push(piece) % PACKED !== 0) return;
    // What follows the last samples of a track may change these.
    const lasts = this.#outputs.map(({ last }) => last);
    const first = this.#changing.findIndex(({ tracks }) => tracks.some((track) => lasts.includes(track)));
    for (const done of this.#changing.splice(0, first)) this.#packed.push(done);
  }

  /**
   * Adds pieces when nothing changes those before them any more. Of the new ones the last may still be changed.
   * @returns the last new piece
   */
  pushColumns(all: readonly PieceColumns[]): Piece | undefined {
    for (const done of this.#changing.splice(0)) this.#packed.push(done);
    for (const columns of all.slice(0, -1)) this.#packed.pushColumns(columns);
    const last = all.at(-1);
    if (last === undefined) return undefined;
    const end = last.end - 1;
    this.#packed.pushColumns({ ...last, end });
    const piece = pieceOf(last, end);
    this.#changing.push(piece);
    return piece;
  }

  /** Forgets all pieces. */
  drop(): void {
    this.#packed = new Pieces();
    this.#changing = [];
  }

  /** Packs the rest. @param change changes pieces before; default: none is changed */
  async finish(change?: (pieces: readonly Piece[]) => Promise<void>): Promise<Pieces> {
    if (change !== undefined) {
      const pieces = [...this.#packed, ...this.#changing];
      await change(pieces);
      return new Pieces(pieces);
    }
    for (const piece of this.#changing) this.#packed.push(piece);
    this.#packed.trim();
    return this.#packed;
  }
}
