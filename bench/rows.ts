/** What the measurements say about each target. */
import type { Measurements } from "./measure/context.ts";
import type { Target, Unit } from "./target.ts";
import { TARGETS } from "./targets.ts";

/** A row that was measured or could not be. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** What is held against the limit: the ratio to the peer, or the value itself. */
  readonly kind: "ratio" | "value";
  /** In `unit`; undefined when it was not measured. */
  readonly measured?: number;
  readonly unit: Unit;
  /** What boxcar is compared with. Also where the target is a plain value: machines differ, ratios less. */
  readonly peer?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
  readonly limit: number;
  /** `most`: less is better. */
  readonly bound: "most" | "least";
  /** A goal beyond the target. */
  readonly stretch: boolean;
  readonly met?: boolean;
  /** Why it is not met, or not measured. */
  readonly note?: string;
}

/** Measured values are divided by this to be in the row's unit. */
const SCALE: Readonly<Record<Unit, number>> = {
  ms: 1,
  s: 1,
  MB: 1e6,
  kB: 1e3,
  "GB/s": 1e9,
  "s/GB": 1,
  bytes: 1,
  "M samples/s": 1e6,
  "files/s": 1,
};

/** One row a target. */
export function rows(measurements: Measurements): Row[] {
  return TARGETS.map((target) => row(target, measurements));
}

function row(target: Target, measurements: Measurements): Row {
  const { id, title, kind, unit, limit, bound, because } = target;
  const scale = SCALE[unit];
  const own = measurements[target.measured]?.median;
  const other = target.peer && measurements[target.peer.measured]?.median;
  const common = { id, title, kind, unit, limit, bound, stretch: target.stretch ?? false };
  const measured = own === undefined ? {} : { measured: own / scale };
  const peer =
    other === undefined || target.peer === undefined ? {} : { peer: { name: target.peer.name, value: other / scale } };
  const ratio = own === undefined || other === undefined ? {} : { ratio: own / other };
  const held = kind === "ratio" ? ratio.ratio : measured.measured;
  if (held === undefined) {
    const note =
      own === undefined
        ? (because ?? "not measured in this run")
        : `${target.peer?.name ?? "the peer"} was not measured`;
    return { ...common, ...measured, note };
  }
  const met = bound === "most" ? held <= limit : held >= limit;
  const note = met || because === undefined ? {} : { note: because };
  return { ...common, ...measured, ...peer, ...ratio, met, ...note };
}
