import type { Gap } from "./source.ts";

/** What a player tells by events of these names; `detail` has more. */
export interface PlayerEvents {
  /** The range is open: its gaps, and the wall-clock time of its first picture. */
  readonly open: { readonly gaps: readonly Gap[]; readonly startMs: number; readonly endMs: number };
  /** More of what is open has been recorded, or is known: as `open`. */
  readonly growth: PlayerEvents["open"];
  /** Another picture is shown. Wall clock, milliseconds since 1970. */
  readonly time: { readonly timeMs: number };
  /** The player plays or pauses, at this rate. */
  readonly state: { readonly paused: boolean; readonly rate: number };
  /** In and out were set; null: they were taken away. */
  readonly range: PlayedRange | null;
  /** A gap was passed over. */
  readonly gap: Gap;
  /** The browser lacks a codec (RFC 6381) from here on: single pictures of the server are shown; null: it plays again. */
  readonly stills: { readonly codecs: string } | null;
  readonly error: { readonly message: string };
}

/** What is played from in to out: wall clock, milliseconds since 1970, the end exclusive. */
export interface PlayedRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** Listens to an event of a player, or to any other. */
interface Listen {
  <K extends keyof PlayerEvents>(
    name: K,
    listener: (event: CustomEvent<PlayerEvents[K]>) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
  <K extends Exclude<keyof HTMLElementEventMap, keyof PlayerEvents>>(
    name: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
  (
    name: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
}

/** What tells the events of a player. */
export interface PlayerTarget {
  readonly addEventListener: Listen;
  readonly removeEventListener: Listen;
}
