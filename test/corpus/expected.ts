/** What another implementation says the samples of a corpus file are. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parseDump, sampleHash, withStartCodes } from "../support/dump.ts";
import { ffprobe } from "../support/tools.ts";

/** One sample as it is compared: where its bytes lie and whether decoding can start there. */
export interface ListedSample {
  readonly offset: number;
  readonly size: number;
  readonly sync: boolean;
}

/** A sample as the other implementation lists it; several of ours may be one of its. */
export interface ExpectedSample {
  readonly size: number;
  readonly sync: boolean;
  matches(bytes: Uint8Array): boolean;
}

export interface ExpectedTrack {
  readonly id: number;
  readonly samples: readonly ExpectedSample[];
}

export interface Expectation {
  readonly by: "dump" | "ffprobe";
  readonly tracks: readonly ExpectedTrack[];
}

/**
 * The tracks of a file by its dump, else by ffprobe; undefined when neither can read it.
 * A dump cannot serve where its samples are not the file's bytes: of encrypted files it lists them with the key's
 * initialization vector in front.
 */
export async function expectationFor(file: string, protectedFile: boolean): Promise<Expectation | undefined> {
  const dump = `${file}.dump`;
  if (existsSync(dump) && !protectedFile) return { by: "dump", tracks: await fromDump(dump) };
  return fromFfprobe(file).then(
    (tracks) => ({ by: "ffprobe" as const, tracks }),
    () => undefined,
  );
}

async function fromDump(dump: string): Promise<ExpectedTrack[]> {
  const tracks = parseDump(await readFile(dump, "utf8"));
  // closed captions that were found inside of video samples have no track of their own in the file
  const own = tracks.filter(({ mimeType }) => mimeType !== "application/cea-608");
  return own.map(({ id, mimeType, samples }, i) => ({
    id: id === undefined ? i + 1 : Number(id),
    samples: samples.map(({ size, sync, hash }) => {
      const ac4 = mimeType === "audio/ac4"; // listed with a sync header of 7 bytes in front
      const matches = (bytes: Uint8Array): boolean =>
        sampleHash(ac4 ? withAc4Header(bytes) : bytes) === hash ||
        (mimeType.startsWith("video/") && sampleHash(withStartCodes(bytes)) === hash);
      return { size: ac4 ? size - 7 : size, sync, matches };
    }),
  }));
}

function withAc4Header(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  return Uint8Array.of(0xac, 0x40, 0xff, 0xff, (length >> 16) & 255, (length >> 8) & 255, length & 255, ...bytes);
}

interface Probed {
  readonly streams?: readonly { readonly index: number; readonly id?: string }[];
  readonly packets?: readonly {
    readonly stream_index: number;
    readonly size: string;
    readonly flags: string;
    readonly data_hash: string;
  }[];
}

async function fromFfprobe(file: string): Promise<ExpectedTrack[]> {
  const entries = "stream=index,id:packet=stream_index,size,flags,data_hash";
  const asked = ["-v", "quiet", "-ignore_editlist", "1", "-show_data_hash", "MD5", "-show_entries", entries];
  // it also fails for codecs it cannot decode, after listing all the same
  const listed = await ffprobe([...asked, "-of", "json", file]).catch((error: unknown) =>
    error instanceof Error && "stdout" in error ? String(error.stdout) : "",
  );
  const { streams = [], packets = [] } = JSON.parse(listed) as Probed;
  const tracks = streams.filter(({ id }) => Number(id) > 0); // a cover picture has no track
  return tracks.map(({ index, id }) => ({
    id: Number(id),
    samples: packets
      .filter(({ stream_index }) => stream_index === index)
      .map(({ size, flags, data_hash }) => ({
        size: Number(size),
        sync: flags.includes("K"),
        matches: (bytes) => `MD5:${createHash("md5").update(bytes).digest("hex")}` === data_hash,
      })),
  }));
}

/**
 * The first difference between the samples of our index and the expected ones, or undefined. Small samples of uncompressed
 * audio are listed by others many at a time: then ours must add up to theirs.
 */
export function difference(
  file: Uint8Array,
  ours: readonly ListedSample[],
  expected: readonly ExpectedSample[],
): string | undefined {
  let next = 0;
  for (const [i, sample] of expected.entries()) {
    const pieces: Uint8Array[] = [];
    let size = 0;
    const sync = ours[next]?.sync;
    do {
      const piece = ours[next];
      if (piece === undefined) return `sample ${i} of ${expected.length} is missing`;
      pieces.push(file.subarray(piece.offset, piece.offset + piece.size));
      size += piece.size;
      next++;
    } while (size < sample.size);
    if (size !== sample.size) return `sample ${i} has ${size} bytes, expected ${sample.size}`;
    if (sync !== sample.sync) return `sample ${i} is ${sync === true ? "a" : "no"} sync sample, expected the opposite`;
    if (!sample.matches(new Uint8Array(Buffer.concat(pieces)))) return `the bytes of sample ${i} differ`;
  }
  return next === ours.length ? undefined : `${ours.length - next} samples too many`;
}
