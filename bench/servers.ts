/** The servers that are measured. All listen on 127.0.0.1. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, connect, type AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { STREAM, STREAM_START } from "./material.ts";
import { end, pause, plainEnvironment } from "./process.ts";

/** A server that accepts connections. */
export interface Server {
  readonly port: number;
  /** The process that serves. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** nginx, one worker, that serves one folder. */
export interface Nginx extends Server {
  /** As `port`, with `sendfile off`. */
  readonly copyingPort: number;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** Environment variables beside those of every server. */
export type Settings = Readonly<Record<string, string>>;

/** The runtimes that boxcar is measured on. */
export type Runtime = "node" | "bun" | "deno";

/** How package.json starts boxcar; `program` is the built `boxcar.js`. Undefined when the runtime is not installed. */
function commandOf(runtime: Runtime, program: string): string[] | undefined {
  if (runtime === "node") return [process.execPath, program, "serve"];
  const installed = resolve("node_modules", ".bin", runtime);
  if (!existsSync(installed)) return undefined;
  const entry = join(dirname(program), `${runtime}.js`);
  const allowed = "net read write env sys ffi run".split(" ").map((name) => `--allow-${name}`);
  return runtime === "bun" ? [installed, entry] : [installed, "run", ...allowed, entry];
}

/** Starts boxcar on Node over a data folder and waits until it accepts connections. */
export async function startBoxcar(program: string, data: string, settings: Settings = {}): Promise<Server> {
  const server = await startOn("node", program, data, settings);
  if (server === undefined) throw new Error("Node runs this, so it is there");
  return server;
}

/** Starts boxcar on a runtime; undefined when that is not installed. */
export async function startOn(
  runtime: Runtime,
  program: string,
  data: string,
  settings: Settings = {},
): Promise<Server | undefined> {
  const [command, ...args] = commandOf(runtime, program) ?? [];
  if (command === undefined) return undefined;
  const port = await freePort();
  const own = { HOST: "127.0.0.1", PORT: String(port), BOXCAR_DATA: data, BOXCAR_LOG: "error" };
  const env = { ...plainEnvironment, ...own, ...settings };
  return started(spawn(command, args, { env, stdio: ["ignore", "ignore", "inherit"] }), port);
}

/**
 * Starts nginx over `folder`: plain files come below `/file/`, the mp4 module answers below `/mp4/` and, with a buffer that
 * is large from the start instead of made large when needed, below `/mp4-large/`.
 */
export async function startNginx(folder: string): Promise<Nginx> {
  const prefix = join(folder, "nginx");
  await mkdir(prefix, { recursive: true });
  const port = await freePort();
  const copyingPort = await freePort();
  const server = await nginxWith(prefix, port, nginxConfiguration(folder, prefix, port, copyingPort));
  return { ...server, copyingPort };
}

/** Starts nginx before a server, whose answers it passes on over connections that it keeps. */
export async function startNginxBefore(folder: string, upstream: number): Promise<Server> {
  const prefix = join(folder, "proxy");
  await mkdir(prefix, { recursive: true });
  const port = await freePort();
  const servers = `
  upstream store { server 127.0.0.1:${upstream}; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://store;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffers 16 64k;
      proxy_max_temp_file_size 0;
    }
  }`;
  return nginxWith(prefix, port, configurationOf(prefix, servers));
}

/** Starts nginx. @returns its worker */
async function nginxWith(prefix: string, port: number, configuration: string): Promise<Server> {
  await writeFile(join(prefix, "nginx.conf"), configuration);
  const args = ["-p", prefix, "-c", join(prefix, "nginx.conf"), "-e", join(prefix, "error.log")];
  const server = await started(spawn("nginx", args, { stdio: "ignore" }), port);
  // The master listens before its worker is there.
  let worker = 0;
  while (worker === 0) {
    const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, "utf8");
    worker = Number(children.trim().split(" ")[0]);
    if (worker === 0) await pause(2);
  }
  return { ...server, pid: worker };
}

function nginxConfiguration(folder: string, prefix: string, port: number, copyingPort: number): string {
  const server = (number: number, sendfile: string): string => `
  server {
    listen 127.0.0.1:${number};
    sendfile ${sendfile};
    location /file/ { alias ${folder}/merged/; }
    location /mp4/ { alias ${folder}/merged/; mp4; mp4_max_buffer_size 400m; }
    location /mp4-large/ { alias ${folder}/merged/; mp4; mp4_buffer_size 400m; mp4_max_buffer_size 400m; }
  }`;
  return configurationOf(prefix, server(port, "on") + server(copyingPort, "off"));
}

function configurationOf(prefix: string, servers: string): string {
  return `${userInfo().uid === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${prefix}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  types { video/mp4 mp4; }
  output_buffers 2 1m;
  client_body_temp_path ${prefix}/body;
  proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/fastcgi;
  uwsgi_temp_path ${prefix}/uwsgi;
  scgi_temp_path ${prefix}/scgi;${servers}
}
`;
}

/** What is asked of a server: seconds from the start of the stream. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

/** The path of a cut of the stream on boxcar. */
export function boxcarPath({ from, to }: Cut, format: "mp4" | "fmp4" = "mp4"): string {
  const at = (seconds: number): string => new Date(Math.round(STREAM_START + seconds * 1000)).toISOString();
  return `/mp4/download/${STREAM}.${format}?start=${at(from)}&end=${at(to)}`;
}

/** The path of the same cut on nginx, of the file of `count` segments. */
export function nginxPath({ from, to }: Cut, count: number, location: "mp4" | "mp4-large" = "mp4"): string {
  return `/${location}/${count}.mp4?start=${from.toFixed(3)}&end=${to.toFixed(3)}`;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function started(child: ChildProcess, port: number): Promise<Server> {
  running.add(child);
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      running.delete(child);
      reject(new Error(`${child.spawnfile} ended with ${String(code)} before it was told to`));
    });
  });
  failed.catch(() => undefined); // an orderly stop comes later
  while (!(await Promise.race([accepts(port), failed]))) await pause(2);
  return { port, pid: child.pid ?? 0, stop: () => end(child) };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
