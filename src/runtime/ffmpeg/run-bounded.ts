import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { concatenated } from "../../base/bytes.ts";
import { spawnLimited } from "./spawn-limited.ts";

/** What a program may use. */
export interface Bounds {
  /** Milliseconds until it is killed, and seconds of processor time rounded up from it. */
  readonly timeMs: number;
  /** Bytes of address space, which bounds its memory. */
  readonly memory: number;
  /** Bytes of output until it is killed. */
  readonly outputBytes: number;
}

/** How a program came to its end. */
export interface Run {
  /** `ended`: with code 0. `failed`: otherwise, by itself. `time` and `output`: killed for passing a bound. */
  readonly outcome: "ended" | "failed" | "time" | "output";
  readonly output: Uint8Array;
  /** The start of what it wrote to its error output. */
  readonly complaints: string;
}

/** Characters kept of the error output. */
const COMPLAINTS = 2000;

/**
 * Runs a program on `input` within bounds and gives its output. When this returns, the program and everything it
 * started is gone, unless that left its process group on purpose.
 * @throws what `input` throws; the program is killed then
 */
export async function runBounded(
  program: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  bounds: Bounds,
): Promise<Run> {
  const limits = { addressSpace: bounds.memory, processorMs: bounds.timeMs };
  const child = spawnLimited(program, args, limits, { detached: true }); // a process group of its own
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("exit", (code) => resolve(code));
  });
  let passed: "time" | "output" | undefined;
  const stop = (bound: "time" | "output"): void => {
    passed ??= bound;
    kill(child);
  };
  const timer = setTimeout(() => stop("time"), bounds.timeMs);
  let broken: Error | undefined;
  // Not waited for: an input that hangs must not outlast the program.
  feed(child.stdin, input).catch((error: unknown) => {
    broken = error instanceof Error ? error : new Error("the input failed", { cause: error });
    kill(child);
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(0, COMPLAINTS);
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  child.stdout.on("data", (chunk: Uint8Array) => {
    length += chunk.length;
    if (length <= bounds.outputBytes) chunks.push(chunk);
    else stop("output");
  });
  const drained = Promise.all([closed(child.stdout), closed(child.stderr)]);
  try {
    const code = await ended;
    // What the program started may still hold the pipes open.
    kill(child);
    await drained;
    child.stdin.destroy();
    if (broken !== undefined) throw broken;
    const outcome = passed ?? (code === 0 ? "ended" : "failed");
    return { outcome, output: outcome === "ended" ? concatenated(chunks) : new Uint8Array(0), complaints };
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a program and all that it started. */
function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // gone already
  }
}

/** Writes a chunk once the one before has left this process: chunks are only valid until the next is asked for. */
async function feed(stdin: Writable, input: AsyncIterable<Uint8Array>): Promise<void> {
  stdin.on("error", () => stdin.destroy()); // the program has read enough
  for await (const chunk of input) {
    if (stdin.destroyed) return;
    await new Promise<void>((resolve) => {
      stdin.once("close", resolve);
      stdin.write(chunk, () => {
        stdin.off("close", resolve);
        resolve();
      });
    });
  }
  stdin.end();
}

function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}
