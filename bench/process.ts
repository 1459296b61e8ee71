/** Processes: running them, and what Linux says about them. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { once } from "node:events";

/** The kernel counts CPU time in hundredths of a second (USER_HZ). */
const TICKS_A_SECOND = 100;

/** The environment of what is measured: none of the settings of this one, as `NODE_OPTIONS`, may count as its own. */
export const plainEnvironment = { PATH: process.env.PATH, HOME: process.env.HOME };

/** CPU seconds (user and system) that a process has used, all threads. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in brackets may hold spaces; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Resident memory of a process now (`VmRSS`) and at its highest (`VmHWM`), bytes. */
export function residentMemory(pid: number): { now: number; peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** Runs a program to its end. @returns what it wrote @throws when it fails */
export async function run(command: string, args: readonly string[], env = process.env): Promise<string> {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${text.slice(-2000)}`);
  return text;
}

/** First line of what `command` says, or undefined when it cannot be run. */
export async function firstLine(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(command, args)).split("\n")[0]?.trim();
  } catch {
    return undefined;
  }
}

/** Ends a process that this program started. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "exit");
  child.kill(signal);
  await closed;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
