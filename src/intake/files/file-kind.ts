import { BoxcarError } from "../../base/errors.ts";
import { mediaType, mediaTypeOfEnding, type MediaType } from "../../base/media-types.ts";

/** How many of a file's first bytes tell what it is. */
export const HEAD_SIZE = 4100;

/** What a file is, from its bytes. */
export interface FileKind {
  /** Media type to serve it under. */
  readonly contentType: string;
  /** Ending of its name, with the dot. */
  readonly ending: string;
  /** Made of ISO base media boxes: it can be indexed. */
  readonly movie: boolean;
}

/** Names of file-type for types that have another one here. */
const alike: Readonly<Record<string, string>> = {
  "video/x-m4v": "video/mp4",
  "audio/x-m4a": "audio/mp4",
  "audio/ogg; codecs=opus": "audio/ogg",
};

/** Documents of old Office versions are told apart by their names alone; the bytes say that they are of that family. */
const compound: readonly string[] = ["doc", "xls", "ppt"];

/**
 * Finds out what a file is from its first bytes; what its sender says of it is not believed.
 * @param head the first `HEAD_SIZE` bytes, or the whole file when it is shorter
 * @param name the sender's name for it, shown in a refusal
 * @throws BoxcarError `unsupported_type` (415)
 */
export async function kindOf(head: Uint8Array, name: string): Promise<FileKind> {
  const mime = (await detected(head)) ?? "";
  const [, ending = ""] = /\.([a-z]+)$/i.exec(name) ?? [];
  const type =
    mime === "application/x-cfb" && compound.includes(ending.toLowerCase())
      ? mediaTypeOfEnding(ending)
      : mediaType(alike[mime] ?? mime);
  if (type !== undefined) return kindOfRow(type);
  const found = mime === "" ? "nothing known" : mime;
  const message = `${JSON.stringify(name.slice(0, 100))} is of no type that is taken: its bytes show ${found}. Upload an image, audio, a video, a PDF or an Office document.`;
  throw new BoxcarError("unsupported_type", message, { found: mime });
}

/**
 * What a file of a media type would be, before its bytes are known.
 * @throws BoxcarError `unsupported_type` (415)
 */
export function kindOfType(contentType: string): FileKind {
  const type = mediaType(contentType);
  if (type !== undefined) return kindOfRow(type);
  const message = `Files of the type ${JSON.stringify(contentType.slice(0, 100))} are not taken. Upload an image, audio, a video, a PDF or an Office document.`;
  throw new BoxcarError("unsupported_type", message, { found: contentType });
}

function kindOfRow({ contentType, ending, movie }: MediaType): FileKind {
  return { contentType, ending: `.${ending}`, movie };
}

/** Whether a browser may show files of a type in its own window: pictures, sound and video, nothing it would execute. */
export function mayShow(contentType: string): boolean {
  return /^(?:image|audio|video)\//.test(contentType) && contentType !== "image/svg+xml";
}

async function detected(head: Uint8Array): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await import("file-type/core");
  try {
    return (await fileTypeFromBuffer(head))?.mime;
  } catch {
    return undefined; // bytes that its parsers give up on are of no known type
  }
}
