import { variable, wholeNumber, type Variable } from "./variables.ts";
import type * as z from "zod";

/** Settings of recordings. */
export interface RecordConfig {
  /** Milliseconds that a segment lasts where nothing else is said. */
  readonly fragmentMs: number;
  /** Milliseconds without a byte after which a source counts as lost. */
  readonly silenceMs: number;
}

/** The environment variables of `RecordConfig`. @param duration schema of a length of time, in milliseconds */
export const recordVariables = (duration: z.ZodType<number>) =>
  ({
    BOXCAR_FRAGMENT: variable(
      duration,
      "60s",
      "How long a segment of a recording lasts unless a call says otherwise: seconds, or with units (`60s`, `5m`).",
    ),
    BOXCAR_SOURCE_TIMEOUT: variable(
      wholeNumber("seconds", 1, 3600),
      "10",
      "Seconds without a byte after which a live source counts as lost.",
    ),
  }) satisfies Record<string, Variable<number>>;

/** Puts the values of the variables in their form. */
export function recordConfigOf(values: {
  readonly BOXCAR_FRAGMENT: number;
  readonly BOXCAR_SOURCE_TIMEOUT: number;
}): RecordConfig {
  return { fragmentMs: values.BOXCAR_FRAGMENT, silenceMs: values.BOXCAR_SOURCE_TIMEOUT * 1000 };
}
