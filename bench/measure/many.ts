/** What a day and a month of ten-second segments cost a server that has just started, and one that runs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manySegments } from "../many.ts";
import { DAY_OF_SHORT, STREAM, STREAM_START } from "../material.ts";
import { residentMemory } from "../process.ts";
import { startBoxcar, type Server } from "../servers.ts";
import { record, type Context, type Measurements } from "./context.ts";
import { shortSegments } from "./remote.ts";

/** Files whose sound ends where the next one's begins, also from the last to the first: 160 s of 1024 samples each. */
const ALIKE = 16;

/** The first bytes of a download: most of the segments have no media. */
const BEGINNING = { range: "bytes=0-999" };

/** Ranges asked for until a server has compiled what it runs, each of them for the first time. */
const WARMING = 12;

/** The requests: what is measured, for how many days, and by which method. */
const REQUESTS = {
  timeline: { days: 1, method: "GET", path: `/mp4/api/timeline/${STREAM}` },
  timelineMonth: { days: 30, method: "GET", path: `/mp4/api/timeline/${STREAM}` },
  head: { days: 1, method: "HEAD", path: `/mp4/download/${STREAM}.mp4` },
  download: { days: 1, method: "GET", path: `/mp4/download/${STREAM}.mp4`, headers: BEGINNING },
  list: { days: 1, method: "GET", path: `/mp4/api/list/${STREAM}`, more: "&pageSize=1000" },
  playlist: { days: 1, method: "GET", path: `/mp4/hls/${STREAM}/av.m3u8`, isNew: true },
} as const satisfies Record<string, Request>;

/** A request for a range. */
interface Request {
  readonly days: number;
  readonly method: "GET" | "HEAD";
  readonly path: string;
  /** Behind the parameters of the range. */
  readonly more?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the earlier build does not know it. */
  readonly isNew?: boolean;
}

/** A build with a stream that was made by it. */
interface Build {
  readonly program: string;
  readonly data: string;
  /** Rounds that count. */
  readonly rounds: number;
  /** Whether what is asked once a server runs is measured, too. */
  readonly isWarmed: boolean;
}

/** A catalog of `days` made by each build, whose server is started anew for each request. */
export async function many({ material, program, earlier, rounds }: Context, days: number): Promise<Measurements> {
  const results: Measurements = {};
  const files = (await shortSegments(material)).slice(0, ALIKE);
  const folder = await mkdtemp(join(tmpdir(), "boxcar-many-"));
  const stream = { streamPath: STREAM, files, seconds: 10, count: days * DAY_OF_SHORT };
  for (const [name, built] of Object.entries({ boxcar: program, before: earlier })) {
    if (built === undefined) continue;
    const data = join(folder, name);
    await manySegments(built, data, stream);
    // Of a month, each request takes the earlier build half a minute.
    const isSlow = built === earlier && days > 1;
    const build = { program: built, data, rounds: isSlow ? 1 : rounds, isWarmed: !isSlow };
    for (const [asked, request] of Object.entries<Request>(REQUESTS))
      if (request.days === days && !(request.isNew === true && built === earlier))
        await measure(results, `many.${asked}.${name}`, request, build);
  }
  await rm(folder, { recursive: true });
  return results;
}

/** The first and the second request to servers that have just started, and another one to those that run. */
async function measure(results: Measurements, name: string, request: Request, build: Build): Promise<void> {
  const [cold, again, fresh, memory]: [number[], number[], number[], number[]] = [[], [], [], []];
  // The first server makes what is kept from then on.
  for (let round = 0; round <= build.rounds; round++) {
    const server = await startBoxcar(build.program, build.data);
    const { now } = residentMemory(server.pid);
    const [firstMs, secondMs] = [await ask(server, request, 0), await ask(server, request, 0)];
    const { peak } = residentMemory(server.pid);
    if (round > 0) {
      cold.push(firstMs);
      again.push(secondMs);
      memory.push(peak - now);
    } else record(results, `${name}First.ms`, [firstMs]);
    if (round > 0 && build.isWarmed) {
      for (let number = 1; number < WARMING; number++) await ask(server, request, number);
      fresh.push(await ask(server, request, WARMING));
    }
    await server.stop();
  }
  record(results, `${name}.ms`, cold);
  record(results, `${name}Again.ms`, again);
  record(results, `${name}New.ms`, fresh);
  record(results, `${name}.bytes`, memory);
}

/** Milliseconds that a request takes. @param number of the range: no other one was asked for before */
async function ask(
  server: Server,
  { method, path, days, more = "", headers }: Request,
  number: number,
): Promise<number> {
  const start = new Date(STREAM_START + 500 + number * 40).toISOString();
  const end = new Date(STREAM_START + days * 86_400_000 - 1000).toISOString();
  const startedMs = performance.now();
  const reply = await fetch(`http://127.0.0.1:${String(server.port)}${path}?start=${start}&end=${end}${more}`, {
    method,
    headers: { "accept-encoding": "identity", ...headers }, // else the client unpacks what came
  });
  await reply.arrayBuffer();
  if (!reply.ok) throw new Error(`${path}: ${String(reply.status)}`);
  return performance.now() - startedMs;
}
