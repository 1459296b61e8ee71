/** The sample lists beside the corpus files (`*.dump`) and the hash they use. */

export interface DumpSample {
  /** Bytes. */
  readonly size: number;
  readonly sync: boolean;
  /** Microseconds, by that project's own edit-list rules. */
  readonly timeUs: number;
  /** As `sampleHash` gives it. */
  readonly hash: number;
}

export interface DumpTrack {
  /** Track id in the file, as the dump's `format` states it; undefined where it states none. */
  readonly id: string | undefined;
  readonly mimeType: string;
  readonly samples: readonly DumpSample[];
}

/** Reads a dump: a tree of indented `name = value` lines under `track N:` and `sample N:`. */
export function parseDump(text: string): DumpTrack[] {
  const tracks: { id: string | undefined; mimeType: string; samples: DumpSample[] }[] = [];
  let sample: { timeUs: number; flags: number } | undefined;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    const track = tracks.at(-1);
    const [, name = "", value = ""] = /^([\w ]+?) = (.*)$/.exec(line) ?? [];
    if (/^track \d+:$/.test(line)) tracks.push({ id: undefined, mimeType: "", samples: [] });
    else if (/^sample \d+:$/.test(line)) sample = { timeUs: 0, flags: 0 };
    else if (track === undefined) continue;
    else if (sample === undefined && name === "id") track.id ??= value;
    else if (sample === undefined && name === "sampleMimeType") track.mimeType ||= value;
    else if (sample !== undefined && name === "time") sample.timeUs = Number(value);
    else if (sample !== undefined && name === "flags") sample.flags = Number(value);
    else if (sample !== undefined && name === "data") {
      const [, size = "", hash = ""] = /^length (\d+), hash ([0-9A-F]+)$/.exec(value) ?? [];
      track.samples.push({
        size: Number(size),
        sync: (sample.flags & 1) === 1,
        timeUs: sample.timeUs,
        hash: Number.parseInt(hash, 16),
      });
      sample = undefined;
    }
  }
  return tracks;
}

/** h = 1, then h = 31·h + byte (signed), modulo 2^32. */
export function sampleHash(bytes: Uint8Array): number {
  let hash = 1;
  for (const byte of bytes) hash = (Math.imul(hash, 31) + ((byte << 24) >> 24)) | 0;
  return hash >>> 0;
}

/** A video sample as the dumps hash it: each 4-byte NAL unit length replaced by the start code 00 00 00 01. */
export function withStartCodes(sample: Uint8Array): Uint8Array {
  const out = new Uint8Array(sample);
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  for (let at = 0; at + 4 <= sample.length;) {
    const length = view.getUint32(at);
    out.set([0, 0, 0, 1], at);
    at += 4 + length;
  }
  return out;
}
