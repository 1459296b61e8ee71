/**
 * `npm run readers [-- WORD…]`: the matrix of readers and outputs, written into docs/players.md. With words, only the
 * outputs and readers whose names contain one, and nothing is written.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBench } from "./matrix.ts";
import { OUTPUTS } from "./outputs.ts";
import { tableOf, type Cell } from "./table.ts";

const words = process.argv.slice(2).map((word) => word.toLowerCase());

/** Those whose names contain one of the words; all, when none does. */
function chosen<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
  const meant = all.filter(({ name }) => words.some((word) => name.toLowerCase().includes(word)));
  return meant.length === 0 ? all : meant;
}

const bench = await openBench(25);
const cells: Cell[] = [];
try {
  for (const output of chosen(OUTPUTS)) {
    for (const reader of chosen(bench.readers)) {
      for (const format of reader.formats) {
        const problems = await bench.try(reader, output, format).catch((cause: unknown) => [String(cause)]);
        cells.push({ output: output.name, reader: reader.name, format, problems });
        console.log(`${output.name} .${format} | ${reader.name}: ${problems.join("; ") || "ok"}`);
      }
    }
  }
} finally {
  await bench.close();
}
if (words.length === 0) {
  const file = fileURLToPath(new URL("../../docs/players.md", import.meta.url));
  const [before = "", , after = ""] = (await readFile(file, "utf8")).split(/(?<=<!-- readers -->)|(?=<!-- end -->)/);
  await writeFile(file, `${before}\n\n${tableOf(cells, bench.readers)}\n${after}`);
}
