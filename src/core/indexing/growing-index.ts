import type { TrackRecord } from "../wasm/records/summary.ts";
import { millisecondsOf } from "../ticks.ts";
import { isVideo } from "../track-kinds.ts";
import { readSummary } from "../wasm/records/summary.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import type { Core, MetadataBox } from "../wasm/module.ts";
import { describeIndex } from "./describe.ts";
import type { StreamHeader, StreamPart } from "./fragment-reader.ts";
import type { IndexedSegment } from "./segment-index.ts";

/** What a part of a live stream holds. */
export interface PartFacts {
  /** The video track, else the first one that has samples in the part. */
  readonly track: TrackRecord;
  readonly isVideo: boolean;
  /** Whether that track's first sample is a sync sample. */
  readonly startsSync: boolean;
  /** Whether it has any. */
  readonly hasSync: boolean;
  /** First moment and end of its presentation on the stream's own timeline, milliseconds, not rounded. */
  readonly startMs: number;
  readonly endMs: number;
  /** When `startMs` was captured, by the clock of who produced it, milliseconds since 1970; undefined: not told. */
  readonly capturedMs: number | undefined;
}

/**
 * What a part holds; undefined when it has no samples.
 * @throws BoxcarError of status.ts (422), when it does not belong to the header, or its samples lie elsewhere
 */
export function readPart(core: Core, header: StreamHeader, part: StreamPart): PartFacts | undefined {
  const at = header.bytes.length;
  const boxes = [...header.boxes, ...partBoxes(core, part, at)];
  let index: Uint8Array;
  try {
    ({ index } = core.buildIndex(boxes, at + part.size));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "no_samples") return undefined;
    throw error;
  }
  const { tracks, reference } = readSummary(index);
  const track = tracks[reference];
  if (track === undefined) return undefined;
  return {
    track,
    isVideo: isVideo(track),
    startsSync: track.syncSamples > 0 && (track.flags & TrackFlag.LateSync) === 0,
    hasSync: track.syncSamples > 0,
    startMs: millisecondsOf(track.start, track.timescale),
    endMs: millisecondsOf(track.end, track.timescale),
    capturedMs: capturedAt(part, track),
  };
}

function capturedAt({ produced }: StreamPart, { id, start, timescale }: TrackRecord): number | undefined {
  if (produced?.trackId !== id) return undefined;
  return produced.wallUs / 1000 + millisecondsOf(start - produced.mediaTime, timescale);
}

/** What the index of a file is made from of a part that lies at `offset` in it. */
function partBoxes(core: Core, part: StreamPart, offset: number): [MetadataBox, MetadataBox] {
  const moof = core.moveFragment(part.moof, part.offset, offset);
  return [
    { offset, bytes: moof },
    { offset: offset + moof.length, bytes: part.mediaHeader },
  ];
}

/** The index of a file that grows by parts. */
export class GrowingIndex {
  readonly #core: Core;
  readonly #boxes: MetadataBox[];
  readonly #headerBoxes: number;
  /** Bytes of the file up to the end of each part; first those of the header. */
  readonly #sizes: number[];

  /** @param header with which the file begins */
  constructor(core: Core, header: StreamHeader) {
    this.#core = core;
    this.#boxes = [...header.boxes];
    this.#headerBoxes = header.boxes.length;
    this.#sizes = [header.bytes.length];
  }

  /** Parts so far. */
  get parts(): number {
    return this.#sizes.length - 1;
  }

  /** Bytes of the file so far. */
  get size(): number {
    return this.#sizes.at(-1) ?? 0;
  }

  /** The bytes of the next part as they have to lie in the file. */
  bytesOf(part: StreamPart): Uint8Array[] {
    return [partBoxes(this.#core, part, this.size)[0].bytes, ...part.media];
  }

  /** Takes the next part. */
  add(part: StreamPart): void {
    this.#boxes.push(...partBoxes(this.#core, part, this.size));
    this.#sizes.push(this.size + part.size);
  }

  /** Bytes of the file up to the end of a part. @param parts how many, default all */
  sizeOf(parts = this.parts): number {
    return this.#sizes[parts] ?? 0;
  }

  /** The index of the file up to the end of a part. @param parts how many, default all */
  build(parts = this.parts): IndexedSegment {
    const boxes = this.#boxes.slice(0, this.#headerBoxes + 2 * parts);
    return describeIndex(this.#core.buildIndex(boxes, this.sizeOf(parts)));
  }
}
