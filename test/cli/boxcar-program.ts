import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../build/boxcar.js", import.meta.url));

export interface Finished {
  /** Exit code, null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program as a user would. `npm test` builds it first. */
export function boxcar(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  return start(args, env).finished;
}

/** Starts the built program; `interrupt` is Ctrl-C, `kill` gives it no time, and `line` waits for a line of output. */
export function start(
  args: readonly string[],
  env: Record<string, string> = {},
): { readonly finished: Promise<Finished>; interrupt(): void; kill(): void; line(holding: string): Promise<string> } {
  if (!existsSync(PROGRAM)) throw new Error("the program is not built: npm run build");
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  const line = (holding: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = `${stdout}\n${stderr}`.split("\n").find((text) => text.includes(holding));
        if (found !== undefined) resolve(found);
      };
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      look();
      child.once("close", () => reject(new Error(`ended without "${holding}":\n${stdout}${stderr}`)));
    });
  return { finished, interrupt: () => void child.kill("SIGINT"), kill: () => void child.kill("SIGKILL"), line };
}
