import { bytes, variable, wholeNumber, type ValuesOf } from "./variables.ts";

/** Bounds of planning. */
export interface PlanConfig {
  /** Long plans that are made at once. */
  readonly planners: number;
  /** Segments that one timeline or storyboard may span. */
  readonly timelineSegments: number;
  /** Segments that one download may span. */
  readonly downloadSegments: number;
  /** Bytes of the plans of downloads that run. */
  readonly planMemory: number;
}

export const planVariables = {
  BOXCAR_PLANNERS: variable(
    wholeNumber("plans", 1, 256),
    "4",
    "Long ranges (beyond some 4,000 segments, or 32,000 media segments of a playlist) that are planned at once, half of them for one client; further ones wait.",
  ),
  BOXCAR_TIMELINE_SEGMENTS: variable(
    wholeNumber("segments", 1, 10_000_000),
    "600000",
    "Most segments that one timeline or storyboard may span: a year of one-minute segments has 525,600.",
  ),
  BOXCAR_DOWNLOAD_SEGMENTS: variable(
    wholeNumber("segments", 1, 10_000_000),
    "100000",
    "Most segments that one download may span; each takes about 1 kB of memory while it runs.",
  ),
  BOXCAR_PLAN_MEMORY: variable(
    bytes,
    "512M",
    "Memory for the plans of downloads that run, half of it for one client: bytes, or with K, M, G, T. Plans below 256 kB do not count.",
  ),
} as const;

/** Puts the values of the variables in their form. */
export function planConfigOf(values: ValuesOf<typeof planVariables>): PlanConfig {
  return {
    planners: values.BOXCAR_PLANNERS,
    timelineSegments: values.BOXCAR_TIMELINE_SEGMENTS,
    downloadSegments: values.BOXCAR_DOWNLOAD_SEGMENTS,
    planMemory: values.BOXCAR_PLAN_MEMORY,
  };
}
