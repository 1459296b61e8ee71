import { commandKey } from "../command-key.ts";
import type { Controlled } from "./controlled.ts";

/** Seconds that arrow keys, and J and L, go. */
const [SHORT_S, LONG_S] = [5, 10];

const ACTIONS: Readonly<Record<string, (player: Controlled) => void>> = {
  " ": (player) => player.toggle(),
  k: (player) => player.toggle(),
  ",": (player) => void player.step(-1),
  ".": (player) => void player.step(1),
  ArrowLeft: (player) => player.seek(player.timeMs - SHORT_S * 1000),
  ArrowRight: (player) => player.seek(player.timeMs + SHORT_S * 1000),
  j: (player) => player.seek(player.timeMs - LONG_S * 1000),
  l: (player) => player.seek(player.timeMs + LONG_S * 1000),
  i: (player) => player.mark("in"),
  o: (player) => player.mark("out"),
  m: (player) => (player.muted = !player.muted),
  f: (player) => void player.fullscreen(),
};

/** Does what a key stands for, where it is a command. @returns whether it is one */
export function pressPlayerKey(event: KeyboardEvent, player: Controlled): boolean {
  const action = ACTIONS[commandKey(event) ?? ""];
  if (action === undefined) return false;
  event.preventDefault();
  action(player);
  return true;
}
