/** How fast whole downloads go, and what they cost the server. */
import { download, type Target } from "../client.ts";
import { concatToFile } from "../ffmpeg.ts";
import { HOUR } from "../material.ts";
import { cpuSeconds } from "../process.ts";
import { boxcarPath, startOn } from "../servers.ts";
import { interleave } from "../statistics.ts";
import { newCut, record, type Context, type Measurements } from "./context.ts";

export interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly bytes: number;
}

/** What a download costs a process. */
export async function measured(target: Target, pid: number): Promise<Cost> {
  const before = cpuSeconds(pid);
  const { totalMs, bytes } = await download(target);
  return { seconds: totalMs / 1000, cpuSeconds: cpuSeconds(pid) - before, bytes };
}

/** CPU time is counted in hundredths of a second, so it is taken over all runs. */
function cpuMean(costs: readonly Cost[], per: (cost: Cost) => number = () => 1): number[] {
  const total = costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0);
  return [total / costs.reduce((sum, cost) => sum + per(cost), 0)];
}

/** A whole hour: boxcar sends it, ffmpeg writes it. */
export async function wholeHour(context: Context): Promise<Measurements> {
  const { boxcar, material, rounds } = context;
  const results: Measurements = {};
  const costs = await interleave(
    {
      boxcar: () => measured({ port: boxcar.port, path: boxcarPath(newCut(HOUR)) }, boxcar.pid),
      ffmpeg: async (): Promise<Cost> => ({ ...(await concatToFile(material, HOUR)), bytes: 0 }),
    },
    Math.max(rounds, 5),
    1,
  );
  for (const [name, runs] of Object.entries(costs)) {
    record(
      results,
      `hour.${name}.seconds`,
      runs.map(({ seconds }) => seconds),
    );
    record(results, `hour.${name}.cpuSeconds`, cpuMean(runs));
  }
  return results;
}

/** One connection that takes `count` segments: bytes a second, and CPU seconds a gigabyte (10^9 bytes). */
export async function throughput(context: Context, count: number): Promise<Measurements> {
  const { boxcar, nginx, rounds, program, material } = context;
  const results: Measurements = {};
  const bun = await startOn("bun", program, material.data);
  const deno = await startOn("deno", program, material.data);
  const costs = await interleave(
    {
      boxcar: () => measured({ port: boxcar.port, path: boxcarPath(newCut(count)) }, boxcar.pid),
      ...(bun && { boxcarBun: () => measured({ port: bun.port, path: boxcarPath(newCut(count)) }, bun.pid) }),
      ...(deno && { boxcarDeno: () => measured({ port: deno.port, path: boxcarPath(newCut(count)) }, deno.pid) }),
      boxcarFmp4: () => measured({ port: boxcar.port, path: boxcarPath(newCut(count), "fmp4") }, boxcar.pid),
      ...(nginx && {
        nginxSendfile: () => measured({ port: nginx.port, path: `/file/${count}.mp4` }, nginx.pid),
        nginxCopy: () => measured({ port: nginx.copyingPort, path: `/file/${count}.mp4` }, nginx.pid),
      }),
    },
    Math.max(rounds, 5),
    1,
  );
  await Promise.all([bun?.stop(), deno?.stop()]);
  recordCosts(results, "throughput", costs);
  return results;
}

/** Records bytes a second, and CPU seconds a gigabyte, of each contestant. */
export function recordCosts(
  results: Measurements,
  under: string,
  costs: Readonly<Record<string, readonly Cost[]>>,
): void {
  for (const [name, runs] of Object.entries(costs)) {
    record(
      results,
      `${under}.${name}.bytesPerSecond`,
      runs.map(({ bytes, seconds }) => bytes / seconds),
    );
    record(
      results,
      `${under}.${name}.cpuSecondsPerGB`,
      cpuMean(runs, ({ bytes }) => bytes / 1e9),
    );
  }
}
