/** How fast recordings are imported that stay where they lie. */
import { link, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STREAM, STREAM_START } from "../material.ts";
import { run } from "../process.ts";
import { interleave } from "../statistics.ts";
import { record, type Context, type Measurements } from "./context.ts";
import { shortSegments } from "./remote.ts";

/** Files of ten seconds: so many that the start of the process is a small part. */
const FILES = 1200;
const SECONDS = 10;

/** `boxcar import --in-place` of this build and an earlier one, each time into a catalog of its own. */
export async function importing({ material, program, earlier, rounds }: Context): Promise<Measurements> {
  const results: Measurements = {};
  const folder = await mkdtemp(join(tmpdir(), "boxcar-import-"));
  const recordings = join(folder, "recordings");
  await mkdir(join(recordings, STREAM), { recursive: true });
  const files = await shortSegments(material);
  for (let i = 0; i < FILES; i++) {
    const at = new Date(STREAM_START + i * SECONDS * 1000).toISOString().slice(0, 19).replaceAll(":", "-");
    await link(files[i % files.length] ?? "", join(recordings, STREAM, `${at}.mp4`));
  }
  const options = ["--in-place", "--pattern", "%path/%Y-%m-%dT%H-%M-%S.mp4", "--tz", "UTC"];
  const imported = (built: string) => async (): Promise<number> => {
    const data = await mkdtemp(join(folder, "data-"));
    const startedMs = performance.now();
    await run(process.execPath, [built, "import", recordings, ...options], { ...process.env, BOXCAR_DATA: data });
    const seconds = (performance.now() - startedMs) / 1000;
    await rm(data, { recursive: true });
    return FILES / seconds;
  };
  const before = earlier === undefined ? {} : { before: imported(earlier) };
  const rates = await interleave({ boxcar: imported(program), ...before }, rounds, 1);
  for (const [name, values] of Object.entries(rates)) record(results, `import.${name}.filesPerSecond`, values);
  await rm(folder, { recursive: true });
  return results;
}
