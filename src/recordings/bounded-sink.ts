import { BoxcarError } from "../base/errors.ts";
import type { StreamSink } from "../core/streaming/streamed.ts";

/** Media segments of one playlist: a month of 20 seconds, ten days of 6. */
const MOST_MEDIA_SEGMENTS = 150_000;

/**
 * A sink that takes only so many media segments and portions of gaps: a few MB of samples without media can be a month of pictures, and
 * playlists are made as a whole.
 * @returns `add` and `gap` throw BoxcarError `range_too_large` (400)
 */
export function boundedSink(sink: StreamSink, most = MOST_MEDIA_SEGMENTS): StreamSink {
  let count = 0;
  const countOne = (): void => {
    if (++count <= most) return;
    const message = `A playlist lists at most ${String(most)} media segments, and this range has more. Ask for a shorter range, or for longer ones (segment=20s).`;
    throw new BoxcarError("range_too_large", message, { mostMediaSegments: most });
  };
  return {
    begin: (stretch) => {
      sink.begin(stretch);
    },
    add: (segment) => {
      countOne();
      sink.add(segment);
    },
    gap: (gap) => {
      countOne();
      sink.gap?.(gap);
    },
    unfinished: (segment) => {
      sink.unfinished?.(segment);
    },
  };
}
