import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * The programs for Node, Bun and Deno. Packages are bundled: opening hundreds of files is most of what a start takes.
 * What is native, or only needed once something asks for it, stays in node_modules.
 */
const { metafile } = await build({
  metafile: true,
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

/**
 * Chunks of earlier builds. They go after the build, so that one of the same sources at the same time, whose chunks have
 * the same names, misses nothing.
 */
for (const name of await readdir("build")) {
  const isChunk = /-[A-Z0-9]{8}\.js(\.map)?$/.test(name);
  if (isChunk && !Object.hasOwn(metafile.outputs, `build/${name}`)) await rm(join("build", name), { force: true });
}
