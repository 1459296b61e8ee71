/** A media type that boxcar takes in, and the ending of names, without a dot, that stands for it. */
export interface MediaType {
  readonly contentType: string;
  readonly ending: string;
  /** Made of ISO base media boxes: it can be indexed. */
  readonly movie: boolean;
}

type Row = readonly [contentType: string, ending: string, movie?: "movie"];

const office = "application/vnd.openxmlformats-officedocument";

/**
 * All types that are taken; where an ending or a type stands twice, the first row is meant. None of them can hold script that a
 * browser would run inline.
 */
const rows: readonly Row[] = [
  ["image/jpeg", "jpg"],
  ["image/png", "png"],
  ["image/apng", "png"],
  ["image/gif", "gif"],
  ["image/webp", "webp"],
  ["image/bmp", "bmp"],
  ["image/avif", "avif"],
  ["image/heic", "heic"],
  ["image/heif", "heif"],
  ["video/mp4", "mp4", "movie"],
  ["video/quicktime", "mov", "movie"],
  ["video/3gpp", "3gp", "movie"],
  ["video/webm", "webm"],
  ["video/matroska", "mkv"],
  ["audio/mpeg", "mp3"],
  ["audio/mp4", "m4a", "movie"],
  ["audio/aac", "aac"],
  ["audio/amr", "amr"],
  ["audio/wav", "wav"],
  ["audio/flac", "flac"],
  ["audio/ogg", "ogg"],
  ["application/pdf", "pdf"],
  [`${office}.wordprocessingml.document`, "docx"],
  [`${office}.spreadsheetml.sheet`, "xlsx"],
  [`${office}.presentationml.presentation`, "pptx"],
  ["application/msword", "doc"],
  ["application/vnd.ms-excel", "xls"],
  ["application/vnd.ms-powerpoint", "ppt"],
];

const types: readonly MediaType[] = rows.map(([contentType, ending, movie]) => ({
  contentType,
  ending,
  movie: movie === "movie",
}));

/** The row of a media type; undefined when it is not taken. */
export function mediaType(contentType: string): MediaType | undefined {
  return types.find((type) => type.contentType === contentType);
}

/** The row of an ending, without a dot and of any case; undefined when it is not known. */
export function mediaTypeOfEnding(ending: string): MediaType | undefined {
  const known = ending.toLowerCase();
  return types.find((type) => type.ending === known);
}
