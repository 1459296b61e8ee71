/**
 * `npm run readers [-- WORD…]`: the matrix of readers and outputs, written into docs/players.md. With words, only the
 * outputs and readers whose names contain one: the others are as an earlier run found them, and while one of them was never
 * tried nothing is written. `new` among the words forgets earlier runs, as a run without words does.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBench } from "./matrix.ts";
import { OUTPUTS } from "./outputs.ts";
import { tableOf, type Cell } from "./table.ts";

const asked = process.argv.slice(2).map((word) => word.toLowerCase());
const words = asked.filter((word) => word !== "new");
const isNew = words.length === 0 || words.length < asked.length;
const kept = fileURLToPath(new URL("cells.json", import.meta.url));

/** Those whose names contain one of the words; all, when none does. */
function chosen<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
  const meant = all.filter(({ name }) => words.some((word) => name.toLowerCase().includes(word)));
  return meant.length === 0 ? all : meant;
}

const earlier = isNew ? [] : (JSON.parse(await readFile(kept, "utf8").catch(() => "[]")) as Cell[]);
const cells: Cell[] = [];
const isSame = (a: Omit<Cell, "problems">, b: Cell): boolean =>
  a.output === b.output && a.reader === b.reader && a.format === b.format;

const bench = await openBench(25);
try {
  for (const output of chosen(OUTPUTS)) {
    for (const reader of chosen(bench.readers)) {
      for (const format of reader.formats) {
        const problems = await bench.try(reader, output, format).catch((cause: unknown) => [String(cause)]);
        cells.push({ output: output.name, reader: reader.name, format, problems });
        console.log(`${output.name} .${format} | ${reader.name}: ${problems.join("; ") || "ok"}`);
      }
    }
    const others = earlier.filter((cell) => !cells.some((found) => isSame(cell, found)));
    await writeFile(kept, JSON.stringify([...others, ...cells]));
  }
} finally {
  await bench.close();
}
const all = JSON.parse(await readFile(kept, "utf8")) as Cell[];
const wanted = OUTPUTS.flatMap(({ name }) =>
  bench.readers.flatMap((reader) => reader.formats.map((format) => ({ output: name, reader: reader.name, format }))),
);
const sorted = wanted.flatMap((cell) => all.filter((found) => isSame(cell, found)));
if (sorted.length === wanted.length) {
  const file = fileURLToPath(new URL("../../docs/players.md", import.meta.url));
  const [before = "", , after = ""] = (await readFile(file, "utf8")).split(/(?<=<!-- readers -->)|(?=<!-- end -->)/);
  await writeFile(file, `${before}\n\n${tableOf(sorted, bench.readers)}\n${after}`);
} else {
  console.log(`${wanted.length - sorted.length} of ${wanted.length} cells are still to be tried`);
}
