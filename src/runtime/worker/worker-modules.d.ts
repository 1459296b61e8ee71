/* eslint-disable import-x/no-default-export -- bundlers give what is no code as the default export */
/** What wrangler's bundler makes of imports that are no code; see the rules in wrangler.toml. */

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "swagger-ui-dist/*" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*.svg" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*.html" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*.bin" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*/recorded-files.js" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*/uploader.js" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*/player.js" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*/page.js" {
  const bytes: ArrayBuffer;
  export default bytes;
}

declare module "*.css" {
  const bytes: ArrayBuffer;
  export default bytes;
}
