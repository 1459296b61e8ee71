/** Holds what was recorded against what was sent. */
import { ffmpeg, packetHashes } from "../support/tools.ts";

/** What was found of one track. */
export interface Found {
  /** Pictures, or frames of sound, that were sent before the first that is there, that are there in a row, and that were sent after the last. */
  readonly before: number;
  readonly there: number;
  readonly after: number;
  /** What is wrong with those that are there: undefined when they are what was sent, each once, none missing. */
  readonly wrong: string | undefined;
}

/** Pictures that may follow the last one before which none is missing: where a connection ends amid reordered ones. */
const REORDERED = 2;

/**
 * Compares lists of hashes: what was got has to be one run of what was sent. At its end may be reordered pictures of which others are missing,
 * and silence, which downloads have for as long as there are pictures.
 */
export function held(got: readonly string[], sent: readonly string[]): Found {
  const before = sent.indexOf(got[0] ?? "");
  if (before < 0) return { before: 0, there: 0, after: sent.length, wrong: "the first one was never sent" };
  const differs = got.findIndex((hash, i) => hash !== sent[before + i]);
  const there = differs < 0 ? got.length : differs;
  const [rest, later] = [got.slice(there), sent.slice(before + there)];
  const places = rest.map((hash) => later.indexOf(hash));
  const isReordered = rest.length <= REORDERED && places.every((place, i) => place > (places[i - 1] ?? -1));
  const isSilence = new Set(rest).size <= 1 && places.every((place) => place < 0);
  const wrong = `the ${String(there + 1)}th is not the one that was sent`;
  return { before, there, after: later.length, wrong: isReordered || isSilence ? undefined : wrong };
}

/** Hashes of decoded pictures, which containers do not change. */
export async function pictureHashes(path: string): Promise<string[]> {
  const args = ["-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-"];
  const { stdout } = await ffmpeg(args);
  return [...stdout.matchAll(/^0,.*,\s*(\w{32})$/gm)].map(([, hash = ""]) => hash);
}

/** Hashes of frames of AAC as they are stored. */
export function soundHashes(path: string): Promise<string[]> {
  return packetHashes(path, "a:0");
}
