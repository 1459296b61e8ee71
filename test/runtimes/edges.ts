/** The server on each runtime, started by its real entry in a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The runtimes with Node's modules. */
export const servers = ["node", "bun", "deno"] as const;
export type ServerName = (typeof servers)[number];

/** A running server. */
export interface Edge {
  /** Without a slash at the end. */
  readonly url: string;
  /** The lines of its log so far. */
  readonly log: readonly string[];
  /** Sends SIGTERM, and SIGKILL when that does not end it within 10 s. @returns the exit code, null after a kill */
  stop(): Promise<number | null>;
}

/** A server in a process of its own. */
export interface ProcessEdge extends Edge {
  readonly pid: number;
  /** Ends it with SIGKILL, as a crash would. */
  kill(): Promise<void>;
}

/** The folder of the package. */
export const root = fileURLToPath(new URL("../../", import.meta.url));
/** A program of one of the packages. */
export const program = (name: string): string => `${root}node_modules/.bin/${name}`;

/** How package.json starts each; Deno gets no more permissions than there. */
const commands: Record<ServerName, readonly string[]> = {
  node: [process.execPath, "build/boxcar.js", "serve"],
  bun: [program("bun"), "build/bun.js"],
  deno: [
    program("deno"),
    ...[
      "run",
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
      "--allow-ffi",
      "--allow-run",
    ],
    "build/deno.js",
  ],
};

/** Whether the runtime is installed; where not, its tests must be skipped. */
export function isInstalled(name: ServerName): boolean {
  const there = existsSync(commands[name][0] ?? "");
  if (!there) console.warn(`SKIPPING every test on ${name}: npm did not install it`);
  return there;
}

/** Starts a server on a free port of the loopback address. @param files that it may have open; default: as many as this process */
export function startEdge(
  name: ServerName,
  env: Readonly<Record<string, string>>,
  files?: number,
): Promise<ProcessEdge> {
  const ready = (line: string): string | undefined => /"message":"listening","url":"([^"]+)"/.exec(line)?.[1];
  const limited = files === undefined ? [] : ["/bin/sh", "-c", `ulimit -n ${String(files)}; exec "$0" "$@"`];
  return start([...limited, ...commands[name]], { HOST: "127.0.0.1", PORT: "0", ...env }, ready);
}

/** @param urlIn the address of the server, once a line of its output says it */
async function start(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  urlIn: (line: string) => string | undefined,
): Promise<ProcessEdge> {
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const read = (line: string): void => {
      log.push(line);
      const found = urlIn(line);
      if (found !== undefined) resolve(found);
    };
    createInterface({ input: child.stdout }).on("line", read);
    createInterface({ input: child.stderr }).on("line", read);
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`${command} ${args.join(" ")} ended with ${String(code)}:\n${log.join("\n")}`));
    });
  });
  return { url, log, pid: child.pid ?? 0, stop: () => stop(child), kill: () => kill(child) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const kill = setTimeout(() => child.kill("SIGKILL"), 10_000);
  child.kill("SIGTERM");
  try {
    return await ended;
  } finally {
    clearTimeout(kill);
  }
}
