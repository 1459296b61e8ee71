import { type TrackRecord, readSummary } from "../wasm/records/summary.ts";
import { concatenated } from "../../base/bytes.ts";
import { BoxcarError } from "../../base/errors.ts";
import { millisecondsOf } from "../ticks.ts";
import { isAudio, isVideo } from "../track-kinds.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import { LiveBoxes } from "../wasm/live-boxes.ts";
import type { MetadataBox } from "../wasm/built-index.ts";
import type { Core } from "../wasm/module.ts";
import { BoxPacker, packedBoxes } from "../wasm/packed-boxes.ts";
import { describeIndex } from "./describe.ts";
import type { StreamHeader, StreamPart } from "./fragment-reader.ts";
import type { IndexedSegment } from "./segment-index.ts";

/** Bytes of a sample in which its parameter sets stand. */
const SETS_WITHIN = 64 << 10;

/** What a part of a live stream holds. */
export interface PartFacts {
  /** The header that it needs: the stream's, or one with the parameter sets that its first sample brings. */
  readonly header: StreamHeader;
  /** The video track, else the first one that has samples in the part. */
  readonly track: TrackRecord;
  readonly isVideo: boolean;
  /** Whether it holds sound, too, or alone. */
  readonly hasSound: boolean;
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
 * @param given the header of the part before
 * @throws BoxcarError of status.ts (422), when it does not belong to the header, or its samples lie elsewhere
 */
export function readPart(core: Core, given: StreamHeader, part: StreamPart): PartFacts | undefined {
  const at = given.bytes.length;
  const boxes = [...given.boxes, ...partBoxes(core, part, at)];
  let index: Uint8Array;
  try {
    ({ index } = core.buildIndex(packedBoxes(boxes), at + part.size));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "no_samples") return undefined;
    throw error;
  }
  const { tracks, reference } = readSummary(index);
  const track = tracks[reference];
  if (track === undefined) return undefined;
  const startsSync = track.syncSamples > 0 && (track.flags & TrackFlag.LateSync) === 0;
  const header = startsSync && isVideo(track) ? renewed(core, given, part, { index, reference, track }) : given;
  return {
    ...{ header, track, startsSync },
    isVideo: isVideo(track),
    hasSound: tracks.some((each) => isAudio(each) && each.samples > 0),
    hasSync: track.syncSamples > 0,
    startMs: millisecondsOf(track.start, track.timescale),
    endMs: millisecondsOf(track.end, track.timescale),
    capturedMs: capturedAt(part, track),
  };
}

/** The header with the parameter sets of the part's first sample, when they are new. */
function renewed(
  core: Core,
  header: StreamHeader,
  part: StreamPart,
  { index, reference, track }: { index: Uint8Array; reference: number; track: TrackRecord },
): StreamHeader {
  const first = core.withIndex(index, (loaded) => loaded.firstSample(reference));
  const moov = header.boxes.at(-1);
  if (first === undefined || moov === undefined) return header;
  const at = first.offset - header.bytes.length - part.moof.length;
  const sample = spanOf(part.media, at, Math.min(first.size, SETS_WITHIN));
  let bytes: Uint8Array | undefined;
  try {
    bytes = new LiveBoxes(core).renewedMovie(moov.bytes, track.id, sample);
  } catch (error) {
    if (error instanceof BoxcarError) return header; // sets that cannot be read describe nothing
    throw error;
  }
  if (bytes === undefined) return header;
  const boxes = [...header.boxes.slice(0, -1), { offset: moov.offset, bytes }];
  return { kind: "header", boxes, bytes: concatenated(boxes.map((box) => box.bytes)) };
}

/** A copy of `length` bytes of chunks, or fewer where they end. */
function spanOf(chunks: readonly Uint8Array[], offset: number, length: number): Uint8Array {
  const taken: Uint8Array[] = [];
  let at = 0;
  for (const chunk of chunks) {
    if (at < offset + length) taken.push(chunk.subarray(Math.max(0, offset - at), Math.max(0, offset + length - at)));
    at += chunk.length;
  }
  return concatenated(taken);
}

function capturedAt({ produced }: StreamPart, { id, start, timescale }: TrackRecord): number | undefined {
  if (produced?.trackId !== id) return undefined;
  return produced.wallUs / 1000 + millisecondsOf(start - produced.mediaTime, timescale);
}

/** What the index of a file is made from of a part that lies at `offset` in it. */
function partBoxes(core: Core, part: StreamPart, offset: number): [MetadataBox, MetadataBox] {
  const moof = new LiveBoxes(core).moveFragment(part.moof, part.offset, offset);
  return [
    { offset, bytes: moof },
    { offset: offset + moof.length, bytes: part.mediaHeader },
  ];
}

/** A part with its place in a file. */
export interface PlacedPart {
  /** Its bytes. */
  readonly chunks: readonly Uint8Array[];
  readonly size: number;
  /** @internal What the index is made from. */
  readonly boxes: readonly MetadataBox[];
}

/** The index of a file that grows by parts. */
export class GrowingIndex {
  readonly #core: Core;
  /** Those of the header, then two of each part. */
  readonly #boxes = new BoxPacker();
  readonly #headerBoxes: number;
  /** Bytes of the file up to the end of each part; first those of the header. */
  readonly #sizes: number[];
  #metadataBytes = 0;

  /** @param header with which the file begins */
  constructor(core: Core, header: StreamHeader) {
    this.#core = core;
    for (const { offset, bytes } of header.boxes) this.#boxes.add(offset, bytes);
    this.#headerBoxes = header.boxes.length;
    this.#sizes = [header.bytes.length];
  }

  /** Parts so far. */
  get parts(): number {
    return this.#sizes.length - 1;
  }

  /** Bytes of the metadata of all parts so far. */
  get metadataBytes(): number {
    return this.#metadataBytes;
  }

  /** Bytes of the file so far. */
  get size(): number {
    return this.#sizes.at(-1) ?? 0;
  }

  /** The next part as it has to lie in the file. */
  place(part: StreamPart): PlacedPart {
    const boxes = partBoxes(this.#core, part, this.size);
    return { boxes, chunks: [boxes[0].bytes, ...part.media], size: part.size };
  }

  /** Takes the next part, once it lies in the file. */
  add({ boxes, size }: PlacedPart): void {
    for (const { offset, bytes } of boxes) {
      this.#boxes.add(offset, bytes);
      this.#metadataBytes += bytes.length;
    }
    this.#sizes.push(this.size + size);
  }

  /** Bytes of the file up to the end of a part. @param parts how many, default all */
  sizeOf(parts = this.parts): number {
    return this.#sizes[parts] ?? 0;
  }

  /** The index of the file up to the end of a part. @param parts how many, default all */
  build(parts = this.parts): IndexedSegment {
    const boxes = this.#boxes.packed(this.#headerBoxes + 2 * parts);
    return describeIndex(this.#core.buildIndex(boxes, this.sizeOf(parts)));
  }
}
