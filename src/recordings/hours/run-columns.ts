import { recordOf } from "../../base/record-of.ts";
import { ColumnReader, ColumnWriter } from "../../base/columns.ts";
import { at, isRun, RUN_COLUMNS, type RunItem, type SegmentRun } from "./segment-run.ts";

/** The columns that an outline of a run lacks. */
type Columns = Pick<SegmentRun, "startMs" | "endMs" | "start" | "length" | "tracks">;

/** Version of the bytes: raise it when their format changes. */
const FORMAT = 1;

/** The columns of runs as bytes, kept apart from the outlines: sums alone seldom need the columns. */
export function keptColumns(items: readonly RunItem[]): Uint8Array {
  const writer = new ColumnWriter();
  writer.number(FORMAT);
  for (const item of items) {
    if (!isRun(item)) continue;
    const { startMs, endMs, start, length, tracks } = item;
    const lastingMs = endMs.map((ms, i) => ms - at(startMs, i));
    for (const column of [startMs, lastingMs, start, length]) writer.column(column);
    for (const track of tracks) for (const name of RUN_COLUMNS) writer.column(track[name]);
  }
  return writer.bytes;
}

/** Reads what `keptColumns` wrote, outline by outline. Undefined when another version wrote it. */
export function columnsReader(
  bytes: Uint8Array,
): ((outline: Pick<SegmentRun, "count" | "tracks">) => Columns) | undefined {
  const reader = new ColumnReader(bytes);
  if (reader.number() !== FORMAT) return undefined;
  return ({ count, tracks }) => {
    const startMs = reader.column(count);
    const endMs = reader.column(count).map((ms, i) => ms + at(startMs, i));
    const [start, length] = [reader.column(count), reader.column(count)];
    const read = tracks.map((track) => ({ ...track, ...recordOf(RUN_COLUMNS, () => reader.column(count)) }));
    return { startMs, endMs, start, length, tracks: read };
  };
}

function wholeRun(outline: SegmentRun, columns: Columns): SegmentRun {
  return {
    ...{ kind: outline.kind, count: outline.count, timescale: outline.timescale, toLast: outline.toLast },
    ...{ lateMs: outline.lateMs, fragments: outline.fragments, passage: outline.passage },
    ...columns,
    ...{ first: outline.first, second: outline.second, last: outline.last },
  };
}

/** Items with whole runs in place of outlines. Undefined when their columns were not kept. */
export function wholeItems(items: readonly RunItem[], bytes: Uint8Array | null): readonly RunItem[] | undefined {
  const columns = bytes === null ? undefined : columnsReader(bytes);
  return columns && items.map((item) => (isRun(item) ? wholeRun(item, columns(item)) : item));
}
