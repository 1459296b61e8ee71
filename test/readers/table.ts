/** The matrix as Markdown. */
import type { Format } from "./outputs.ts";

/** What one reader made of one output in one format. */
export interface Cell {
  readonly output: string;
  readonly reader: string;
  readonly format: Format;
  readonly problems: readonly string[];
}

/** A row an output, a column a reader, and below it every problem in words. */
export function tableOf(
  cells: readonly Cell[],
  readers: readonly { readonly name: string; readonly version: string }[],
): string {
  const outputs = [...new Set(cells.map(({ output }) => output))];
  const row = (columns: readonly string[]): string => `| ${columns.join(" | ")} |`;
  const lines = [
    row(["output", ...readers.map(({ name, version }) => `${name} ${version}`)]),
    row(["---", ...readers.map(() => "---")]),
    ...outputs.map((output) =>
      row([
        output,
        ...readers.map(({ name }) => verdict(cells.filter((cell) => cell.output === output && cell.reader === name))),
      ]),
    ),
  ];
  const bad = cells.filter(({ problems }) => problems.length > 0);
  const notes = bad.map(
    ({ output, reader, format, problems }) => `- ${output} \`.${format}\`, ${reader}: ${problems.join("; ")}`,
  );
  return [...lines, ...(notes.length > 0 ? ["", "What is not right:", "", ...notes] : []), ""].join("\n");
}

function verdict(cells: readonly Cell[]): string {
  const wrong = cells.filter(({ problems }) => problems.length > 0).map(({ format }) => `\`.${format}\``);
  if (cells.length === 0) return "–";
  return wrong.length === 0 ? "ok" : `not ${wrong.join(", ")}`;
}
