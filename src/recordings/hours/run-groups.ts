import { recordOf } from "../../base/record-of.ts";
import { ColumnReader, ColumnWriter } from "../../base/columns.ts";
import type { TimedSegment } from "../../core/planning/placed-segment.ts";
import { GROUP_FIELDS, GroupList } from "../../core/streaming/group-list.ts";
import { configurationOf } from "../../core/streaming/init-segment.ts";
import { streamedTracks } from "../../core/streamed-tracks.ts";
import { at, isRun, SOUND_COLUMNS, type RunGroups, type RunItem } from "./segment-run.ts";

/** Version of the bytes: raise it when their format changes. */
const FORMAT = 1;
const FIELDS = GROUP_FIELDS.length;

/**
 * The groups of pictures of a run's recordings; undefined where they need different init segments, or the groups of one are not noted in its row.
 * @param run plain recordings of one kind
 */
export function groupsOf(run: readonly TimedSegment[]): RunGroups | undefined {
  const numbers: number[] = [];
  const begins = [0];
  let before: TimedSegment | undefined;
  for (const timed of run) {
    const { groups } = timed.segment;
    if (groups === undefined) return undefined;
    if (before !== undefined && configurationOf(timed, before).text !== configurationOf(before).text) return undefined;
    before = timed;
    const list = GroupList.read(groups);
    for (let i = 0; i < list.length; i++) for (const field of GROUP_FIELDS) numbers.push(list.get(i)?.[field] ?? 0);
    begins.push(numbers.length / FIELDS);
  }
  const sounds = run.flatMap(({ summary }) => streamedTracks(summary, "a").map(({ record }) => record));
  return {
    ids: Float64Array.from(run, ({ segment }) => segment.id),
    fragments: Float64Array.from(run, ({ summary }) => summary.fragments),
    sound:
      sounds.length === 0
        ? undefined
        : recordOf(SOUND_COLUMNS, (name) => Float64Array.from(sounds, (sound) => sound[name])),
    begins: Float64Array.from(begins),
    numbers: Float64Array.from(numbers),
  };
}

/** The groups of runs as bytes, kept apart from the outlines. Null where a run has none. */
export function keptGroups(items: readonly RunItem[]): Uint8Array | null {
  const writer = new ColumnWriter();
  writer.number(FORMAT);
  for (const item of items) {
    if (!isRun(item)) continue;
    if (item.groups === undefined) return null;
    const { ids, fragments, sound, begins, numbers } = item.groups;
    writer.column(ids);
    writer.column(fragments);
    writer.number(sound === undefined ? 0 : 1);
    if (sound !== undefined) for (const name of SOUND_COLUMNS) writer.column(sound[name]);
    writer.column(begins);
    for (let field = 0; field < FIELDS; field++) writer.column(numbers.filter((_, i) => i % FIELDS === field));
  }
  return writer.bytes;
}

/** Reads what `keptGroups` wrote, run by run. Undefined when another version wrote it. */
export function groupsReader(bytes: Uint8Array): ((count: number) => RunGroups) | undefined {
  const reader = new ColumnReader(bytes);
  if (reader.number() !== FORMAT) return undefined;
  return (count) => {
    const [ids, fragments] = [reader.column(count), reader.column(count)];
    const sound = reader.number() === 0 ? undefined : recordOf(SOUND_COLUMNS, () => reader.column(count));
    const begins = reader.column(count + 1);
    const groups = at(begins, count);
    const numbers = new Float64Array(groups * FIELDS);
    for (let field = 0; field < FIELDS; field++) {
      const column = reader.column(groups);
      for (let i = 0; i < groups; i++) numbers[i * FIELDS + field] = at(column, i);
    }
    return { ids, fragments, sound, begins, numbers };
  };
}
