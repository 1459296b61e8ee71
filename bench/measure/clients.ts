/** Many clients at the same time. */
import { download, type Target } from "../client.ts";
import { boxcarPath } from "../servers.ts";
import { interleave, quantile } from "../statistics.ts";
import { newCut, record, type Context, type Measurements } from "./context.ts";

/** Clients at the same time. */
export const CLIENTS = 64;
/** Each download is a cut of that many segments. */
export const CUT_SEGMENTS = 2;
/** How long a round goes on. */
const SECONDS = 2;
const BUFFER = 256 << 10;

/** What came of it. */
export interface Crowd {
  readonly bytesPerSecond: number;
  /** Of each client's first download: all of them ask at once. */
  readonly burst: readonly number[];
  /** Of all later ones. */
  readonly steady: readonly number[];
}

/** `CLIENTS` connections against one: each client takes one cut of two minutes after another, every cut another one. */
export async function clients(context: Context): Promise<Measurements> {
  const { boxcar, nginx, material, rounds } = context;
  const results: Measurements = {};
  let asked = 0;
  const cut = (): Target => {
    const { from } = newCut(CUT_SEGMENTS);
    asked += 7919; // a prime: goes to and fro over the whole stream
    const first = (asked % (material.count - CUT_SEGMENTS - 1)) * 60;
    return { port: boxcar.port, path: boxcarPath({ from: first + from, to: first + from + CUT_SEGMENTS * 60 }) };
  };
  const runs = await interleave(
    {
      one: () => crowd(1, cut),
      many: () => crowd(CLIENTS, cut),
      // The same file for each: nginx cuts with its mp4 module only.
      ...(nginx && {
        nginxMany: () => crowd(CLIENTS, () => ({ port: nginx.port, path: `/file/${CUT_SEGMENTS}.mp4` })),
      }),
    },
    rounds,
    1,
  );
  for (const [name, crowds] of Object.entries(runs)) {
    record(
      results,
      `clients.${name}.bytesPerSecond`,
      crowds.map(({ bytesPerSecond }) => bytesPerSecond),
    );
    const burst = crowds.flatMap((run) => run.burst);
    const steady = crowds.flatMap((run) => run.steady);
    record(results, `clients.${name}.firstByteP99.ms`, [quantile([...burst, ...steady], 0.99)]);
    if (steady.length > 0) record(results, `clients.${name}.firstByteP99Steady.ms`, [quantile(steady, 0.99)]);
    record(results, `clients.${name}.firstByteP50.ms`, [quantile([...burst, ...steady], 0.5)]);
  }
  return results;
}

/** So many clients at the same time, each of which takes one download after another. */
export async function crowd(size: number, next: () => Target): Promise<Crowd> {
  const started = performance.now();
  const burst: number[] = [];
  const steady: number[] = [];
  let bytes = 0;
  const client = async (): Promise<void> => {
    for (let i = 0; i === 0 || performance.now() - started < SECONDS * 1000; i++) {
      const transfer = await download(next(), Number.POSITIVE_INFINITY, BUFFER);
      (i === 0 ? burst : steady).push(transfer.firstByteMs);
      bytes += transfer.bytes;
    }
  };
  await Promise.all(Array.from({ length: size }, client));
  return { bytesPerSecond: bytes / ((performance.now() - started) / 1000), burst, steady };
}
