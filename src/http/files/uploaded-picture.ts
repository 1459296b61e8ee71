import type { Upload } from "../../catalog/upload-rows.ts";
import { storeOf } from "../../intake/files/receive-file.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Turn } from "../../base/fair-queue.ts";
import { ossDecodes, readOssSnapshot } from "../../pictures/oss-snapshot.ts";
import type { Picture } from "../../pictures/pictures.ts";
import type { Video } from "../../pictures/videos.ts";
import type { AppContext } from "../context.ts";

/** Seconds for which a link to a picture that the store makes is valid. */
const LINK_SECONDS = 300;

/** An uploaded file as a video. @throws BoxcarError as `Videos.open` does, `not_available` (501) without its store */
export function uploadedVideo({ uploads, catalog, videos }: AppContext, upload: Upload): Promise<Video> {
  const { id, area, key, etag, size } = upload;
  const store = storeOf(uploads, area);
  const file = {
    key: `${area}/${key}`,
    etag,
    size,
    read: (span: { offset: number; length: number }) => store.get(key, span, etag),
  };
  return videos.open(file, () => catalog.uploads.indexOf(id));
}

/**
 * What `x-oss-process` asks of an uploaded file: the picture, or where OSS itself gives it when the file lies there.
 * @throws BoxcarError `bad_process` (400), and as `uploadedVideo` and `Pictures.still` do
 */
export async function processed(
  context: AppContext,
  upload: Upload,
  process: string,
  turn: Turn,
): Promise<{ readonly location: string } | Picture> {
  const { timeMs, seek, shape } = readOssSnapshot(process);
  if (!upload.contentType.startsWith("video/")) {
    const message = "video/snapshot takes a picture of a video; this file is none.";
    throw new BoxcarError("no_picture", message, { contentType: upload.contentType });
  }
  const { presign } = storeOf(context.uploads, upload.area);
  if (presign?.process !== undefined && ossDecodes(upload.media?.codecs ?? "")) {
    return { location: (await presign.process(upload.key, process, LINK_SECONDS)).url };
  }
  const video = await uploadedVideo(context, upload);
  return context.pictures.still({ video, atMs: timeMs }, shape, seek, turn);
}
