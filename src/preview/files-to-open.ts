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
  /** The wall-clock time that is shown first, milliseconds since 1970. Default: the start. */
  readonly atMs?: number;
  /** Ends the opening. */
  readonly signal?: AbortSignal;
}
