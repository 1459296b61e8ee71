/** What a day and a month of ten-second segments cost a server that has just started, and one that runs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manySegments } from "../many.ts";
import { DAY_OF_SHORT, STREAM, STREAM_START } from "../material.ts";
import { residentMemory } from "../process.ts";
import { startBoxcar } from "../servers.ts";
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
  playlist: { days: 1, method: "GET", path: `/mp4/hls/${STREAM}/av.m3u8` },
} as const satisfies Record<string, Request>;

/** A request for a range. */
interface Request {
  readonly days: number;
  readonly method: "GET" | "HEAD";
  readonly path: string;
  /** Behind the parameters of the range. */
  readonly more?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A catalog of `days` made by each build, whose server is started anew for each request. */
export async function many(context: Context, days: number): Promise<Measurements> {
  const { material, program, earlier, rounds } = context;
  const results: Measurements = {};
  const files = (await shortSegments(material)).slice(0, ALIKE);
  const folder = await mkdtemp(join(tmpdir(), "boxcar-many-"));
  const end = new Date(STREAM_START + days * 86_400_000 - 1000).toISOString();
  const queryOf = (number: number): string =>
    `start=${new Date(STREAM_START + 500 + number * 40).toISOString()}&end=${end}`;
  for (const [build, built] of Object.entries({ boxcar: program, before: earlier })) {
    if (built === undefined) continue;
    const data = join(folder, build);
    await manySegments(built, data, { streamPath: STREAM, files, seconds: 10, count: days * DAY_OF_SHORT });
    for (const [name, { method, path, days: asked, more = "", headers = {} }] of Object.entries<Request>(REQUESTS)) {
      if (asked !== days) continue;
      const [cold, again, fresh, memory]: [number[], number[], number[], number[]] = [[], [], [], []];
      // The first one makes what is kept from then on.
      for (let round = 0; round <= rounds; round++) {
        const server = await startBoxcar(built, data);
        const ask = async (number: number): Promise<number> => {
          const startedMs = performance.now();
          const reply = await fetch(`http://127.0.0.1:${String(server.port)}${path}?${queryOf(number)}${more}`, {
            method,
            headers: { "accept-encoding": "identity", ...headers }, // else the client unpacks what came
          });
          await reply.arrayBuffer();
          // The earlier build has no playlists.
          if (!reply.ok && build === "boxcar") throw new Error(`${path}: ${String(reply.status)}`);
          return reply.ok ? performance.now() - startedMs : Number.NaN;
        };
        const { now } = residentMemory(server.pid);
        const times = [await ask(0), await ask(0)];
        const { peak } = residentMemory(server.pid);
        const isSlow = build === "before" && days > 1; // half a minute each
        if (round > 0 && !isSlow) {
          for (let number = 1; number < WARMING; number++) await ask(number);
          fresh.push(await ask(WARMING));
        }
        await server.stop();
        if (round === 0) record(results, `many.${name}.${build}First.ms`, times.slice(0, 1));
        else {
          cold.push(times[0] ?? 0);
          again.push(times[1] ?? 0);
          memory.push(peak - now);
        }
        if (round >= 1 && isSlow) break;
      }
      if (cold.some(Number.isNaN)) continue;
      record(results, `many.${name}.${build}.ms`, cold);
      record(results, `many.${name}.${build}Again.ms`, again);
      record(results, `many.${name}.${build}New.ms`, fresh);
      record(results, `many.${name}.${build}.bytes`, memory);
    }
  }
  await rm(folder, { recursive: true });
  return results;
}
