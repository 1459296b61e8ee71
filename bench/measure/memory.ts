/** What a download adds to the server's memory, and how soon it starts in a new server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { download } from "../client.ts";
import { HOUR } from "../material.ts";
import { plainEnvironment, residentMemory } from "../process.ts";
import { boxcarPath, startBoxcar } from "../servers.ts";
import { interleave } from "../statistics.ts";
import { newCut, record, type Context, type Measurements } from "./context.ts";

/** Highest resident memory during a whole download of `count` segments, above that of the idle server, bytes. */
export async function memory(context: Context, count: number): Promise<Measurements> {
  const results: Measurements = {};
  const growth: number[] = [];
  const idle: number[] = [];
  for (let i = 0; i < Math.max(3, context.rounds); i++) {
    const server = await startBoxcar(context.program, context.material.data);
    // Idle means ready: code and core are loaded when one segment was sent.
    await download({ port: server.port, path: boxcarPath(newCut(1)) });
    const before = residentMemory(server.pid).now;
    await download({ port: server.port, path: boxcarPath(newCut(count)) });
    growth.push(residentMemory(server.pid).peak - before);
    idle.push(before);
    await server.stop();
  }
  record(results, `memory.${count}.boxcar.bytes`, growth);
  record(results, `memory.${count}.boxcarIdle.bytes`, idle);
  return results;
}

/** From the start of the process to the first byte of a merged hour, milliseconds; Node doing nothing beside it. */
export async function coldStart(context: Context): Promise<Measurements> {
  const results: Measurements = {};
  const times = await interleave(
    {
      boxcar: async () => {
        const started = performance.now();
        const server = await startBoxcar(context.program, context.material.data);
        const asked = performance.now();
        const { firstByteMs } = await download({ port: server.port, path: boxcarPath(newCut(HOUR)) }, 1);
        await server.stop();
        return asked - started + firstByteMs;
      },
      node: async () => {
        const started = performance.now();
        await once(spawn(process.execPath, ["-e", "0"], { env: plainEnvironment, stdio: "ignore" }), "exit");
        return performance.now() - started;
      },
    },
    context.rounds,
    1,
  );
  for (const [name, values] of Object.entries(times)) record(results, `start.${name}.ms`, values);
  return results;
}

/** Size of the WASM module, bytes. */
export async function moduleSize({ program }: Context): Promise<Measurements> {
  const results: Measurements = {};
  const bytes = await readFile(join(program, "..", "boxcar.wasm"));
  record(results, "wasm.bytes", [bytes.length]);
  record(results, "wasm.gzip.bytes", [gzipSync(bytes, { level: 9 }).length]);
  return results;
}
