/** The package as others get it: packed, installed into an empty project, and used as docs/library.md shows. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { chromiumPath, openPage } from "../browser/chromium.ts";
import { record } from "../support/recording.ts";
import { ffprobe, ffprobePath } from "../support/tools.ts";

const execute = promisify(execFile);
const doc = await readFile("docs/library.md", "utf8");

/** The first snippet below a heading of docs/library.md. */
function snippet(heading: string): string {
  const text = doc.split(new RegExp(`^#+ ${heading}$`, "m"))[1];
  const code = text?.split("```js\n")[1]?.split("```")[0];
  if (code === undefined) throw new Error(`docs/library.md shows nothing for ${heading}`);
  return code;
}

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "boxcar-package-"));
  // What is built is packed as it is; types, and the size with them, are judged by `npm run api`.
  const { stdout } = await execute("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project]);
  const packed = join(project, (JSON.parse(stdout) as { filename: string }[])[0]?.filename ?? "");
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
  await install(packed);
  const [segment] = await record({ count: 1, seconds: 6 });
  await copyFile(segment?.file ?? "", join(project, "in.mp4"));
});

/** What `npm install` does, without asking the registry: the package, and beside it what it declares to need, nothing else. */
async function install(tarball: string): Promise<void> {
  const modules = join(project, "node_modules");
  await mkdir(join(modules, "boxcar"), { recursive: true });
  await execute("tar", ["-xzf", tarball, "-C", join(modules, "boxcar"), "--strip-components=1"]);
  const described = await readFile(join(modules, "boxcar/package.json"), "utf8");
  const { dependencies } = JSON.parse(described) as { readonly dependencies: Readonly<Record<string, string>> };
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(resolve("node_modules", name), join(modules, name));
  }
}

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

/** The cut that Node makes, which all others must equal. */
let cut: Promise<string> | undefined;

function cutOnNode(): Promise<string> {
  return (cut ??= run("node", [process.execPath], "Node"));
}

/** Runs a snippet in the project. @returns the SHA-256 of the file it writes */
async function run(name: string, [program = "", ...args]: readonly string[], heading: string): Promise<string> {
  const folder = join(project, name);
  await mkdir(folder);
  await copyFile(join(project, "in.mp4"), join(folder, "in.mp4"));
  await writeFile(join(folder, "cut.js"), snippet(heading));
  await execute(program, [...args, "cut.js"], { cwd: folder });
  return hashOf(await readFile(join(folder, "out.mp4")));
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

it("has a core for browsers of a bounded size", async () => {
  const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022" } as const;
  const contents = 'export { createCore, indexObject, planSegments, planFrame } from "./src/core/index.ts"';
  const { outputFiles } = await build({ stdin: { contents, resolveDir: "." }, ...options });
  expect(gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length).toBeLessThan(37_000);
});

it.skipIf(ffprobePath === undefined)("cuts a file on Node", async () => {
  await cutOnNode();
  const shown = await ffprobe([
    "-v",
    "error",
    "-show_entries",
    "format=duration",
    "-of",
    "csv=p=0",
    join(project, "node/out.mp4"),
  ]);
  // Headers reach to the end of the media, which may lie a few samples behind the end of the presentation.
  expect(Math.abs(Number(shown) - 2.5)).toBeLessThan(0.15);
});

for (const [heading, name, ...args] of [
  ["Bun", "bun"],
  ["Deno", "deno", "run", "--allow-read", "--allow-write"],
] as const) {
  const program = resolve("node_modules/.bin", name);
  if (!existsSync(program)) console.warn(`SKIPPING the package on ${heading}: npm has not installed it`);
  it.skipIf(!existsSync(program))(`cuts a file on ${heading} to the same bytes`, async () => {
    expect(await run(name, [program, ...args], heading)).toBe(await cutOnNode());
  });
}

it.skipIf(chromiumPath === undefined)("cuts a file in Chromium to the same bytes", async () => {
  const served = await serveProject();
  const { page, close } = await openPage(served.url);
  try {
    await page.goto(`${served.url}/`);
    await page.waitForFunction(() => "out" in globalThis);
    const bytes = await page.evaluate(async () => {
      const { out } = globalThis as unknown as { readonly out: Blob };
      return [...new Uint8Array(await out.arrayBuffer())];
    });
    expect(hashOf(Uint8Array.from(bytes))).toBe(await cutOnNode());
  } finally {
    await close();
    served.close();
  }
});

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".mp4": "video/mp4",
};

/** A server of the project's files, whose page runs the browser's snippet. */
async function serveProject(): Promise<{ readonly url: string; close(): void }> {
  const map = JSON.stringify({ imports: { boxcar: "/node_modules/boxcar/dist/index.js" } });
  const page = `<script type="importmap">${map}</script><script type="module">${snippet("A browser")}</script>`;
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const type = TYPES[extname(path)] ?? "text/html";
    const body = extname(path) === "" ? Promise.resolve(page) : readFile(join(project, path));
    body.then(
      (bytes) => response.writeHead(200, { "Content-Type": type }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

it("serves in somebody else's Hono app, and is asked by its client", async () => {
  await writeFile(join(project, "app.js"), snippet("The server in an app of yours"));
  await writeFile(join(project, "ask.js"), snippet("The HTTP calls, typed"));
  const server = spawn(process.execPath, ["app.js"], { cwd: project, env: { ...process.env, PORT: "0" } });
  try {
    const [line] = (await once(server.stdout, "data")) as [Buffer];
    const url = `http://127.0.0.1:${line.toString().trim()}`;
    expect(await (await fetch(`${url}/mine`)).text()).toBe("mine");
    const upload = `${url}/mp4/api/segments/live/cam1?start=2026-01-31T10:00:00Z`;
    expect((await fetch(upload, { method: "PUT", body: await readFile(join(project, "in.mp4")) })).status).toBe(201);
    const download = `${url}/mp4/download/live/cam1.mp4?start=2026-01-31T10:00:01.5Z&end=2026-01-31T10:00:04Z`;
    const reply = await fetch(download, { headers: { Range: "bytes=0-99" } });
    expect([reply.status, (await reply.arrayBuffer()).byteLength]).toEqual([206, 100]);
    const env = { ...process.env, BOXCAR_URL: url };
    const { stdout } = await execute(process.execPath, ["ask.js"], { cwd: project, env });
    expect(JSON.parse(stdout)).toMatchObject({ code: 0, data: { streamPath: "live/cam1" } });
  } finally {
    server.kill();
    await once(server, "exit");
  }
});

it("has entries that can all be imported on Node", async () => {
  const names = [
    "",
    "/server",
    "/client",
    "/node",
    "/bun",
    "/deno",
    "/worker",
    "/store/file",
    "/store/oss",
    "/store/s3",
    "/store/r2",
  ];
  const code = `for (const name of ${JSON.stringify(names)}) console.log(Object.keys(await import("boxcar" + name)).join())`;
  const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", code], { cwd: project });
  expect(stdout.trim().split("\n")).toEqual([
    expect.stringContaining("planSegments"),
    "createApp,readConfig",
    "createClient",
    "closeOnSignals,loadCore,openNode,startNode",
    "loadCore,openBun,startBun",
    "loadCore,openDeno,startDeno",
    "createWorker",
    "FileStore",
    "ossStore",
    "s3Store",
    "r2Store",
  ]);
});
