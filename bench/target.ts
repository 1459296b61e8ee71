/** What a target is; see `targets.ts` for all of them. */

/** What measured values are told in. */
export type Unit = "ms" | "s" | "MB" | "kB" | "GB/s" | "s/GB" | "bytes" | "M samples/s" | "files/s";

/** A value, or a ratio to a peer's value, with a limit. */
export interface Target {
  readonly id: string;
  readonly title: string;
  /** Names of measurements. */
  readonly measured: string;
  readonly peer?: { readonly name: string; readonly measured: string };
  readonly unit: Unit;
  readonly kind: "ratio" | "value";
  readonly limit: number;
  readonly bound: "most" | "least";
  readonly stretch?: true;
  /** Said when the target is not met. */
  readonly because?: string;
}
