import type { FileOutput } from "../open-files.ts";
import { fileName, saveBlob, saveUrl } from "../save.ts";
import { share, token } from "./api.ts";

/** Larger files than this are written where the viewer says, as they are made, where the browser can do that. Bytes. */
const HELD = 256 << 20;

/** Files that a browser fetches by itself, which can send no token: they go by signed links then. */

/** A path that the browser may follow. @throws Refused as `share` does */
async function followable(path: string): Promise<string> {
  return token() === undefined ? path : (await share(path, "10m")).url;
}

/** Lets the browser save a file. @param name what it suggests */
export async function download(path: string, name: string): Promise<void> {
  saveUrl(await followable(path), name);
}

/** Lets the viewer choose where to write a file; only some browsers have it. */
interface SavePicker {
  readonly showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/** Files in the order of their names: recorders name them by time. */
export function inNameOrder(files: readonly File[]): File[] {
  return files.toSorted((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** All of what is made in the page. */
export function blobOf(output: FileOutput): Promise<Blob> {
  return new Response(output.stream(), { headers: { "Content-Type": "video/mp4" } }).blob();
}

/** Saves what is made in the page. @param name what is suggested */
export async function save(output: FileOutput, name: string): Promise<void> {
  const picker = (window as SavePicker).showSaveFilePicker;
  if (output.size > HELD && picker !== undefined) {
    const file = await picker.call(window, { suggestedName: fileName(name) });
    return output.stream().pipeTo(await file.createWritable());
  }
  saveBlob(await blobOf(output), name);
}
