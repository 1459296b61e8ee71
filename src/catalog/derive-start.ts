import { expectedStart } from "../core/index.ts";
import { bytesOf } from "./rows.ts";

/**
 * Starts that are only known to a precision, such as those of file names of whole seconds. A segment whose stated start
 * lies within the precisions of where the one before ends goes on there: its start is derived from it, so that no
 * distance or overlap is told that is none. Derived from the stated starts alone, in their order, the starts are the same
 * in whatever order segments arrive; a later segment never moves an earlier one. A segment that was cut amid a group of
 * pictures is stated by when it was cut, not by its first picture: of such ones the start is derived from exact ones, too.
 */

/**
 * How exactly a segment states its start that goes on amid a group of pictures, milliseconds: as far as pictures are out of order,
 * and no farther than what is no gap.
 */
export const CUT_PRECISION_MS = 500;

/** A derived start is brought back to within the precision of its stated one by this much at a joint: below any gap. */
const CORRECTION_US = 100_000;
/** What was cut amid a group of pictures keeps its stated start when that is off by no more than a frame. */
const FRAME_US = 40_000;

/** What is stated of a segment whose start is inexact. */
export interface Stated {
  readonly statedMs: number;
  readonly precisionMs: number;
  /** Tells where it goes on: some pictures of its start may be hidden. */
  readonly summary: Uint8Array;
}

/** A row with an inexact start. Microseconds, so that no rounding adds up. */
export interface InexactRow {
  readonly id: number;
  readonly stated_ms: number;
  readonly precision_ms: number;
  readonly start_us: number;
  readonly duration_us: number;
  readonly end_ms: number;
  readonly summary: Uint8Array | ArrayBuffer;
}

/** The start of a row, milliseconds. @param us where it lies, microseconds */
export function startMsOf(us: number): number {
  return Math.round(us / 1000);
}

/** The end of a row, milliseconds: what it has never reaches beyond. Both microseconds. */
export function endMsOf(us: number, durationUs: number): number {
  return Math.ceil((us + durationUs) / 1000);
}

/** Where a segment starts, microseconds, and whether it goes on where the one before ends. */
export function deriveStart(
  { statedMs, precisionMs, summary }: Stated,
  before: InexactRow | undefined,
): { us: number; follows: boolean } {
  const stated = statedMs * 1000;
  if (before === undefined) return { us: stated, follows: false };
  const expectedMs = expectedStart(bytesOf(before.summary), summary, CUT_PRECISION_MS);
  const lengthUs = expectedMs === undefined ? before.duration_us : Math.round(expectedMs * 1000);
  const end = before.start_us + lengthUs;
  const off = stated - end;
  if (!mayFollow({ statedMs, precisionMs }, before, off, lengthUs)) return { us: stated, follows: false };
  if (precisionMs === CUT_PRECISION_MS && Math.abs(off) <= FRAME_US) return { us: stated, follows: true };
  const beyond = Math.max(0, Math.abs(off) - precisionMs * 1000);
  return { us: end + Math.sign(off) * Math.min(beyond, CORRECTION_US), follows: true };
}

/** Whether a segment may go on where the one before ends, which `off` microseconds lie between by what is stated and derived. */
function mayFollow(
  { statedMs, precisionMs }: Omit<Stated, "summary">,
  before: InexactRow,
  off: number,
  lengthUs: number,
): boolean {
  if (precisionMs !== CUT_PRECISION_MS) return Math.abs(off) <= (precisionMs + before.precision_ms) * 1000;
  // Behind a gap it cannot be decoded: what is one by the stated starts stays one.
  const stated = statedMs - before.stated_ms - lengthUs / 1000;
  const named = before.precision_ms === CUT_PRECISION_MS ? 0 : before.precision_ms;
  return Math.abs(stated) <= precisionMs + named;
}

/** The row that a segment may follow: the inexact one before it, or an exact one behind that. */
export function leading(exact: InexactRow | undefined, before: InexactRow | undefined): InexactRow | undefined {
  return exact === undefined || (before !== undefined && exact.stated_ms < before.stated_ms) ? before : exact;
}
