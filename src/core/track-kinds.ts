import { Code, TrackFlag } from "./wasm/abi/names.ts";

/** What tells whether a player can follow from one sample entry to the next: the codec without its parameters. */
export function codecFamily(codec: string): string {
  const [name = codec, object, audio] = codec.split(".");
  // `mp4a` and `mp4v` only say that an object type follows (RFC 6381 section 3.3); MPEG-4 audio also holds MP3.
  if (name === "mp4a" || name === "mp4v") return audio === "34" ? "mp4a.6b" : `${name}.${object?.toLowerCase() ?? ""}`;
  // In-band and out-of-band parameter sets are the same codec (ISO/IEC 14496-15).
  return name.replace(/^avc[13]$/, "avc1").replace(/^(hvc1|hev1)$/, "hvc1");
}

/** Whether a track is video, which decides about cuts and joins. */
export function isVideo(track: { readonly handler: number }): boolean {
  return track.handler === Code.vide;
}

/** Whether decoding begins at sync samples only: that of video, and of sound such as xHE-AAC. */
export function needsSync(track: { readonly handler: number; readonly flags: number }): boolean {
  return isVideo(track) || (isAudio(track) && (track.flags & TrackFlag.AllSync) === 0);
}

/** Whether a track is text: subtitles, captions, or titles of chapters. */
export function isText({ handler }: { readonly handler: number }): boolean {
  return handler === Code.text || handler === Code.sbtl || handler === Code.subt;
}

/** Whether a track is audio. */
export function isAudio(track: { readonly handler: number }): boolean {
  return track.handler === Code.soun;
}

const WITHOUT_FRAMES = new Set("flac alac ulaw alaw sowt twos lpcm ipcm fpcm in24 in32 fl32 fl64 raw NONE".split(" "));

/**
 * Whether a sample of sound decodes to what it is stated to last, also when that is less than others last: PCM, and lossless
 * codecs. Other codecs fill up the last one.
 * @param codec RFC 6381
 */
export function decodesAsStated(codec: string): boolean {
  return WITHOUT_FRAMES.has(codec.trim());
}
