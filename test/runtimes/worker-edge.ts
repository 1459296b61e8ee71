/** The worker as it is deployed, in the workerd that runs workers at Cloudflare. */
import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as optionsIn } from "wrangler";
import { program, root, type Edge } from "./edges.ts";

/** A running worker. */
export interface WorkerEdge extends Edge {
  /** Fires the cron trigger. @returns the outcome, "ok" when nothing was thrown */
  fireCron(): Promise<string>;
  /** Puts an object into the R2 bucket that wrangler.toml binds. */
  putR2(key: string, bytes: Uint8Array): Promise<void>;
  /** Reads of that bucket that are open. */
  openReads(): Promise<number>;
  /** Reads of that bucket from now on break after so many bytes; undefined: none does. */
  breakAfter(bytes: number | undefined): Promise<void>;
}

/** What `wrangler deploy` would upload. */
export interface WorkerBundle {
  readonly folder: string;
  /** File names; the entry first. */
  readonly files: readonly string[];
}

/** What is used of Miniflare's types, which come with a package of Cloudflare's own globals. */
interface Scheduled {
  scheduled(event: { cron: string }): Promise<{ outcome: string }>;
}
interface R2Writes {
  put(key: string, value: Uint8Array): Promise<unknown>;
}

/** Bundles the worker as `wrangler deploy` does. */
export async function bundleWorker(folder: string): Promise<WorkerBundle> {
  await mkdir(folder, { recursive: true });
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  await promisify(execFile)(program("wrangler"), ["deploy", "--dry-run", "--outdir", folder], { cwd: root, env });
  const others = (await readdir(folder)).filter((name) => !/^worker\.js|\.md$/.test(name));
  return { folder, files: ["worker.js", ...others] };
}

/** The entry that puts a watch between the worker and its bucket. */
async function watchedEntry(entry: string): Promise<{ type: "ESModule"; path: string; contents: string }[]> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "test/runtimes/watched-r2.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  const main = `import worker from "./${entry}"; import { watched } from "./watched-r2.js"; export default watched(worker);`;
  return [
    { type: "ESModule", path: "watched.js", contents: main },
    { type: "ESModule", path: "watched-r2.js", contents: outputFiles[0]?.text ?? "" },
  ];
}

/** Starts the worker on a free port, with the bindings and flags of wrangler.toml, and a watch on its R2 bucket. */
export async function startWorker(
  { folder, files }: WorkerBundle,
  variables: Readonly<Record<string, string>>,
): Promise<WorkerEdge> {
  const { workerOptions } = optionsIn(join(root, "wrangler.toml"));
  const log: string[] = [];
  const note = (stream: Readable): void => void stream.on("data", (chunk: Buffer) => log.push(String(chunk)));
  const type = (name: string): "ESModule" | "CompiledWasm" | "Data" =>
    name === files[0] ? "ESModule" : name.endsWith(".wasm") ? "CompiledWasm" : "Data";
  const miniflare = new Miniflare({
    ...workerOptions,
    bindings: { ...(workerOptions.bindings as Record<string, string>), ...variables },
    modulesRoot: folder,
    modules: [
      ...(await watchedEntry("worker.js")).map((module) => ({ ...module, path: join(folder, module.path) })),
      ...files.map((name) => ({ type: type(name), path: join(folder, name) })),
    ],
    host: "127.0.0.1",
    port: 0,
    cf: false,
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => [stdout, stderr].forEach(note),
  });
  const url = (await miniflare.ready).origin;
  const watch = async (query = ""): Promise<number> => Number(await (await fetch(`${url}/watched-r2${query}`)).text());
  return {
    url,
    log,
    fireCron: async () => {
      const worker = (await miniflare.getWorker()) as unknown as Scheduled;
      return (await worker.scheduled({ cron: "* * * * *" })).outcome;
    },
    putR2: async (key, bytes) => {
      const bucket = (await miniflare.getR2Bucket("MEDIA")) as unknown as R2Writes;
      await bucket.put(key, bytes);
    },
    openReads: () => watch(),
    breakAfter: async (bytes) => {
      await watch(`?break=${bytes ?? "Infinity"}`);
    },
    stop: async () => {
      await miniflare.dispose();
      return 0;
    },
  };
}
