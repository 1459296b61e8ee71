/** How fast recordings are imported that stay where they lie. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importRecordings, linkRecordings, STREAM } from "../material.ts";
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
  await linkRecordings(join(recordings, STREAM), await shortSegments(material), SECONDS, FILES);
  const imported = (built: string) => async (): Promise<number> => {
    const data = await mkdtemp(join(folder, "data-"));
    const startedMs = performance.now();
    await importRecordings(built, recordings, { BOXCAR_DATA: data }, "--in-place");
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
