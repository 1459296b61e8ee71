/** `npm run bench`: measures boxcar beside its peers. See bench/README.md. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { earlierBuild } from "./earlier.ts";
import { regressions } from "./guard.ts";
import { DAY, HOUR, LONG, mergedFile, prepare } from "./material.ts";
import { clients, CUT_SEGMENTS } from "./measure/clients.ts";
import type { Context, Measurements } from "./measure/context.ts";
import { ffmpegFile, firstBytes, middleRange } from "./measure/first-byte.ts";
import { importing } from "./measure/importing.ts";
import { indexing } from "./measure/indexing.ts";
import { many } from "./measure/many.ts";
import { streaming } from "./measure/streaming.ts";
import { coldStart, memory, moduleSize } from "./measure/memory.ts";
import { preview } from "./measure/preview.ts";
import { recording } from "./measure/recording.ts";
import { remote } from "./measure/remote.ts";
import { throughput, wholeHour } from "./measure/transfer.ts";
import { firstLine, run } from "./process.ts";
import { GROWTH, table, writeReport } from "./report.ts";
import { commit, load, machine, versions, type Result } from "./result.ts";
import { rows } from "./rows.ts";
import { startBoxcar, startNginx } from "./servers.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    name: { type: "string" },
    tolerance: { type: "string" },
    only: { type: "string", multiple: true },
  },
});
/** Titles of steps, or parts of them; undefined: all. */
const only = positionals.length === 0 ? options.only : [...(options.only ?? []), ...positionals];
const name = options.name ?? (options.quick ? "quick" : "full");
/** Rounds that count. */
const ROUNDS = options.quick ? 3 : 5;
/** How many times worse a row may be than before. Few rounds vary more. */
const TOLERANCE = Number(options.tolerance ?? (options.quick ? 2 : 1.5));
/** The step that needs none of the material. */
const RECORDING = "recording";
const resultPath = join("bench", "results", `${name}.json`);
const say = (text: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
};

if (options.report) await writeReport(await readResult(resultPath));
else process.exitCode = await bench();

async function bench(): Promise<number> {
  if (process.platform !== "linux") throw new Error("The benchmark reads /proc and runs on Linux only.");
  if ((await firstLine("ffmpeg", ["-version"])) === undefined)
    throw new Error("ffmpeg makes the recordings: install it.");
  if (!existsSync(join("bench", "node_modules"))) {
    say("installing the peers of bench/package.json");
    await run("npm", ["install", "--prefix", "bench", "--no-audit", "--no-fund"]).catch((error: unknown) => {
      say(`they cannot be installed, so their rows stay empty: ${String(error)}`);
    });
  }
  const before = load();
  const measurements = await measure();
  const result: Result = {
    name,
    date: new Date().toISOString(),
    commit: await commit(),
    rounds: ROUNDS,
    segments: options.quick ? HOUR : LONG,
    machine: machine(),
    versions: await versions(),
    load: { before, after: load() },
    rows: rows(measurements),
    measurements,
  };
  process.stdout.write(`\n${table(result.rows)}\n`);
  for (const [name, { median, quartiles = [] }] of Object.entries(measurements))
    console.log(`${name} ${median.toPrecision(4)} [${quartiles.map((value) => value.toPrecision(3)).join("..")}]`);
  if (only !== undefined) return 0; // a look at a part is no result
  const worse = await compare(result);
  await mkdir(join("bench", "results"), { recursive: true });
  await writeFile(resultPath, await format(JSON.stringify(result), { parser: "json", printWidth: 120 }));
  if (name === "full") await writeReport(result);
  return worse ? 1 : 0;
}

/** Whether a step is to be measured. */
function isAsked(title: string): boolean {
  return only?.every((part) => !title.includes(part)) !== true;
}

/** A part of a run: its title, and what measures it. */
type Step = readonly [title: string, measure: () => Promise<Measurements>];

async function measure(): Promise<Measurements> {
  const program = resolve("build", "boxcar.js");
  const measurements: Measurements = {};
  // It needs none of the material, which takes longer to make.
  if (isAsked(RECORDING)) {
    say(RECORDING);
    Object.assign(measurements, await recording(tmpdir(), program, ROUNDS));
    if (only?.every((part) => RECORDING.includes(part)) === true) return measurements;
  }
  const count = options.quick ? HOUR : DAY;
  const rounds = ROUNDS;
  const material = await prepare(program, count, say);
  const withNginx = (await firstLine("nginx", ["-v"])) !== undefined;
  const merged = [1, CUT_SEGMENTS, 10, HOUR, ...(options.quick ? [] : [LONG, DAY])];
  for (const number of withNginx ? merged : []) await mergedFile(material, number, say);
  const boxcar = await startBoxcar(program, material.data);
  const nginx = withNginx ? await startNginx(material.folder) : undefined;
  const earlier = await earlierBuild(material.folder, say);
  const context: Context = { material, program, boxcar, earlier, nginx, merged, rounds };
  const counts = GROWTH.filter((number) => number <= count);
  const longer = (...more: Step[]): Step[] => (options.quick ? [] : more);
  const steps: Step[] = [
    ["module size", () => moduleSize(context)],
    ["indexing", () => indexing(context)],
    ["whole hour", () => wholeHour(context)],
    ["throughput", () => throughput(context, options.quick ? HOUR : LONG)],
    ["remote store", () => remote(context)],
    ["clients", () => clients(context)],
    ...longer(["hls of a day", () => streaming(context)]),
    ["many segments of a day", () => many(context, 1)],
    ...longer(["many segments of a month", () => many(context, 30)]),
    ...counts.map((number): Step => [`first byte of ${number}`, () => firstBytes(context, number)]),
    ["preview", () => preview(context)],
    ["import in place", () => importing(context)],
    ["range", () => middleRange(context, count)],
    ["cold start", () => coldStart(context)],
    ...counts.map((number): Step => [`memory of ${number}`, () => memory(context, number)]),
    // Minutes of ffmpeg: nothing else waits for them to be repeated where they say nothing new.
    ...counts.map((number): Step => [
      `ffmpeg of ${number}`,
      () => ffmpegFile(context, number, number > HOUR ? 1 : ROUNDS),
    ]),
  ];
  for (const [title, step] of steps) {
    if (!isAsked(title)) continue;
    say(title);
    Object.assign(measurements, await step());
  }
  await boxcar.stop();
  await nginx?.stop();
  return measurements;
}

/** Says what got worse since the last committed result. @returns whether anything did */
async function compare(result: Result): Promise<boolean> {
  const committed = await run("git", ["show", `HEAD:./${resultPath}`]).catch(() => undefined);
  if (committed === undefined) {
    say(`no committed ${resultPath} to compare with`);
    return false;
  }
  const earlier = JSON.parse(committed) as Result;
  const worse = regressions(earlier.rows, result.rows, TOLERANCE);
  for (const { title, factor, before, now } of worse) {
    say(
      `worse than at ${earlier.commit}: ${title}: ${before.toPrecision(3)} -> ${now.toPrecision(3)} (${factor.toFixed(2)} times)`,
    );
  }
  if (worse.length === 0) say(`nothing got worse since ${earlier.commit}`);
  return worse.length > 0;
}

async function readResult(path: string): Promise<Result> {
  return JSON.parse(await readFile(path, "utf8")) as Result;
}
