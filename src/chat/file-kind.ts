import { BoxcarError } from "../errors.ts";

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

type Taken = readonly [contentType: string, ending: string, movie?: "movie"];

/** What is taken, by the media type that file-type finds. None of it can hold script that a browser would run inline. */
const taken: Readonly<Record<string, Taken>> = {
  "image/jpeg": ["image/jpeg", ".jpg"],
  "image/png": ["image/png", ".png"],
  "image/apng": ["image/apng", ".png"],
  "image/gif": ["image/gif", ".gif"],
  "image/webp": ["image/webp", ".webp"],
  "image/bmp": ["image/bmp", ".bmp"],
  "image/avif": ["image/avif", ".avif"],
  "image/heic": ["image/heic", ".heic"],
  "image/heif": ["image/heif", ".heif"],
  "video/mp4": ["video/mp4", ".mp4", "movie"],
  "video/x-m4v": ["video/mp4", ".mp4", "movie"],
  "video/quicktime": ["video/quicktime", ".mov", "movie"],
  "video/3gpp": ["video/3gpp", ".3gp", "movie"],
  "video/webm": ["video/webm", ".webm"],
  "video/matroska": ["video/matroska", ".mkv"],
  "audio/mpeg": ["audio/mpeg", ".mp3"],
  "audio/mp4": ["audio/mp4", ".m4a", "movie"],
  "audio/x-m4a": ["audio/mp4", ".m4a", "movie"],
  "audio/aac": ["audio/aac", ".aac"],
  "audio/amr": ["audio/amr", ".amr"],
  "audio/wav": ["audio/wav", ".wav"],
  "audio/flac": ["audio/flac", ".flac"],
  "audio/ogg": ["audio/ogg", ".ogg"],
  "audio/ogg; codecs=opus": ["audio/ogg", ".ogg"],
  "application/pdf": ["application/pdf", ".pdf"],
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": [
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".docx",
  ],
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": [
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsx",
  ],
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": [
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".pptx",
  ],
};

/** Documents of old Office versions are told apart by their names alone; the bytes say that they are of that family. */
const compound: Readonly<Record<string, Taken>> = {
  ".doc": ["application/msword", ".doc"],
  ".xls": ["application/vnd.ms-excel", ".xls"],
  ".ppt": ["application/vnd.ms-powerpoint", ".ppt"],
};

/**
 * Finds out what a file is from its first bytes; what its sender says of it is not believed.
 * @param head the first `HEAD_SIZE` bytes, or the whole file when it is shorter
 * @param name the sender's name for it, shown in a refusal
 * @throws BoxcarError `unsupported_type` (415)
 */
export async function kindOf(head: Uint8Array, name: string): Promise<FileKind> {
  const mime = (await detected(head)) ?? "";
  const [contentType, ending, movie] =
    (mime === "application/x-cfb" ? compound[/\.[a-z]+$/i.exec(name)?.[0].toLowerCase() ?? ""] : taken[mime]) ?? [];
  if (contentType !== undefined && ending !== undefined) return { contentType, ending, movie: movie === "movie" };
  const found = mime === "" ? "nothing known" : mime;
  const message = `${JSON.stringify(name.slice(0, 100))} is of no type that is taken: its bytes show ${found}. Upload an image, audio, a video, a PDF or an Office document.`;
  throw new BoxcarError("unsupported_type", 415, message, { found: mime });
}

/**
 * What a file of a media type would be, before its bytes are known.
 * @throws BoxcarError `unsupported_type` (415)
 */
export function kindOfType(contentType: string): FileKind {
  const found = Object.values({ ...taken, ...compound }).find(([type]) => type === contentType);
  if (found !== undefined) return { contentType: found[0], ending: found[1], movie: found[2] === "movie" };
  const message = `Files of the type ${JSON.stringify(contentType.slice(0, 100))} are not taken. Upload an image, audio, a video, a PDF or an Office document.`;
  throw new BoxcarError("unsupported_type", 415, message, { found: contentType });
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
