import type { BoxcarPlayer } from "./boxcar-player.ts";

/** Seconds that arrow keys, and J and L, go. */
const [SHORT_S, LONG_S] = [5, 10];

const ACTIONS: Readonly<Record<string, (player: BoxcarPlayer) => void>> = {
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

/** Does what a key stands for. @returns whether it stands for anything */
export function pressPlayerKey(event: KeyboardEvent, player: BoxcarPlayer): boolean {
  const target = event.composedPath()[0] as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return false;
  if (event.key === " " && target.tagName === "BUTTON") return false;
  const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (action === undefined) return false;
  event.preventDefault();
  action(player);
  return true;
}
