import { Breather } from "../../base/breather.ts";
import type { BuildTask } from "../../core/index.ts";

/** A build whose boxes lie end to end: Node compares each object that it hands over with all others, and a file may have a million boxes. */
export interface PackedBuild {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of each box, where it starts in the file. */
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
  readonly fileSize: number;
}

/** Packs a task, in turns: a view would take all of its buffer along. */
export async function packedBuild({ boxes, fileSize }: BuildTask): Promise<PackedBuild> {
  const breather = new Breather();
  const bytes = new Uint8Array(boxes.reduce((sum, box) => sum + box.bytes.length, 0));
  const offsets = new Float64Array(boxes.length);
  const lengths = new Uint32Array(boxes.length);
  let at = 0;
  for (const [i, box] of boxes.entries()) {
    bytes.set(box.bytes, at);
    at += lengths[i] = box.bytes.length;
    offsets[i] = box.offset;
    if (i % 1000 === 0) await breather.breathe();
  }
  return { bytes, offsets, lengths, fileSize };
}

/** The task that was packed, as views. */
export function unpackedBuild({ bytes, offsets, lengths, fileSize }: PackedBuild): BuildTask {
  let at = 0;
  const boxes = Array.from(lengths, (length, i) => {
    at += length;
    return { offset: offsets[i] ?? 0, bytes: bytes.subarray(at - length, at) };
  });
  return { boxes, fileSize };
}
