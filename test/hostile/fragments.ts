/** Fragmented MP4 built box by box (ISO/IEC 14496-12 clause 8.8), with places for damage. */
import { box, bytes, fullBox, u16, u32, u64, zeros } from "../support/boxes.ts";
import { audioEntry, videoEntry } from "../support/movie.ts";

export interface RunSample {
  readonly size?: number;
  readonly duration?: number;
  readonly flags?: number;
  readonly offset?: number;
}

const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** An init segment with a video track 1 and an audio track 2. */
export function initSegment(...extras: readonly Uint8Array[]): Uint8Array {
  const track = (id: number, handler: "vide" | "soun", entry: Uint8Array): Uint8Array =>
    box(
      "trak",
      fullBox("tkhd", 0, 3, u32(0, 0, id, 0, 0), zeros(8), u16(0, 0, 0, 0), MATRIX, u32(0, 0)),
      box(
        "mdia",
        fullBox("mdhd", 0, 0, u32(0, 0, id === 1 ? 12_800 : 8000, 0), u16(0x55c4, 0)),
        fullBox("hdlr", 0, 0, zeros(4), handler, zeros(12), "\0"),
        box(
          "minf",
          handler === "vide" ? fullBox("vmhd", 0, 1, zeros(8)) : fullBox("smhd", 0, 0, zeros(4)),
          box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
          box(
            "stbl",
            fullBox("stsd", 0, 0, u32(1), entry),
            fullBox("stts", 0, 0, u32(0)),
            fullBox("stsc", 0, 0, u32(0)),
            fullBox("stsz", 0, 0, u32(0, 0)),
            fullBox("stco", 0, 0, u32(0)),
          ),
        ),
      ),
    );
  return bytes(
    box("ftyp", "iso5", u32(512), "iso5iso6mp41"),
    box(
      "moov",
      fullBox("mvhd", 0, 0, u32(0, 0, 1000, 0, 0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(3)),
      track(1, "vide", videoEntry("av01", 64, 48, box("av1C", new Uint8Array([0x81, 0, 0, 0])))),
      track(2, "soun", audioEntry("ulaw", 1, 8000)),
      box("mvex", trex(1, 512, 0, 0x101_0000), trex(2, 1, 1, 0x200_0000)),
      ...extras,
    ),
  );
}

function trex(id: number, duration: number, size: number, flags: number): Uint8Array {
  return fullBox("trex", 0, 0, u32(id, 1, duration, size, flags));
}

export const tfhd = (id: number, flags = 0x2_0000, ...fields: readonly Uint8Array[]): Uint8Array =>
  fullBox("tfhd", 0, flags, u32(id), ...fields);

export const tfdt = (dts: number | bigint): Uint8Array => fullBox("tfdt", 1, 0, u64(dts));

/** A run whose samples have a duration, size, flags and composition offset each. */
export function trun(dataOffset: number, samples: readonly RunSample[]): Uint8Array {
  const fields = samples.map(({ duration = 512, size = 10, flags = 0x101_0000, offset = 0 }) =>
    u32(duration, size, flags, offset),
  );
  return fullBox("trun", 1, 0xf01, u32(samples.length, dataOffset), ...fields);
}

/** A fragment: `moof` from its track fragments, told where `mdat`'s payload starts, and `mdat`. */
export function fragment(
  media: Uint8Array,
  sequence: number,
  ...trafs: readonly ((dataOffset: number) => Uint8Array)[]
): Uint8Array {
  const moof = (dataOffset: number): Uint8Array =>
    box("moof", fullBox("mfhd", 0, 0, u32(sequence)), ...trafs.map((traf) => box("traf", traf(dataOffset))));
  return bytes(moof(moof(0).length + 8), box("mdat", media));
}

/** A run whose samples have no field of their own. */
export function fullRun(dataOffset: number, samples: number): Uint8Array {
  return fullBox("trun", 0, 1, u32(samples, dataOffset));
}
