/** Pictures that the page decodes by itself. */
import { encodeStreamPath } from "../../base/stream-path.ts";
import { readSegments } from "../playlist.ts";
import { ask, timesOf } from "./api.ts";

/** So long a picture is waited for: some browsers decode nothing of what is not played. */
const PATIENCE_MS = 3000;

/** The browser lacks the codec, or shows nothing of it. */
export class Undecodable extends Error {}

/**
 * The last sync sample of a stream up to a time, as JPEG.
 * @param width pixels
 * @throws Refused as the playlist is; Undecodable
 */
export async function syncPicture(streamPath: string, timeMs: number, width: number): Promise<Blob> {
  const url = new URL(
    `/mp4/hls/${encodeStreamPath(streamPath)}/iframes.m3u8?${timesOf(timeMs, timeMs + 1)}`,
    location.href,
  );
  const { inits, segments } = readSegments(await (await ask(url.href)).text(), url.href);
  const segment = segments.findLast(({ startMs }) => startMs <= timeMs) ?? segments[0];
  const urls = segment === undefined ? [] : [inits[segment.init]?.url ?? "", segment.url];
  return firstPicture(new Blob(await Promise.all(urls.map(async (part) => (await ask(part)).blob()))), width);
}

/** The picture that an MP4 begins with, as JPEG. @param width pixels @throws Undecodable */
export async function firstPicture(movie: Blob, width: number): Promise<Blob> {
  const url = URL.createObjectURL(movie);
  const video = document.createElement("video");
  try {
    await new Promise((resolve, reject) => {
      const fail = (): void => reject(new Undecodable("The browser cannot decode this picture."));
      video.requestVideoFrameCallback(resolve); // at "loadeddata" some are black still
      video.addEventListener("error", fail);
      setTimeout(fail, PATIENCE_MS);
      Object.assign(video, { muted: true, preload: "auto", src: url });
    });
    const height = Math.max(1, Math.round((width * video.videoHeight) / Math.max(1, video.videoWidth)));
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")?.drawImage(video, 0, 0, width, height);
    return await canvas.convertToBlob({ type: "image/jpeg" });
  } finally {
    video.removeAttribute("src");
    video.load(); // lets go of the decoder
    URL.revokeObjectURL(url);
  }
}
