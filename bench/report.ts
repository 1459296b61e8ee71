/** docs/performance.md and its charts, out of a result. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { barChart, lineChart, type Series } from "./chart.ts";
import { DAY, HOUR } from "./material.ts";
import type { Measurements } from "./measure/context.ts";
import type { Result } from "./result.ts";
import type { Row } from "./rows.ts";

/** Counts of segments over which growth is shown. */
export const GROWTH = [1, 10, HOUR, 600, DAY] as const;

/** Writes everything that docs/performance.md shows. */
export async function writeReport(result: Result): Promise<void> {
  await mkdir(join("docs", "performance"), { recursive: true });
  for (const [name, content] of Object.entries(charts(result.measurements))) {
    await writeFile(join("docs", "performance", `${name}.svg`), content);
  }
  const path = join("docs", "performance.md");
  await writeFile(path, await format(page(result), { ...(await resolveConfig(path)), filepath: path }));
}

/** The rows as a Markdown table; `notes` are left out. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const peer = row.peer === undefined ? "–" : `${row.peer.name}: ${amount(row.peer.value, row.unit)}`;
    const measured = row.measured === undefined ? "–" : amount(row.measured, row.unit);
    const ratio = row.ratio === undefined ? "–" : digits(row.ratio);
    return `| ${row.title} | ${measured} | ${peer} | ${ratio} | ${targetText(row)} | ${verdict(row)} |`;
  });
  return `| | boxcar | peer | ratio | target | |\n|---|--:|---|--:|--:|---|\n${lines.join("\n")}\n`;
}

function targetText(row: Row): string {
  const sign = row.bound === "most" ? "≤" : "≥";
  const text = row.kind === "ratio" ? `${sign} ${digits(row.limit)} ×` : `${sign} ${amount(row.limit, row.unit)}`;
  return row.stretch ? `stretch ${text}` : text;
}

function verdict({ met }: Row): string {
  if (met === undefined) return "not measured";
  return met ? "met" : "**not met**";
}

function page(result: Result): string {
  const { rows, machine, versions, load } = result;
  const missed = rows.filter((row) => row.met !== true);
  const versionList = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Performance

Measured with \`npm run bench\` ([how](../bench/README.md)) on ${result.date.slice(0, 10)}, commit ${result.commit}: ${machine.cpu}, ${machine.cores} cores,
${machine.memoryGB} GB, ${machine.kernel}; ${versionList.join(", ")}. Load average ${load.before} before, ${load.after} after.
Medians of ${result.rounds} rounds or more after warm-up, everyone in turn on the same machine, on 127.0.0.1. The client shares the cores with the
server. This page is written by the benchmark.

The recording: one-minute segments of H.264 (25 fps, about 500 kbit/s) and AAC, ${Math.round(result.measurements["index.samples"]?.median ?? 0)} samples each.

## Targets

${table(rows)}
${missed.length === 0 ? "All are met." : `## Not met\n\n${missed.map(missedText).join("\n")}`}

## Growth with the range

Time until the first byte of a merged download, each of a cut that was never asked for before:

![Time to the first byte over the number of segments](performance/first-byte.svg)

${growthTable(result.measurements)}

What a whole download adds to the memory of the server, beside what ffmpeg holds for the same:

![Memory over the number of segments](performance/memory.svg)

## Throughput

One connection, ${result.segments} segments of one minute:

![Bytes a second on one connection](performance/throughput.svg)

## Indexing

From a one-minute segment's bytes in memory to all its samples known:

![Milliseconds to index a segment](performance/indexing.svg)

## All measurements

${detail(result.measurements)}
`;
}

function missedText(row: Row): string {
  const name = row.peer === undefined ? row.title : `${row.title} (${row.peer.name})`;
  const held = row.kind === "ratio" ? row.ratio : row.measured;
  const figure =
    held === undefined
      ? ""
      : `: ${row.kind === "ratio" ? `${digits(held)} ×` : amount(held, row.unit)} (target ${targetText(row)})`;
  return `- **${name}**${figure}. ${row.note ?? "Not explained yet."}`;
}

const GROWTH_COLUMNS = [
  ["boxcar, MP4", "boxcarMp4"],
  ["boxcar, fragmented", "boxcarFmp4"],
  ["ffmpeg concat", "ffmpegMp4"],
  ["nginx mp4 module", "nginxMp4"],
  ["nginx mp4 module, `mp4_buffer_size 400m`", "nginxMp4Large"],
] as const;

function growthTable(measurements: Measurements): string {
  const cells = (count: number): string =>
    GROWTH_COLUMNS.map(([, name]) => {
      const value = measurements[`firstByte.${count}.${name}.ms`]?.median;
      return value === undefined ? "–" : amount(value, "ms");
    }).join(" | ");
  const head = `| segments | ${GROWTH_COLUMNS.map(([title]) => title).join(" | ")} |\n|--:|${GROWTH_COLUMNS.map(() => "--:|").join("")}`;
  return `${head}\n${GROWTH.map((count) => `| ${count} | ${cells(count)} |`).join("\n")}`;
}

function charts(measurements: Measurements): Record<string, string> {
  const median = (name: string): number | undefined => measurements[name]?.median;
  const over = (name: string, measured: (count: number) => string, factor = 1): Series => ({
    name,
    points: GROWTH.flatMap((count) => {
      const value = median(measured(count));
      return value === undefined || value <= 0 ? [] : [[count, value * factor] as const];
    }),
  });
  const x = { label: "segments of one minute", ticks: GROWTH };
  const times = GROWTH_COLUMNS.slice(0, 4).map(([title, name]) =>
    over(title, (count) => `firstByte.${count}.${name}.ms`),
  );
  const sizes = [
    over("boxcar, above idle", (count) => `memory.${count}.boxcar.bytes`, 1e-6),
    over("ffmpeg concat", (count) => `memory.${count}.ffmpeg.bytes`, 1e-6),
  ];
  const bars = (entries: readonly (readonly [string, string])[], label: (value: number) => string) =>
    entries.flatMap(([name, measured]) => {
      const value = median(measured);
      return value === undefined ? [] : [{ name, value, label: label(value) }];
    });
  const throughput = bars(
    [
      ["boxcar, MP4", "throughput.boxcar.bytesPerSecond"],
      ["boxcar, MP4, Bun", "throughput.boxcarBun.bytesPerSecond"],
      ["boxcar, MP4, Deno", "throughput.boxcarDeno.bytesPerSecond"],
      ["boxcar, fragmented", "throughput.boxcarFmp4.bytesPerSecond"],
      ["nginx, sendfile", "throughput.nginxSendfile.bytesPerSecond"],
      ["nginx, sendfile off", "throughput.nginxCopy.bytesPerSecond"],
    ],
    (value) => amount(value / 1e9, "GB/s"),
  );
  const indexing = bars(
    [
      ["boxcar", "index.boxcar.ms"],
      ["mp4box.js", "index.mp4box.ms"],
      ["mediabunny", "index.mediabunny.ms"],
    ],
    (value) => amount(value, "ms"),
  );
  const present = (series: readonly Series[]): Series[] => series.filter(({ points }) => points.length > 0);
  return {
    "first-byte": lineChart("Time to the first byte", x, { label: "", format: milliseconds }, present(times)),
    memory: lineChart("Memory of a download", x, { label: "", format: (value) => `${value} MB` }, present(sizes)),
    throughput: barChart("Throughput of one connection", throughput),
    indexing: barChart("Indexing a one-minute segment (logarithmic)", indexing, 0.01),
  };
}

function detail(measurements: Measurements): string {
  const lines = Object.entries(measurements).map(
    ([name, { median, min, max, runs }]) =>
      `| ${name} | ${digits(median)} | ${digits(min)} | ${digits(max)} | ${runs} |`,
  );
  return `| | median | least | most | runs |\n|---|--:|--:|--:|--:|\n${lines.join("\n")}`;
}

function milliseconds(value: number): string {
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`;
}

function amount(value: number, unit: string): string {
  if (unit === "ms" && value >= 10_000) return `${digits(value / 1000)} s`;
  return `${digits(value)} ${unit}`;
}

/** Three significant digits, thousands apart. */
function digits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 });
}
