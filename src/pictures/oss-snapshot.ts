import { BoxcarError } from "../base/errors.ts";
import type { PictureShape } from "../base/ports.ts";
import type { Seek } from "./pictures.ts";

/** A snapshot as the query parameter `x-oss-process` of Aliyun OSS asks for it. */
export interface OssSnapshot {
  /** Milliseconds from the start of the video. Beyond its end: the last picture. */
  readonly timeMs: number;
  readonly seek: Seek;
  readonly shape: PictureShape;
}

/** Pixels a side at most. */
const LARGEST = 3840;
const ROTATIONS: Readonly<Record<string, PictureShape["rotation"]>> = {
  auto: "auto",
  h: "portrait",
  w: "landscape",
};

/**
 * Reads `video/snapshot,t_7000,f_jpg,w_800,h_600,m_fast,ar_auto`
 * (https://help.aliyun.com/zh/oss/user-guide/video-snapshots): `t` milliseconds; `w` and `h` pixels, 0 by the proportions
 * (both 0: as the video); `m_fast` the last sync sample up to `t`; `f` jpg (default) or png; `ar` turned as the video
 * says (`auto`), or so that it is higher (`h`) or wider (`w`).
 * @throws BoxcarError `bad_process` (400)
 */
export function readOssSnapshot(text: string): OssSnapshot {
  const [action, ...given] = text.split(",");
  if (action !== "video/snapshot") throw bad("only video/snapshot is done to files here");
  const values = new Map<string, string>();
  for (const parameter of given) {
    const [, name, value] = /^([a-z]+)_(\w+)$/.exec(parameter) ?? [];
    if (name === undefined || value === undefined || !["t", "w", "h", "m", "f", "ar"].includes(name))
      throw bad(`${JSON.stringify(parameter.slice(0, 32))} is none of its parameters`);
    if (values.has(name)) throw bad(`${name} is given twice`);
    values.set(name, value);
  }
  const digits = (name: string, most: number, fallback?: string): number => {
    const value = values.get(name) ?? fallback;
    if (value !== undefined && /^\d{1,13}$/.test(value) && Number(value) <= most) return Number(value);
    throw bad(`${name} has to be a whole number from 0 to ${most}`);
  };
  const format = values.get("f") ?? "jpg";
  if (format !== "jpg" && format !== "png") throw bad("f has to be jpg or png");
  const mode = values.get("m");
  if (mode !== undefined && mode !== "fast") throw bad("m has to be fast");
  const turn = values.get("ar");
  const rotation = turn === undefined ? "stored" : ROTATIONS[turn];
  if (rotation === undefined) throw bad("ar has to be auto, h or w");
  return {
    timeMs: digits("t", 1e12),
    seek: mode === "fast" ? "keyframe" : "exact",
    shape: { width: digits("w", LARGEST, "0"), height: digits("h", LARGEST, "0"), format, rotation },
  };
}

/** Whether OSS itself makes snapshots of a video: of H.264 and H.265 only. @param codecs RFC 6381, comma separated */
export function ossDecodes(codecs: string): boolean {
  return /(?:^|,)(?:avc|hvc|hev)/.test(codecs);
}

function bad(why: string): BoxcarError {
  const message = `x-oss-process: ${why}. Expected is for example video/snapshot,t_1000,f_jpg,w_800,h_0,m_fast.`;
  return new BoxcarError("bad_process", message, { parameters: ["x-oss-process"] });
}
