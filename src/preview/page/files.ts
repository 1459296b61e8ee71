import { ask, share, token } from "./api.ts";

/** Files that a browser fetches by itself, which can send no token: they go by signed links then. */

/** A path that the browser may follow. @throws Refused as `share` does */
async function followable(path: string): Promise<string> {
  return token() === undefined ? path : (await share(path, "10m")).url;
}

/** Lets the browser save a file. @param name what it suggests */
export async function download(path: string, name: string): Promise<void> {
  const link = document.createElement("a");
  link.href = await followable(path);
  link.download = name.replaceAll(":", "-");
  link.click();
}

let shown = "";

/** A picture as a URL of this page, until the next one is asked for; undefined where there is none. */
export async function pictureUrl(path: string): Promise<string | undefined> {
  const picture = await ask(path).then(
    (response) => response.blob(),
    () => undefined,
  );
  URL.revokeObjectURL(shown);
  shown = picture === undefined ? "" : URL.createObjectURL(picture);
  return picture && shown;
}
