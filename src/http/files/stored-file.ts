import type { Upload } from "../../catalog/upload-rows.ts";
import { ossDecodes } from "../../pictures/oss-snapshot.ts";
import type { AppContext } from "../context.ts";
import * as z from "../schema/zod.ts";

/** How replies of the chat front end show an uploaded file. */

/** What an uploaded movie is made of. */
export const mediaSchema = z
  .object({
    width: z.int().openapi({ description: "Pixels as presented, 0 without video." }),
    height: z.int(),
    duration: z.number().openapi({ description: "Seconds.", example: 12.48 }),
    codecs: z.string().openapi({ description: "RFC 6381.", example: "avc1.64001f,mp4a.40.2" }),
  })
  .openapi("UploadedMedia");

/** A file in the store. */
export const storedFile = z
  .object({
    url: z.string(),
    path: z.string().openapi({ example: "images/20260131/1769860800250_0123456789ab.png" }),
    image_class_id: z.int(),
    create_time: z.int().openapi({ description: "Seconds since 1970." }),
    media: mediaSchema.optional().openapi({ description: "What an MP4 is made of." }),
    cover: z.string().optional().openapi({ description: "The first picture of a video." }),
  })
  .openapi("StoredFile");

/**
 * A file in the store as replies show it.
 * @param origin of this server as its client sees it, for URLs below it
 */
export function storedFileOf(upload: Upload, context: AppContext, origin: string): z.infer<typeof storedFile> {
  const url = fileUrl(context, upload.key, origin);
  return {
    url,
    path: upload.key,
    image_class_id: upload.imageClassId,
    create_time: Math.floor(upload.createdMs / 1000),
    ...mediaOf(upload),
    ...(hasCover(upload, context) ? { cover: `${url}?x-oss-process=video/snapshot,t_0,f_jpg` } : {}),
  };
}

/** The URL of a file in the store. @param origin as `storedFileOf` has it */
export function fileUrl({ config }: AppContext, key: string, origin: string): string {
  return `${config.uploads.filesUrl ?? `${origin}/files`}/${key}`;
}

/**
 * Whether the URL of a file gives its first picture. OSS makes it of what it decodes, else this server of the rest, but only
 * below its own URL: what stands before a bucket of another kind makes none.
 */
function hasCover({ media }: Upload, { uploads, decoder, config }: AppContext): boolean {
  if (media === undefined || media.width === 0) return false;
  if (uploads.areas.store?.presign?.process !== undefined && ossDecodes(media.codecs)) return true;
  const comesHere = config.uploads.filesUrl === undefined || config.store.driver === "file";
  return comesHere && decoder !== undefined;
}

/** What an upload is made of, as the field `media` of a reply that has one. */
export function mediaOf({ media }: Upload): { media?: z.infer<typeof mediaSchema> } {
  return media === undefined ? {} : { media };
}

/** Where a public file is to be had, as a path on this server. */
export function publicUrl({ key }: Upload): string {
  return `/public/uploads/${key}`;
}
