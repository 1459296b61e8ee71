import type { DurationRuns } from "./duration-runs.ts";
import type { RunCounts } from "./segment-run.ts";

/** What becomes of an output track by a run. */
export interface Followed {
  readonly counts: readonly RunCounts[];
  readonly uniform: boolean;
  readonly durations: DurationRuns | undefined;
  /** Of the last piece. */
  readonly samples: number;
  readonly dts: number;
  readonly lasting: number;
  readonly lastDuration: number;
  readonly presentedEnd: number;
}
