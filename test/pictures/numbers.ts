/** Reads the frame numbers of `numbered-recording.ts` back out of pictures. */
import { execFile } from "node:child_process";
import { BITS } from "../browser/numbered-recording.ts";
import { stillsFfmpegPath } from "../support/tools.ts";

/** A picture's pixels as grey. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly at: (x: number, y: number) => number;
}

/** Decodes a JPEG or PNG with ffmpeg. */
export async function greyOf(picture: Uint8Array): Promise<Grey> {
  const { width, height } = sizeOf(picture);
  const args = ["-v", "error", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"];
  const pixels = await new Promise<Buffer>((resolve, reject) => {
    const options = { encoding: "buffer", maxBuffer: 1 << 28 } as const;
    const child = execFile(stillsFfmpegPath, args, options, (error, stdout) => {
      if (error !== null) reject(new Error("the picture cannot be decoded", { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end(picture);
  });
  if (pixels.length !== width * height) throw new Error(`${pixels.length} pixels, not ${width} × ${height}`);
  return { width, height, at: (x, y) => pixels[Math.floor(y) * width + Math.floor(x)] ?? 0 };
}

/** Width and height as the file's own header says. */
export function sizeOf(picture: Uint8Array): { width: number; height: number } {
  const view = new DataView(picture.buffer, picture.byteOffset, picture.byteLength);
  if (view.getUint32(0) === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) };
  if (view.getUint16(0) !== 0xffd8) throw new Error("neither PNG nor JPEG");
  for (let at = 2; ;) {
    const marker = view.getUint16(at);
    if (marker >= 0xffc0 && marker <= 0xffc2) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
}

/** The frame number that a part of a picture shows; -1 when it shows none. */
export function numberIn(grey: Grey, part = { x: 0, y: 0, width: grey.width, height: grey.height }): number {
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const x = part.x + ((bit + 0.5) * part.width) / BITS;
    const set = grey.at(x, part.y + part.height / 4) > 127;
    if (set === grey.at(x, part.y + (part.height * 3) / 4) > 127) return -1;
    if (set) number += 2 ** bit;
  }
  return number;
}
