import type { PageActions } from "./state.ts";

/** What keys do beside the page's actions. */
export interface KeyActions extends PageActions {
  /** Goes on, or back, by seconds. */
  readonly seekBy: (seconds: number) => void;
  readonly fullscreen: () => void;
}

const ACTIONS: Readonly<Record<string, (act: KeyActions) => void>> = {
  " ": (act) => act.toggle(),
  k: (act) => act.toggle(),
  ",": (act) => act.step(-1),
  ".": (act) => act.step(1),
  ArrowLeft: (act) => act.seekBy(-5),
  ArrowRight: (act) => act.seekBy(5),
  j: (act) => act.seekBy(-10),
  l: (act) => act.seekBy(10),
  m: (act) => act.mute(),
  i: (act) => act.mark("in"),
  o: (act) => act.mark("out"),
  f: (act) => act.fullscreen(),
  "+": (act) => act.zoom(0.5),
  "-": (act) => act.zoom(2),
  Escape: (act) => act.clear(),
};

/** Does what a key stands for, unless it is being typed, or presses a button. */
export function pressKey(event: KeyboardEvent, act: KeyActions): void {
  const { tagName } = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(tagName)) return;
  if (event.key === " " && tagName === "BUTTON") return;
  const action = ACTIONS[event.key];
  if (action === undefined) return;
  event.preventDefault();
  event.stopPropagation(); // the player has keys of its own
  action(act);
}
