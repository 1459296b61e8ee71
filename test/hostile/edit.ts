/** Edits of built files that keep every size around them right, so that only the one thing is wrong. */
import { bytes, find, patched, u32 } from "../support/boxes.ts";

type Path = readonly [string, ...string[]];

/** The path of a box in the first track's sample table. */
export const table = (type: string): Path => ["moov", "trak", "mdia", "minf", "stbl", type];

/** A copy of `file` with `patch` written `at` bytes into the payload of the box at `path`. */
export function poke(file: Uint8Array, path: Path, at: number, patch: Uint8Array): Uint8Array {
  return patched(file, find(file, ...path).offset + 8 + at, patch);
}

/** A copy of `file` with the box at `path` replaced; the boxes around it grow or shrink with it. */
export function replace(file: Uint8Array, path: Path, change: (box: Uint8Array) => Uint8Array): Uint8Array {
  const { offset, size } = find(file, ...path);
  const box = change(file.subarray(offset, offset + size));
  const edited = bytes(file.subarray(0, offset), box, file.subarray(offset + size));
  const view = new DataView(edited.buffer);
  for (let depth = 1; depth < path.length; depth++) {
    const around = find(file, ...path.slice(0, depth));
    view.setUint32(around.offset, around.size + box.length - size);
  }
  return edited;
}

/** Without the box at `path`. */
export const without = (file: Uint8Array, path: Path): Uint8Array => replace(file, path, () => new Uint8Array(0));

/** With the box at `path` twice. */
export const doubled = (file: Uint8Array, path: Path): Uint8Array => replace(file, path, (box) => bytes(box, box));

/** With `more` boxes at the end of the box at `path`. */
export function appended(file: Uint8Array, path: Path, ...more: readonly Uint8Array[]): Uint8Array {
  return replace(file, path, (box) => {
    const longer = bytes(box, ...more);
    longer.set(u32(longer.length), 0);
    return longer;
  });
}
