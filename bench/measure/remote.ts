/** How fast downloads go whose media lie in a bucket, which answers at once or late. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { importRecordings, linkRecordings, STREAM, type Material } from "../material.ts";
import { end, run } from "../process.ts";
import { boxcarPath, startBoxcar, startNginxBefore, type Server } from "../servers.ts";
import { interleave } from "../statistics.ts";
import { newCutOf, type Context, type Measurements } from "./context.ts";
import { measured, recordCosts } from "./transfer.ts";

/** Segments of a download. */
const SHORT = { seconds: 10, count: 180 };
const MINUTES = { seconds: 60, count: 60 };
/** What OSS or S3 take to answer, milliseconds. */
const LATE_MS = 30;

/** A bucket that is told how late it answers. */
interface BenchBucket {
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  late(ms: number): void;
  stop(): Promise<void>;
}

/** Starts a bucket in a process of its own. */
export async function startBenchBucket(): Promise<BenchBucket> {
  const child = fork(resolve("build", "bench", "bucket.js"), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [env] = (await once(child, "message")) as [Record<string, string>];
  const endpoint = new URL(env.BOXCAR_STORE ?? "").searchParams.get("endpoint") ?? "";
  return { env, port: Number(new URL(endpoint).port), late: (ms) => child.send(ms), stop: () => end(child) };
}

/** Half an hour of segments of ten seconds, and an hour of minutes: this build, an earlier one, and one object of the same length. */
export async function remote(context: Context): Promise<Measurements> {
  const { material, program, earlier, rounds } = context;
  const results: Measurements = {};
  const shortFiles = await shortSegments(material);
  for (const [name, { seconds, count }] of Object.entries({ short: SHORT, minutes: MINUTES })) {
    const bucket = await startBenchBucket();
    const folder = await mkdtemp(join(tmpdir(), "boxcar-remote-"));
    const recordings = join(folder, "recordings");
    const files = seconds === 60 ? material.segments : shortFiles;
    await linkRecordings(join(recordings, STREAM), files, seconds, count);
    const start = async (built: string, data: string): Promise<Server> => {
      await importRecordings(built, recordings, { ...bucket.env, BOXCAR_DATA: data });
      return startBoxcar(built, data, bucket.env);
    };
    const boxcar = await start(program, join(folder, "now"));
    const before = earlier === undefined ? undefined : await start(earlier, join(folder, "before"));
    const nginx = context.nginx && (await startNginxBefore(folder, bucket.port));
    const cut = (server: Server) => () =>
      measured({ port: server.port, path: boxcarPath(newCutOf(count * seconds)) }, server.pid);
    // One object of about the length of the download, as the bucket itself sends it, and through nginx.
    const whole = await cut(boxcar)();
    await fetch(`http://127.0.0.1:${String(bucket.port)}/media/whole`, {
      method: "PUT",
      body: new Uint8Array(whole.bytes),
    });
    for (const [delay, ms] of Object.entries({ late: LATE_MS, soon: 0 })) {
      bucket.late(ms);
      const costs = await interleave(
        {
          boxcar: cut(boxcar),
          ...(before && { before: cut(before) }),
          object: () => measured({ port: bucket.port, path: "/media/whole" }, process.pid),
          ...(nginx && { nginx: () => measured({ port: nginx.port, path: "/media/whole" }, nginx.pid) }),
        },
        Math.max(rounds, 5),
        1,
      );
      recordCosts(results, `remote.${name}.${delay}`, costs);
    }
    await Promise.all([boxcar.stop(), before?.stop(), nginx?.stop(), bucket.stop()]);
    await rm(folder, { recursive: true });
  }
  return results;
}

/** The minutes cut into pieces of ten seconds. */
export async function shortSegments({ folder, segments }: Material): Promise<string[]> {
  const target = join(folder, "short");
  if (!existsSync(target)) {
    const making = join(folder, "short.part");
    await mkdir(making, { recursive: true });
    for (const [i, file] of segments.entries()) {
      const cut = `-c copy -f segment -segment_time ${String(SHORT.seconds)} -reset_timestamps 1 -segment_format mp4`;
      await run("ffmpeg", ["-v", "error", "-y", "-i", file, ...cut.split(" "), join(making, `${String(i)}-%d.mp4`)]);
    }
    await rename(making, target);
  }
  return (await readdir(target)).sort().map((name) => join(target, name));
}
