/** Arguments of a second output of ffmpeg, whose lines `ParameterWatch` reads. With sound: an output without any stream would end ffmpeg. */
export const WATCHED = [
  ...["-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy"],
  ...["-flush_packets", "1", "-f", "framehash", "-hash", "adler32", "pipe:3"],
];

/** Bytes that the parameters of a codec have at least: what is shorter beside a packet is something else. */
const LEAST_BYTES = 7;

/**
 * Notices that the picture of a source has got other parameters, such as another size. RTMP and FLV send them beside the samples, and ffmpeg
 * drops them where it only copies: what follows cannot be decoded by those that the output began with. Its `framehash` output
 * tells of them: of each stream at first, and of what comes beside a packet.
 */
export class ParameterWatch {
  #isVideo = false;
  /** Size and hash of the parameters at hand. */
  #known: string | undefined;

  /** Takes one line of the output. Returns whether it tells of other parameters. Those at hand may come again and again. */
  isChange(line: string): boolean {
    if (line.startsWith("#media_type 0:")) this.#isVideo = line.endsWith("video");
    const [, before] = /^#extradata 0, *(\d+, *[0-9a-f]+)$/.exec(line) ?? [];
    if (before !== undefined) this.#known = before.replaceAll(" ", "");
    const [, beside] = /^0,.*\bS=\d+,(.*)$/.exec(line) ?? [];
    if (beside === undefined || !this.#isVideo || this.#known === undefined) return false;
    const found = [...beside.matchAll(/(\d+), *([0-9a-f]{8})\b/g)].filter(([, size]) => Number(size) >= LEAST_BYTES);
    return found.some(([, size, hash]) => `${String(size)},${String(hash)}` !== this.#known);
  }
}
