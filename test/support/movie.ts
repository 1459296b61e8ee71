/** Whole MP4 files built box by box (ISO/IEC 14496-12), each detail of the sample tables at the test's choice. */
import { box, bytes, fullBox, largeBox, u16, u32, u64, u8, zeros } from "./boxes.ts";

export interface MovieSample {
  readonly data: Uint8Array;
  /** Ticks of the track's timescale. */
  readonly duration: number;
  /** Composition offset in ticks; may be negative. Default 0. */
  readonly offset?: number;
  /** Default true. */
  readonly sync?: boolean;
  /** Index into `entries`, from 1. Default 1. */
  readonly entry?: number;
}

export interface MovieTrack {
  readonly handler: "vide" | "soun" | "text" | "meta" | "hint" | "tmcd";
  readonly timescale: number;
  /** Sample entries as whole boxes (`videoEntry`, `audioEntry`, or anything). */
  readonly entries: readonly Uint8Array[];
  readonly samples: readonly MovieSample[];
  /** Samples in each chunk, the last value repeated; a chunk also ends where the entry changes. Default [1]. */
  readonly chunks?: readonly number[];
  /** Which box holds the sizes; 4, 8 and 16 are field sizes of `stz2`, "constant" is `stsz` with one size. Default "stsz". */
  readonly sizes?: "stsz" | "constant" | 4 | 8 | 16;
  /** Default "stco". */
  readonly offsets?: "stco" | "co64";
  /** Version of `ctts`, left out when no sample has an offset. Default 1. */
  readonly cttsVersion?: 0 | 1;
  /** Edits as [duration in movie ticks, media time (-1: empty)]. Default none. */
  readonly edits?: readonly (readonly [duration: number, mediaTime: number])[];
  readonly editVersion?: 0 | 1;
  /** Width and height of `tkhd`. */
  readonly size?: readonly [width: number, height: number];
  /** More boxes at the end of `stbl`. */
  readonly tableExtras?: readonly Uint8Array[];
  /** Flags of `tkhd`. Default 3: enabled, in the movie. */
  readonly flags?: number;
  /** Default 0. */
  readonly alternateGroup?: number;
  /** Name of the handler. Default none. */
  readonly name?: string;
  /** Instead of the usual media information header. */
  readonly information?: Uint8Array;
  /** More boxes at the end of `trak`. */
  readonly extras?: readonly Uint8Array[];
}

export interface Movie {
  readonly tracks: readonly MovieTrack[];
  /** Movie timescale. Default 1000. */
  readonly timescale?: number;
  /** More boxes at the end of `moov`. */
  readonly extras?: readonly Uint8Array[];
  /** Default "first". */
  readonly moov?: "first" | "last";
  /** How the size of `mdat` is stated; "rest" is size 0, which only a last box may have. Default "exact". */
  readonly mdat?: "exact" | "large" | "rest";
  /** `mvhd` of version 1 with this creation time, seconds since 1904. Default: version 0, not stated. */
  readonly creationTime?: bigint;
  /** Added to every chunk offset, as if this many bytes lay before the media (see `sparse`). Default 0. */
  readonly shift?: number;
  /** Nine numbers of `mvhd`. Default: unity. */
  readonly matrix?: Uint8Array;
}

/** A built file and where its parts lie. */
export interface BuiltMovie {
  readonly file: Uint8Array<ArrayBuffer>;
  /** Offset of the first media byte in `file`, `shift` not counted. */
  readonly mediaOffset: number;
  /** Per track, per sample: offset in `file`, `shift` not counted. */
  readonly sampleOffsets: readonly (readonly number[])[];
}

/** A visual sample entry with one configuration box. */
export function videoEntry(
  fourcc: string,
  width: number,
  height: number,
  ...config: readonly Uint8Array[]
): Uint8Array {
  const density = u32(0x480000, 0x480000);
  return box(
    fourcc,
    zeros(6),
    u16(1),
    zeros(16),
    u16(width, height),
    density,
    zeros(4),
    u16(1),
    zeros(32),
    u16(24, -1),
    ...config,
  );
}

/** An audio sample entry with one configuration box. @param rate Hz, below 65536 */
export function audioEntry(
  fourcc: string,
  channels: number,
  rate: number,
  ...config: readonly Uint8Array[]
): Uint8Array {
  return box(fourcc, zeros(6), u16(1), zeros(8), u16(channels, 16), zeros(4), u32(rate * 65536), ...config);
}

interface Chunk {
  readonly samples: readonly MovieSample[];
  readonly entry: number;
}

function chunksOf(track: MovieTrack): Chunk[] {
  const sizes = track.chunks ?? [1];
  const chunks: { samples: MovieSample[]; entry: number }[] = [];
  for (const sample of track.samples) {
    const entry = sample.entry ?? 1;
    const last = chunks.at(-1);
    const limit = sizes[Math.min(chunks.length, sizes.length) - 1] ?? 1;
    if (last?.entry === entry && last.samples.length < limit) last.samples.push(sample);
    else chunks.push({ samples: [sample], entry });
  }
  return chunks;
}

/** Runs of equal values as [count, value]. */
function runs(values: readonly number[]): [count: number, value: number][] {
  const out: [number, number][] = [];
  for (const value of values) {
    const last = out.at(-1);
    if (last?.[1] === value) last[0]++;
    else out.push([1, value]);
  }
  return out;
}

function sizeTable(track: MovieTrack): Uint8Array {
  const sizes = track.samples.map(({ data }) => data.length);
  const kind = track.sizes ?? "stsz";
  if (kind === "stsz") return fullBox("stsz", 0, 0, u32(0, sizes.length, ...sizes));
  if (kind === "constant") return fullBox("stsz", 0, 0, u32(sizes[0] ?? 0, sizes.length));
  const packed = kind === 16 ? u16(...sizes) : kind === 8 ? u8(...sizes) : nibbles(sizes);
  return fullBox("stz2", 0, 0, zeros(3), u8(kind), u32(sizes.length), packed);
}

function nibbles(values: readonly number[]): Uint8Array {
  return Uint8Array.from(
    { length: Math.ceil(values.length / 2) },
    (_, i) => ((values[2 * i] ?? 0) << 4) | (values[2 * i + 1] ?? 0),
  );
}

function sampleTable(track: MovieTrack, chunks: readonly Chunk[], offsets: readonly number[]): Uint8Array {
  const { samples } = track;
  const durations = runs(samples.map(({ duration }) => duration));
  const compositions = runs(samples.map(({ offset }) => offset ?? 0));
  const syncs = samples.flatMap(({ sync }, i) => (sync === false ? [] : [i + 1]));
  const groups = chunks.flatMap(({ samples: inside, entry }, i) => {
    const before = chunks[i - 1];
    return before?.samples.length === inside.length && before.entry === entry ? [] : [i + 1, inside.length, entry];
  });
  return box(
    "stbl",
    fullBox("stsd", 0, 0, u32(track.entries.length), ...track.entries),
    fullBox("stts", 0, 0, u32(durations.length, ...durations.flat())),
    ...(compositions.some(([, value]) => value !== 0)
      ? [fullBox("ctts", track.cttsVersion ?? 1, 0, u32(compositions.length, ...compositions.flat()))]
      : []),
    ...(syncs.length < samples.length ? [fullBox("stss", 0, 0, u32(syncs.length, ...syncs))] : []),
    fullBox("stsc", 0, 0, u32(groups.length / 3, ...groups)),
    sizeTable(track),
    track.offsets === "co64"
      ? fullBox("co64", 0, 0, u32(offsets.length), u64(...offsets))
      : fullBox("stco", 0, 0, u32(offsets.length, ...offsets)),
    ...(track.tableExtras ?? []),
  );
}

const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

function trackBox(movie: Movie, track: MovieTrack, id: number, offsets: readonly number[]): Uint8Array {
  const ticks = track.samples.reduce((sum, { duration }) => sum + duration, 0);
  const inMovie = Math.round((ticks * (movie.timescale ?? 1000)) / track.timescale);
  const [width, height] = track.size ?? [0, 0];
  const volume = track.handler === "soun" ? 0x100 : 0;
  const header = {
    vide: fullBox("vmhd", 0, 1, zeros(8)),
    soun: fullBox("smhd", 0, 0, zeros(4)),
    other: fullBox("nmhd", 0, 0),
  };
  const usual = track.handler === "vide" || track.handler === "soun" ? track.handler : "other";
  const version = track.editVersion ?? 0;
  const edits = (track.edits ?? []).map(([duration, mediaTime]) =>
    bytes(version === 1 ? u64(duration, mediaTime) : u32(duration, mediaTime), u16(1, 0)),
  );
  return box(
    "trak",
    fullBox(
      "tkhd",
      0,
      track.flags ?? 3,
      u32(0, 0, id, 0, inMovie),
      zeros(8),
      u16(0, track.alternateGroup ?? 0, volume, 0),
      MATRIX,
      u32(width * 65536, height * 65536),
    ),
    ...(edits.length > 0 ? [box("edts", fullBox("elst", version, 0, u32(edits.length), ...edits))] : []),
    box(
      "mdia",
      fullBox("mdhd", 0, 0, u32(0, 0, track.timescale, ticks), u16(0x55c4, 0)),
      fullBox("hdlr", 0, 0, zeros(4), track.handler, zeros(12), `${track.name ?? ""}\0`),
      box(
        "minf",
        track.information ?? header[usual],
        box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
        sampleTable(track, chunksOf(track), offsets),
      ),
    ),
    ...(track.extras ?? []),
  );
}

/** Builds the file: the tracks' chunks in turn (first of each, second of each, …) in one `mdat`. */
export function buildMovie(movie: Movie): BuiltMovie {
  const chunks = movie.tracks.map(chunksOf);
  const order: { track: number; chunk: Chunk }[] = [];
  for (let turn = 0; chunks.some((list) => turn < list.length); turn++) {
    for (const [track, list] of chunks.entries()) {
      const chunk = list[turn];
      if (chunk !== undefined) order.push({ track, chunk });
    }
  }
  const media = bytes(...order.flatMap(({ chunk }) => chunk.samples.map(({ data }) => data)));
  const mdat = { exact: box("mdat", media), large: largeBox("mdat", media), rest: bytes(u32(0), "mdat", media) }[
    movie.mdat ?? "exact"
  ];
  const ftyp = box("ftyp", "isom", u32(512), "isomiso2mp41");
  const layout = (mediaOffset: number): { moov: Uint8Array; sampleOffsets: number[][] } => {
    const chunkOffsets: number[][] = movie.tracks.map(() => []);
    const sampleOffsets: number[][] = movie.tracks.map(() => []);
    let at = mediaOffset;
    for (const { track, chunk } of order) {
      chunkOffsets[track]?.push(at + (movie.shift ?? 0));
      for (const { data } of chunk.samples) {
        sampleOffsets[track]?.push(at);
        at += data.length;
      }
    }
    const { creationTime, timescale = 1000 } = movie;
    const times =
      creationTime === undefined
        ? u32(0, 0, timescale, 0)
        : bytes(u64(creationTime, creationTime), u32(timescale), u64(0));
    const head = fullBox(
      "mvhd",
      creationTime === undefined ? 0 : 1,
      0,
      times,
      u32(0x10000),
      u16(0x100),
      zeros(10),
      movie.matrix ?? MATRIX,
      zeros(24),
      u32(movie.tracks.length + 1),
    );
    return {
      moov: box(
        "moov",
        head,
        ...movie.tracks.map((track, i) => trackBox(movie, track, i + 1, chunkOffsets[i] ?? [])),
        ...(movie.extras ?? []),
      ),
      sampleOffsets,
    };
  };
  const last = movie.moov === "last" && movie.mdat !== "rest";
  const mediaOffset = ftyp.length + (last ? 0 : layout(0).moov.length) + (mdat.length - media.length);
  const { moov, sampleOffsets } = layout(mediaOffset);
  return { file: last ? bytes(ftyp, mdat, moov) : bytes(ftyp, moov, mdat), mediaOffset, sampleOffsets };
}
