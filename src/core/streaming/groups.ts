import { LruMap } from "../../base/lru-map.ts";
import type { TimedSegment } from "../planning/placed-segment.ts";
import { ticksOf } from "../planning/ticks.ts";
import { GROUP_SIZE, readGroup, type Group } from "../wasm/abi/records.ts";
import type { Indexes } from "../segment.ts";
import type { Core } from "../wasm/module.ts";

/** Bytes of groups kept by default: those of some days of one camera. */
const DEFAULT_GROUP_CACHE_BYTES = 8 << 20;
/** What an entry takes besides its records. */
const ENTRY_BYTES = 300;
/** A group may be shorter than it is asked to be by this part: recorders' sync samples come a little early or late. */
const EARLY = 0.1;
/** A last group shorter than this part of what is asked for belongs to the one before. */
const SHORT = 0.5;

/** The groups of pictures of one recording, in order: they cover all samples of its reference track. */
export class GroupList {
  readonly #view: DataView;
  readonly length: number;

  constructor(records: Uint8Array) {
    this.#view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    this.length = records.byteLength / GROUP_SIZE;
  }

  get(number: number): Group | undefined {
    return number >= 0 && number < this.length ? readGroup(this.#view, number * GROUP_SIZE) : undefined;
  }

  /** Number of the last group that is presented at or before `ticks`; 0 before the first. */
  at(ticks: number): number {
    let [low, high] = [0, this.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.get(middle)?.pts ?? 0) <= ticks) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Which groups are wanted. */
export interface GroupLength {
  /** Milliseconds that one lasts about, at least: whole groups of pictures make it longer. */
  readonly lengthMs: number;
  /** Whether a short last one becomes part of the one before. */
  readonly even: boolean;
}

/** Divides recordings into groups of pictures. Indexes never change, so what was found stays true. */
export class Groups {
  readonly #core: Core;
  readonly #indexes: Indexes;
  readonly #kept: LruMap<string, Uint8Array>;

  constructor(core: Core, indexes: Indexes, budget = DEFAULT_GROUP_CACHE_BYTES) {
    this.#core = core;
    this.#indexes = indexes;
    this.#kept = new LruMap(budget, (records, name) => ENTRY_BYTES + records.byteLength + 2 * name.length);
  }

  /**
   * The groups of a recording's reference track.
   * @param upcoming ids of recordings that will be wanted next
   * @throws BoxcarError `index_missing` (503)
   */
  async of(timed: TimedSegment, wanted: GroupLength, upcoming: readonly number[] = []): Promise<GroupList> {
    const { segment, summary } = timed;
    const name = `${segment.id} ${wanted.lengthMs} ${wanted.even}`;
    const known = this.#kept.get(name);
    if (known !== undefined) return new GroupList(known);
    const index = await this.#indexes.get(segment.id, upcoming);
    const records = this.#core.withIndex(index, (loaded) => {
      const least = ticksOf(wanted.lengthMs * (1 - EARLY), timed.reference.timescale);
      return loaded.groups(summary.reference, least);
    });
    const kept = wanted.even ? evened(records, timed, wanted.lengthMs) : records;
    this.#kept.set(name, kept);
    return new GroupList(kept);
  }
}

function evened(records: Uint8Array, { reference }: TimedSegment, lengthMs: number): Uint8Array {
  const list = new GroupList(records);
  const [before, last] = [list.get(list.length - 2), list.get(list.length - 1)];
  if (before === undefined || last === undefined || before.sync === 0) return records;
  if (reference.end - last.pts >= ticksOf(lengthMs * SHORT, reference.timescale)) return records;
  return records.slice(0, (list.length - 1) * GROUP_SIZE);
}
