import type { FileToOpen, OpenFilesOptions } from "./files-to-open.ts";
import type { FileOutput, OutputOptions } from "./file-output.ts";
import type { RecordedFiles } from "./recorded-files.ts";

export type { FileOutput, FileToOpen, OpenFilesOptions, OutputOptions, RecordedFiles };

/**
 * Opens MP4 files in the browser, without any server: as one recording that is played (`player.open`) and cut (`output`).
 *
 * Without starts given, each file starts when it states that it was recorded, where all state it, none overlaps another and
 * all are of one day; else they follow one another in the order given, from 1970 on.
 *
 * Resolves once the file is indexed that is shown first: `whole` of the recording resolves once all are.
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
  const module = moduleOf(options.wasm);
  module.catch(() => undefined); // is told where it is awaited
  const { RecordedFiles } = await import("./recorded-files.ts");
  return RecordedFiles.open(
    [...files].map((file) => (typeof file === "string" || file instanceof Blob ? { file } : file)),
    module,
    options,
  );
}

async function moduleOf(wasm: OpenFilesOptions["wasm"]): Promise<WebAssembly.Module> {
  if (wasm instanceof WebAssembly.Module) return wasm;
  const url = wasm ?? new URL("./boxcar.wasm", import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${String(url)}: the server answers ${response.status}.`);
  return WebAssembly.compile(await response.arrayBuffer());
}
