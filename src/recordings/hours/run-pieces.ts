import { recordOf } from "../../base/record-of.ts";
import { ColumnReader, ColumnWriter } from "../../base/columns.ts";
import { COUNT_COLUMNS } from "../../core/planning/piece-columns.ts";
import { isRun, type RunItem, type RunPieces } from "./segment-run.ts";

/** Version of the bytes: raise it when their format changes. */
const FORMAT = 2;

/** The columns that pieces of runs need, as bytes, kept apart from the outlines: only downloads read them, and they are larger. */
export function keptPieces(items: readonly RunItem[]): Uint8Array {
  const writer = new ColumnWriter();
  writer.number(FORMAT);
  for (const item of items) {
    if (!isRun(item) || item.pieces === undefined) continue;
    const { sources, tracks } = item.pieces;
    writer.column(sources.ids);
    writer.text(JSON.stringify([sources.keys, sources.etags]));
    writer.column(sources.fragments);
    for (const { first, counts, constantSize } of tracks)
      for (const column of [first, ...COUNT_COLUMNS.map((name) => counts[name]), constantSize]) writer.column(column);
  }
  return writer.bytes;
}

/** Reads what `keptPieces` wrote, run by run. Undefined when another version wrote it. */
export function piecesReader(bytes: Uint8Array): ((count: number, tracks: number) => RunPieces) | undefined {
  const reader = new ColumnReader(bytes);
  if (reader.number() !== FORMAT) return undefined;
  return (count, tracks) => {
    const ids = reader.column(count);
    const [keys, etags] = JSON.parse(reader.text()) as [string[], string[]];
    const fragments = reader.column(count);
    const read = Array.from({ length: tracks }, () => {
      const first = reader.column(count);
      const counts = recordOf(COUNT_COLUMNS, () => reader.column(count));
      return { first, counts, constantSize: reader.column(count) };
    });
    return { sources: { ids, keys, etags, fragments }, tracks: read };
  };
}
