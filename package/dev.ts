/**
 * `npm run dev`: a server of the sources as they are. Once one is saved they are built, the server begins anew, and open pages load
 * themselves again. The server's variables (docs/configuration.md) are those of this command.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";

/** Editors save in several steps, milliseconds. */
const QUIET_MS = 100;
const MODULE = "assembly";

let server: ChildProcess | undefined;
const saved = new Set<string>([MODULE]);

const start = (command: string, ...args: readonly string[]): ChildProcess => spawn(command, args, { stdio: "inherit" });

async function succeeds(command: string, ...args: readonly string[]): Promise<boolean> {
  const [code] = (await once(start(command, ...args), "exit")) as [number | null];
  return code === 0;
}

/** Builds what was saved. Where that fails the compiler says why, and the server goes on as it was. */
async function build(): Promise<void> {
  const isModule = saved.has(MODULE);
  saved.clear();
  if (isModule && !(await succeeds("npm", "run", "--silent", "build:wasm"))) return;
  if (!(await succeeds(process.execPath, "esbuild.config.js", "--reload"))) return;
  if (server?.exitCode === null && server.kill()) await once(server, "exit");
  server = start(process.execPath, "build/boxcar.js", "serve");
}

let building = build();
let timer: NodeJS.Timeout | undefined;
function follow(folder: string): void {
  watch(folder, { recursive: true }, () => {
    saved.add(folder);
    clearTimeout(timer);
    timer = setTimeout(() => {
      building = building.then(build);
    }, QUIET_MS);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    server?.kill(signal);
    process.exit();
  });
["src", MODULE].forEach(follow);
