/** Lets the browser fetch a URL as a file. @param name what it suggests; what stands for folders in it becomes dashes */
export function saveUrl(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName(name);
  link.click();
}

/** Saves bytes that are at hand, as `saveUrl` does. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  saveUrl(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A text as the name of a file. */
export function fileName(text: string): string {
  return text.replaceAll(/[:/\\]/g, "-");
}
