import served from "../../../build/boxcar.bin";
import icon from "../../../build/page/icon.svg";
import page from "../../../build/page/index.html";
import pageProgram from "../../../build/page/page.js";
import player from "../../../build/page/player.js";
import recordedFiles from "../../../build/page/recorded-files.js";
import uploader from "../../../build/page/uploader.js";
import pageStyle from "../../../build/page/page.css";
import bundle from "swagger-ui-dist/swagger-ui-bundle.js";
import favicon from "swagger-ui-dist/favicon-32x32.png";
import style from "swagger-ui-dist/swagger-ui.css";
import type { Asset } from "../../http/context.ts";

const script = "text/javascript; charset=utf-8";
const css = "text/css; charset=utf-8";
const files: Readonly<Record<string, readonly [contentType: string, bytes: ArrayBuffer]>> = {
  "page/boxcar.wasm": ["application/wasm", served],
  "page/icon.svg": ["image/svg+xml", icon],
  "page/index.html": ["text/html; charset=utf-8", page],
  "page/page.css": [css, pageStyle],
  "page/page.js": [script, pageProgram],
  "page/player.js": [script, player],
  "page/recorded-files.js": [script, recordedFiles],
  "page/uploader.js": [script, uploader],
  "swagger-ui/favicon-32x32.png": ["image/png", favicon],
  "swagger-ui/swagger-ui-bundle.js": [script, bundle],
  "swagger-ui/swagger-ui.css": [css, style],
};

/** A file of the page or of the documentation page, which the bundle carries. */
export function workerAsset(path: string): Promise<Asset | undefined> {
  const found = Object.hasOwn(files, path) ? files[path] : undefined;
  return Promise.resolve(found && { contentType: found[0], bytes: new Uint8Array(found[1]) });
}
