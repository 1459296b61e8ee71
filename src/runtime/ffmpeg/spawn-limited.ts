import { spawn, type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio } from "node:child_process";

/** What a process may take. */
export interface Limits {
  /** Bytes of address space: with what is mapped of files and is only set aside. */
  readonly addressSpace?: number;
  /** Bytes of memory of its own. */
  readonly memory?: number;
  /** Milliseconds of processor time, rounded up to seconds. */
  readonly processorMs?: number;
}

/**
 * Starts a program within limits: a shell sets them, and becomes the program. Systems that know no limit of memory run it without.
 * @param options `cwd` and `env` are set here
 */
export function spawnLimited(
  program: string,
  args: readonly string[],
  { addressSpace, memory, processorMs }: Limits,
  options: SpawnOptionsWithoutStdio,
): ChildProcessWithoutNullStreams {
  const limits = [limit("v", addressSpace, 1024), limit("d", memory, 1024), limit("t", processorMs, 1000)].join("");
  // The environment stays here: it may hold secrets, and the program reads what strangers send.
  const env: Record<string, string> = {};
  for (const name of ["PATH", "LD_LIBRARY_PATH"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return spawn("/bin/sh", ["-c", `${limits}ulimit -c 0; exec "$@"`, "sh", program, ...args], {
    ...options,
    cwd: "/",
    env,
  });
}

function limit(letter: string, value: number | undefined, unit: number): string {
  return value === undefined ? "" : `ulimit -${letter} ${Math.ceil(value / unit)} 2>/dev/null; `;
}
