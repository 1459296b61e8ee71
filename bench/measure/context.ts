/** What every measurement gets and gives. */
import type { Material } from "../material.ts";
import type { Cut, Nginx, Server } from "../servers.ts";
import { summarize, type Sampled } from "../statistics.ts";

/** The set-up of a run. */
export interface Context {
  readonly material: Material;
  /** Path of the built `boxcar.js`. */
  readonly program: string;
  readonly boxcar: Server;
  /** Path of the built `boxcar.js` of an earlier commit; undefined where it cannot be built. */
  readonly earlier: string | undefined;
  /** Undefined when it is not installed. */
  readonly nginx: Nginx | undefined;
  /** Counts of segments of which nginx has a merged file. */
  readonly merged: readonly number[];
  /** Rounds that count. */
  readonly rounds: number;
}

/** Everything that was measured, by name; the names end in their unit where it is not a plain number. */
export type Measurements = Record<string, Sampled>;

let cuts = 0;

/** A cut of (almost) the first `count` segments that was never asked for before: no plan of it can be kept. */
export function newCut(count: number): Cut {
  return newCutOf(count * 60);
}

/** The same of so many seconds. */
export function newCutOf(seconds: number): Cut {
  cuts++;
  return { from: 1 + (cuts % 1000) * 0.04 + Math.floor(cuts / 1000) * 0.001, to: seconds - 1 };
}

/** Adds values under a name, when there are any. */
export function record(into: Measurements, name: string, values: readonly number[] | undefined): void {
  if (values !== undefined && values.length > 0) into[name] = summarize(values);
}
