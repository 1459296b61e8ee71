/** The downloads that readers are tried on, and what each of them presents. */
import { RECORDED_AT, type StreamName } from "./streams.ts";

/** A stretch of the recording as an output presents it. Seconds; ends are exclusive. */
export interface Stretch {
  /** Where it begins in the output. */
  readonly at: number;
  /** The seconds of the recording. */
  readonly from: number;
  readonly to: number;
}

export interface Output {
  readonly name: string;
  readonly stream: StreamName;
  /** Seconds of the recording that are asked for. */
  readonly from: number;
  readonly to: number;
  /** Further parameters. Default "". */
  readonly query?: string;
  readonly pictures: readonly Stretch[];
  readonly sound: readonly Stretch[];
  /** Seconds. */
  readonly duration: number;
  /** Tracks beside picture and sound. Default 0. */
  readonly texts?: number;
}

export const FORMATS = ["mp4", "fmp4"] as const;
export type Format = (typeof FORMATS)[number];

/** One stretch of picture and sound. */
function one(name: string, stream: StreamName, from: number, to: number, rest: Partial<Output> = {}): Output {
  const stretch = { at: 0, from, to };
  return { name, stream, from, to, pictures: [stretch], sound: [stretch], duration: to - from, ...rest };
}

const before = { at: 0, from: 0, to: 4 };
const closed = [before, { at: 4, from: 7, to: 11 }];
const kept = [before, { at: 7, from: 7, to: 11 }];

export const OUTPUTS: readonly Output[] = [
  one("plain", "plain", 0, 12),
  one("frame cut", "plain", 1.32, 7.32),
  one("frame cut, edits=none", "plain", 1.32, 7.32, { query: "&edits=none" }),
  one("keyframe cut", "plain", 3.32, 8, {
    query: "&cut=keyframe",
    ...{ pictures: [{ at: 0, from: 2, to: 8 }], sound: [{ at: 0, from: 2, to: 8 }], duration: 6 },
  }),
  one("change in-band", "change", 0, 8),
  one("change as entries", "change", 0, 8, { query: "&changes=entries" }),
  one("gap closed", "gap", 0, 11, { pictures: closed, sound: closed, duration: 8 }),
  one("gap kept", "gap", 0, 11, { query: "&gaps=keep", pictures: kept, sound: kept }),
  one("late sound", "late", 0, 8, { sound: [{ at: 2, from: 2, to: 8 }] }),
  one("sound missing midway", "absent", 0, 10, { sound: [before, { at: 6, from: 6, to: 10 }] }),
  one("captions, chapters", "plain", 1.32, 7.32, { query: "&captions=clock&chapters=1", texts: 2 }),
  one("HEVC", "hevc", 1.32, 7.32),
  one("HEVC, edits=none", "hevc", 1.32, 7.32, { query: "&edits=none" }),
  one("Opus", "opus", 1.32, 7.32),
  one("PCM", "pcm", 1.32, 7.32),
  one("G.711", "g711", 1.32, 7.32),
  one("24 joints", "joints", 0, 25),
];

/** Where the server has an output. */
export function pathOf({ stream, from, to, query = "" }: Output, format: Format): string {
  return `/mp4/download/${stream}.${format}?start=${RECORDED_AT + from * 1000}&end=${RECORDED_AT + to * 1000}${query}`;
}
