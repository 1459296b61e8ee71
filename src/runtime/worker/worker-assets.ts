import bundle from "swagger-ui-dist/swagger-ui-bundle.js";
import favicon from "swagger-ui-dist/favicon-32x32.png";
import style from "swagger-ui-dist/swagger-ui.css";
import type { Asset } from "../../http/context.ts";

const files: Readonly<Record<string, readonly [contentType: string, bytes: ArrayBuffer]>> = {
  "favicon-32x32.png": ["image/png", favicon],
  "swagger-ui-bundle.js": ["text/javascript; charset=utf-8", bundle],
  "swagger-ui.css": ["text/css; charset=utf-8", style],
};

/** A file of the documentation page, which the bundle carries. */
export function workerAsset(name: string): Promise<Asset | undefined> {
  const found = Object.hasOwn(files, name) ? files[name] : undefined;
  return Promise.resolve(found && { contentType: found[0], bytes: new Uint8Array(found[1]) });
}
