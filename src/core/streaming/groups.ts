import { BoxcarError } from "../../base/errors.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { TimedSegment } from "../planning/placed-segment.ts";
import { ticksOf } from "../ticks.ts";
import { GROUP_SIZE, readGroup, type Group } from "../wasm/abi/records.ts";
import type { Indexes } from "../segment.ts";
import { isLarge } from "../wasm/index-request.ts";
import type { Core } from "../wasm/module.ts";
import { readSummary, type Summary } from "../wasm/records/summary.ts";
import { completeSamples } from "../planning/complete.ts";
import { GROUP_FIELDS, GroupList } from "./group-list.ts";
import { partialSegments, type PartedSegment } from "./partial-segments.ts";

/** Bytes of group lists that are kept by default: those of some days of one camera. */
const DEFAULT_GROUP_CACHE_BYTES = 8 << 20;
/** Bytes of Partial Segments that are kept, those of some hundred streams; what those of one media segment take, and each of them. */
const [PARTED_CACHE_BYTES, PARTED_BYTES, PART_BYTES] = [1 << 20, 300, 60];
/** A group may be shorter than it is asked to be by this part: recorders' sync samples come a little early or late. */
const EARLY = 0.1;
/** A last group shorter than this part of what is asked for belongs to the one before. */
const SHORT = 0.5;

/** How long groups are to be. */
export interface GroupLength {
  /** Least duration of a group, about, milliseconds: it consists of whole groups of pictures. */
  readonly lengthMs: number;
  /** Whether a short last group becomes part of the one before. */
  readonly even: boolean;
}

/** The length unless a request says otherwise. The catalog keeps these groups of each recording. */
export const USUAL_GROUPS: GroupLength = { lengthMs: 6000, even: true };

/** Whether a length is `USUAL_GROUPS`. */
export function areUsual({ lengthMs, even }: GroupLength): boolean {
  return lengthMs === USUAL_GROUPS.lengthMs && even === USUAL_GROUPS.even;
}

/** Largest text of noted groups, bytes: that of some minutes. Longer recordings are fewer, and are divided by their index. */
const MOST_NOTED = 2048;

/** Largest index, bytes, of a recording whose groups may fit that. */
const MOST_INDEX = 256 << 10;

/** Most groups of one recording, which are listed in one turn: three days of 6 seconds in one file. */
const MOST_GROUPS = 50_000;

/** The groups of a recording as the catalog keeps them with its index (`GroupList.text`); undefined above `MOST_NOTED`. */
export function notedGroups(core: Core, index: Uint8Array): string | undefined {
  if (index.length > MOST_INDEX || isLarge(index)) return undefined;
  const summary = readSummary(index);
  const least = leastOf(summary, USUAL_GROUPS);
  const records = core.withIndex(index, (loaded) => loaded.groups(summary.reference, least));
  const { text } = listOf(records, summary, USUAL_GROUPS);
  return text.length > MOST_NOTED ? undefined : text;
}

/** Divides recordings into groups of pictures, and keeps them: an index never changes. */
export class Groups {
  readonly #core: Core;
  readonly #indexes: Indexes;
  readonly #kept: LruMap<string, GroupList>;
  /** Partial Segments of media segments as far as these have come: they stay as they are, and only new samples are divided. */
  readonly #parted = new LruMap<string, PartedSegment & { readonly id: number }>(
    PARTED_CACHE_BYTES,
    ({ parts }, name) => PARTED_BYTES + PART_BYTES * parts.length + 2 * name.length,
  );

  constructor(core: Core, indexes: Indexes, budget = DEFAULT_GROUP_CACHE_BYTES) {
    this.#core = core;
    this.#indexes = indexes;
    this.#kept = new LruMap(budget, ({ weight }, name) => weight + 2 * name.length);
  }

  /**
   * The groups of a recording's reference track.
   * @param upcoming ids of recordings that will be wanted next
   * @throws BoxcarError `index_missing` (503), `range_too_large` (400)
   */
  async of(timed: TimedSegment, wanted: GroupLength, upcoming?: () => readonly number[]): Promise<GroupList> {
    const { segment, summary } = timed;
    const name = `${segment.id} ${wanted.lengthMs} ${wanted.even}`;
    const known = this.#kept.get(name);
    if (known !== undefined) return known;
    const list =
      areUsual(wanted) && segment.groups !== undefined
        ? GroupList.read(segment.groups)
        : await this.#divided(await this.#indexes.get(segment.id, upcoming?.()), summary, wanted);
    this.#kept.set(name, list);
    return list;
  }

  /**
   * The Partial Segments of the media segment that begins with the sample `first`.
   * @returns undefined when no media segment of that length begins there
   * @throws BoxcarError `index_missing` (503), `range_too_large` (400)
   */
  async parted(timed: TimedSegment, first: number, wanted: GroupLength): Promise<PartedSegment | undefined> {
    const { segment, reference } = timed;
    const list = await this.of(timed, wanted);
    const number = list.from(first);
    if (number === undefined) return undefined;
    const until = list.get(number + 1)?.first;
    const { id, lastingId = id, open } = segment;
    const name = `${lastingId} ${first} ${wanted.lengthMs}`;
    const known = this.#parted.get(name);
    if (known?.whole === true || known?.id === id) return known;
    const { parts: before = [] } = known ?? {};
    const index = await this.#indexes.get(id);
    return this.#core.withIndex(index, (loaded) => {
      const complete = open === true ? completeSamples(loaded, timed) : reference.samples;
      const whole = until === undefined ? open !== true : until <= complete;
      const end = Math.min(until ?? reference.samples, complete);
      const more = partialSegments(loaded, timed, { first: before.at(-1)?.end ?? first, end, whole });
      const parted = { id, end, whole, parts: [...before, ...more] };
      this.#parted.set(name, parted);
      return parted;
    });
  }

  async #divided(index: Uint8Array, summary: Summary, wanted: GroupLength): Promise<GroupList> {
    const records = await this.#core.ask(index, ["groups", summary.reference, leastOf(summary, wanted)]);
    const count = records.byteLength / GROUP_SIZE;
    if (count > MOST_GROUPS) throw tooMany(count);
    return listOf(records, summary, wanted);
  }
}

function tooMany(count: number): BoxcarError {
  const message = `A recording of this range would be ${String(count)} media segments, and at most ${String(MOST_GROUPS)} are listed of one. Ask for longer ones (segment=20s), or upload it in parts.`;
  return new BoxcarError("range_too_large", message, { mostMediaSegments: MOST_GROUPS });
}

/** Ticks from the start of a group to that of the next, at least. */
function leastOf({ reference, tracks }: Summary, { lengthMs }: GroupLength): number {
  return ticksOf(lengthMs * (1 - EARLY), tracks[reference]?.timescale ?? 1);
}

function listOf(records: Uint8Array, { reference, tracks }: Summary, wanted: GroupLength): GroupList {
  const track = tracks[reference];
  if (track === undefined) return new GroupList([]);
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const count = records.byteLength / GROUP_SIZE;
  const group = (number: number): Group => readGroup(view, number * GROUP_SIZE);
  const isShort = count > 1 && track.end - group(count - 1).pts < ticksOf(wanted.lengthMs * SHORT, track.timescale);
  const isMerged = wanted.even && isShort && group(count - 2).sync === 1;
  const numbers: number[] = [];
  for (let number = 0; number < (isMerged ? count - 1 : count); number++) {
    const fields = group(number);
    for (const field of GROUP_FIELDS) numbers.push(fields[field]);
  }
  return new GroupList(numbers);
}
