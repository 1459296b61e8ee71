import { commandKey } from "../command-key.ts";
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

/** Does what a key stands for, where it is a command. */
export function pressKey(event: KeyboardEvent, act: KeyActions): void {
  const action = ACTIONS[commandKey(event) ?? ""];
  if (action === undefined) return;
  event.preventDefault();
  event.stopPropagation(); // the player has keys of its own
  action(act);
}
