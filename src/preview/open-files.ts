import type { FileOutput, OutputOptions, RecordedFiles } from "./recorded-files.ts";

export type { FileOutput, OutputOptions, RecordedFiles };

/** A file to open: one that the user chose, or the URL of one. */
export interface FileToOpen {
  /** A URL is read by ranges (RFC 9110 section 14): its server has to allow this page to (CORS). */
  readonly file: Blob | string;
  /** When it starts, milliseconds since 1970. Given for all files or for none. */
  readonly startMs?: number;
}

/** How files are opened. */
export interface OpenFilesOptions {
  /** The WebAssembly module, or where it is. Default: `boxcar.wasm` beside this script. */
  readonly wasm?: WebAssembly.Module | string | URL;
  /** Ends the opening. */
  readonly signal?: AbortSignal;
}

/**
 * Opens MP4 files in the browser, without any server: as one recording that is played (`player.open`) and cut (`output`).
 *
 * Without starts given, each file starts when it states that it was recorded, where all state it, none overlaps another and
 * all are of one day; else they follow one another in the order given, from 1970 on.
 * @throws Error naming the file, with a sentence for the viewer
 *
 * @example
 * const files = await openFiles(input.files);
 * await player.open(files);
 */
export async function openFiles(
  files: Iterable<Blob | string | FileToOpen>,
  options: OpenFilesOptions = {},
): Promise<RecordedFiles> {
  // WebAssembly, and what calls it, come only where files are opened.
  const { RecordedFiles } = await import("./recorded-files.ts");
  return RecordedFiles.open(
    [...files].map((file) => (typeof file === "string" || file instanceof Blob ? { file } : file)),
    options,
  );
}
