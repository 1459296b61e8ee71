import { build } from "esbuild";

/**
 * The programs for Node, Bun and Deno. Packages are bundled: opening hundreds of files is most of what a start takes.
 * What is native, or only needed once something asks for it, stays in node_modules.
 */
await build({
  entryPoints: ["src/cli/boxcar.ts", "src/runtime/bun.ts", "src/runtime/deno.ts"],
  outdir: "build",
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  external: ["libsql", "ali-oss", "fluent-ffmpeg", "qr-image"],
  mainFields: ["module", "main"],
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: true,
  // CommonJS packages ask for modules of Node by `require`.
  banner: {
    js: 'import { createRequire as requireFor } from "node:module"; const require = requireFor(import.meta.url);',
  },
  logLevel: "warning",
});
