import { millisecondsOf } from "../ticks.ts";
import { isVideo } from "../track-kinds.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import type { Summary } from "../wasm/records/summary.ts";
import { fourccText } from "../wasm/view.ts";

/** A last sample is doubted that lasts this many times as long as the others, and at least this long. */
const LONG_TIMES = 20;
const LONG_MS = 5000;
/** A track is doubted that lies this far from the picture, or the first track. Milliseconds. */
const FAR_MS = 5000;

/** What of a segment's tracks cannot be quite so, or keeps parts of it from being shown: one sentence each. */
export function doubtsOf({ tracks, reference }: Summary): string[] {
  const main = tracks[reference];
  if (main === undefined) return [];
  const doubts: string[] = [];
  for (const track of tracks) {
    const lastMs = millisecondsOf(track.lastDuration, track.timescale);
    const usual = (track.duration - track.lastDuration) / Math.max(1, track.samples - 1);
    if (track.samples > 1 && lastMs >= LONG_MS && track.lastDuration > LONG_TIMES * usual) {
      const usualMs = millisecondsOf(usual, track.timescale).toFixed(0);
      doubts.push(
        `The last sample of the ${nameOf(track)} is said to last ${(lastMs / 1000).toFixed(1)} s, the others ${usualMs} ms: it is held until something else is recorded.`,
      );
    }
    const afterMs = millisecondsOf(track.start, track.timescale) - millisecondsOf(main.end, main.timescale);
    const beforeMs = millisecondsOf(main.start, main.timescale) - millisecondsOf(track.end, track.timescale);
    if (Math.max(afterMs, beforeMs) > FAR_MS) {
      const which = afterMs > 0 ? "starts long after" : "ends long before";
      doubts.push(`The ${nameOf(track)} ${which} the other tracks: ranges leave it out.`);
    }
  }
  if (!isVideo(main)) return doubts;
  if (main.syncSamples === 0) {
    doubts.push(
      "No sample of the video is a sync sample: it is shown only behind a segment that it follows without a gap; else ranges of it are refused with no_sync_sample.",
    );
  } else if (main.flags & TrackFlag.LateSync) {
    doubts.push(
      "The video does not start with a sync sample: what precedes the first one is shown only behind a segment that it follows without a gap.",
    );
  }
  return doubts;
}

function nameOf({ handler }: { readonly handler: number }): string {
  const kind = fourccText(handler);
  return { vide: "video", soun: "sound" }[kind] ?? `${kind} track`;
}
