import { firstPart } from "../base/stream-path.ts";
import type { Use } from "../catalog/room.ts";

/** What the streams of a first part are to give up together, so that none of another loses recordings to them. */
export interface Share {
  /** Bytes of recordings. */
  gives: number;
  /** Bytes of recordings that each stream keeps of what is left. */
  readonly each: number;
  /** Bytes by which uploads alone are above the part's share: nothing that is recorded there makes up for them. */
  readonly over: number;
}

/**
 * Shares room among the first parts of stream paths, then among the streams of each. Who takes less than an equal share keeps all, and
 * what that leaves is shared by the others.
 * @param uses by stream path
 * @param excess bytes that are to be given up
 * @param counted what is in the way: on a disk uploads, too, else what was recorded alone
 */
export function sharesOf(
  uses: ReadonlyMap<string, Use>,
  excess: number,
  counted: "all" | "recorded",
): Map<string, Share> {
  const parts = new Map<string, { recorded: number; uploaded: number; streams: number }>();
  for (const [streamPath, { recorded, uploaded }] of uses) {
    const name = firstPart(streamPath);
    const part = parts.get(name) ?? { recorded: 0, uploaded: 0, streams: 0 };
    part.recorded += recorded;
    part.uploaded += uploaded;
    if (recorded > 0) part.streams++;
    parts.set(name, part);
  }
  const above = ({ recorded, uploaded }: Use, level: number): number => Math.max(0, recorded + uploaded - level);
  const most = (use: Use): number => (counted === "all" ? Number.POSITIVE_INFINITY : use.recorded);
  const all = [...parts.values()];
  const givenAt = (level: number): number => all.reduce((sum, use) => sum + Math.min(most(use), above(use, level)), 0);
  // The lowest level that asks for no more than what is to be given.
  let [level, highest] = [0, all.reduce((sum, use) => Math.max(sum, above(use, 0)), 0)];
  while (level < highest) {
    const middle = Math.floor((level + highest) / 2);
    if (givenAt(middle) > excess) level = middle + 1;
    else highest = middle;
  }
  return new Map(
    [...parts].map(([name, { recorded, uploaded, streams }]) => {
      const gives = Math.min(recorded, above({ recorded, uploaded }, level));
      return [name, { gives, each: (recorded - gives) / streams, over: Math.max(0, uploaded - level) }];
    }),
  );
}
