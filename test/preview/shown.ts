/** What a `<boxcar-player>` shows, in either browser. */
import type { Evaluates } from "../browser/firefox.ts";
import { FPS } from "../browser/numbered-recording.ts";

/** The number of the picture that is shown, once the player has come to rest. */
export function shownIn(page: Evaluates): Promise<number> {
  return page.evaluate(async () => {
    const player = document.querySelector("boxcar-player");
    for (const until = performance.now() + 10_000; performance.now() < until;) {
      await new Promise((resolve) => setTimeout(resolve, 120));
      if (player !== null && player.video.readyState >= 2 && !player.video.seeking)
        return window.playback.read(player.video).number;
    }
    const { video } = player ?? {};
    const ranges = [...Array(video?.buffered.length ?? 0).keys()].map((i) => [
      video?.buffered.start(i),
      video?.buffered.end(i),
    ]);
    const { currentTime, readyState, seeking } = video ?? {};
    const told = player?.shadowRoot?.querySelector(".error")?.textContent;
    throw new Error(`no picture: ${JSON.stringify({ told, currentTime, readyState, seeking, ranges })}`);
  });
}

/** Goes to the middle of a picture of a recording that starts at `startMs`. */
export async function seekIn(page: Evaluates, startMs: number, picture: number): Promise<void> {
  await page.evaluate(
    (ms) => {
      document.querySelector("boxcar-player")?.seek(ms);
    },
    startMs + ((picture + 0.5) / FPS) * 1000,
  );
}
