import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { argv } from "node:process";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

/**
 * Lets go of what packages load and nobody uses, a third of all code: zod-openapi hands all of zod, in fifty languages, to
 * a function that needs one class of it.
 */
const unused = {
  name: "unused",
  setup({ onLoad }) {
    onLoad({ filter: /@hono\/zod-openapi\/dist\/index\.mjs$/ }, async ({ path }) => {
      const whole = 'import { z } from "zod"';
      const text = await readFile(path, "utf8");
      if (!text.includes(whole)) throw new Error("@hono/zod-openapi imports zod in another way than it did");
      return { contents: text.replace(whole, 'import { ZodType } from "zod"; const z = { ZodType }') };
    });
  },
};

/**
 * The programs for Node, Bun and Deno. Packages are bundled: opening hundreds of files is most of what a start takes.
 * What is native, or only needed once something asks for it, stays in node_modules.
 */
const { metafile } = await build({
  metafile: true,
  entryPoints: ["src/cli/boxcar.ts", "src/runtime/bun.ts", "src/runtime/deno.ts", "src/runtime/node/index-thread.ts"],
  outdir: "build",
  entryNames: "[name]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  external: ["ali-oss", "fluent-ffmpeg", "qr-image"],
  mainFields: ["module", "main"],
  platform: "node",
  target: "node20",
  format: "esm",
  plugins: [unused],
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

/** The files of the documentation page. */
await mkdir("build/swagger-ui", { recursive: true });
for (const name of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"])
  await copyFile(join("node_modules/swagger-ui-dist", name), join("build/swagger-ui", name));

/** What opens files in a browser, with WebAssembly, and what uploads them, come when they are asked for. */
const filesApart = {
  name: "files-apart",
  setup({ onResolve }) {
    onResolve({ filter: /\/(recorded-files|uploader)\.ts$/ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path: `./${basename(path, ".ts")}.js`, external: true } : undefined,
    );
  },
};

/** With `--reload` the page looks whether it was built since, and loads itself again then. */
const reload = `if (import.meta.url.endsWith("/page.js")) {
  const tags = () => Promise.all(["page.js", "page.css"].map(async (name) =>
    (await fetch("/page/" + name, { method: "HEAD", cache: "no-store" })).headers.get("etag")));
  let shown;
  setInterval(() => tags().then((now) => {
    if (shown !== undefined && now.join() !== shown) location.reload();
    shown = now.join();
  }, () => undefined), 500);
}`;

/** The page, for browsers. Its files have the same names in each build: Workers carry a list of them. */
await build({
  entryPoints: [
    ...["src/preview/page/page.ts", "src/preview/page/page.css", "src/preview/recorded-files.ts"],
    "src/preview/page/uploader.ts",
    { in: "src/preview/script.ts", out: "player" },
  ],
  outdir: "build/page",
  entryNames: "[name]",
  bundle: true,
  minify: true,
  target: "es2022",
  format: "esm",
  plugins: [filesApart],
  banner: argv.includes("--reload") ? { js: reload } : {},
  logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"]) await copyFile(join("src/preview/page", name), join("build/page", name));
await copyFile("build/boxcar.wasm", "build/page/boxcar.wasm");
// Wrangler compiles what is named wasm; this one is served.
await copyFile("build/boxcar.wasm", "build/boxcar.bin");

/** What is served as it lies there, compressed beside it. The greatest of them takes seconds to be made smallest. */
for (const folder of ["build/page", "build/swagger-ui"]) {
  for (const name of (await readdir(folder)).filter((file) => /\.(js|css|html|svg|wasm)$/.test(file))) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    const quality = bytes.length > 1e6 ? 9 : constants.BROTLI_MAX_QUALITY;
    await writeFile(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }));
    await writeFile(`${path}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
  }
}

/**
 * The library, as `npm pack` takes it: packages stay packages, and what entries share lies in chunks that name a runtime only
 * where an entry for that runtime needs them.
 */
await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: [
    { in: "src/core/index.ts", out: "index" },
    { in: "src/http/index.ts", out: "server" },
    { in: "src/client/index.ts", out: "client" },
    { in: "src/preview/index.ts", out: "preview" },
    { in: "src/preview/recorded-files.ts", out: "recorded-files" },
    { in: "src/runtime/node.ts", out: "node" },
    { in: "src/runtime/bun.ts", out: "bun" },
    { in: "src/runtime/deno.ts", out: "deno" },
    { in: "src/runtime/worker/create-worker.ts", out: "worker" },
    { in: "src/store/file/file.ts", out: "store/file" },
    { in: "src/store/oss/oss.ts", out: "store/oss" },
    { in: "src/store/s3/s3.ts", out: "store/s3" },
    { in: "src/store/r2.ts", out: "store/r2" },
    { in: "src/cli/boxcar.ts", out: "boxcar" },
    { in: "src/runtime/node/index-thread.ts", out: "index-thread" },
  ],
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  packages: "external",
  platform: "node",
  target: "node20",
  format: "esm",
  logLevel: "warning",
});
await cp("build/boxcar.wasm", "dist/boxcar.wasm");
// What is compressed already would make the package half as large again.
const isPlain = (/** @type {string} */ path) => !/\.(br|gz)$/.test(path);
for (const folder of ["swagger-ui", "page"])
  await cp(`build/${folder}`, `dist/${folder}`, { recursive: true, filter: isPlain });
