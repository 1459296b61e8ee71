import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../src/base/units.ts";
import { variables } from "../src/config/config.ts";

const root = new URL("../", import.meta.url);
const units: Readonly<Record<string, number>> = {
  ...{ "": 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  ...{ ms: 1, s: 1000, min: 60_000, h: HOUR_MS, d: DAY_MS },
};

/** What is bounded, its default, where it stands and why, a row of the tables each. */
async function rows(): Promise<string[][]> {
  const page = await readFile(new URL("docs/limits.md", root), "utf8");
  const lines = page.split("\n").filter((line) => /^\| (?!-|limit )/.test(line));
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The number that a constant of a source file is set to. */
async function constantIn(file: string, name: string): Promise<number> {
  const source = await readFile(new URL(file, root), "utf8");
  const written = source.replaceAll(/\bDAY_MS\b/g, String(DAY_MS)).replaceAll(/\bHOUR_MS\b/g, String(HOUR_MS));
  const [, expression = ""] = new RegExp(`\\b${name}(?: =|:) ([\\d_.<*+ ]+)[;,\\n }]`).exec(written) ?? [];
  expect(expression, `${name} in ${file}`).not.toBe("");
  const [first = "", ...more] = expression.replaceAll("_", "").split(/\s*(?:\*|<<)\s*/);
  const shifts = expression.includes("<<");
  return more.reduce((value, next) => (shifts ? value * 2 ** Number(next) : value * Number(next)), Number(first));
}

it("every limit is documented with the value that it has", async () => {
  const found = await rows();
  expect(found.length).toBeGreaterThan(30);
  for (const [limit = "", value = "", where = "", why = ""] of found) {
    expect(why, limit).not.toBe("");
    const [name = "", constant] = [...where.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
    if (constant === undefined) {
      expect(value, limit).toBe((variables as Record<string, { default: string }>)[name]?.default);
      continue;
    }
    const [, number = "", unit = ""] = /^([\d.]+) ?(\w*)$/.exec(value) ?? [];
    expect(await constantIn(name, constant), limit).toBe(Number(number) * (units[unit] ?? Number.NaN));
  }
});

it("no variable that bounds something is left out", async () => {
  const documented = new Set((await rows()).map(([, , where = ""]) => where.replaceAll("`", "")));
  const bounding = Object.entries(variables).filter(([, { default: value }]) => /^\d+[KMGT]?$/.test(value));
  const names = bounding.map(([name]) => name).filter((name) => !["PORT", "BOXCAR_FILES_PUBLIC"].includes(name));
  expect(names.filter((name) => !documented.has(name))).toEqual([]);
});

it("no constant whose name says that it bounds something is left out", async () => {
  const documented = new Set((await rows()).map(([, , where = ""]) => where.replaceAll("`", "")));
  const files = await readdir(new URL("src/", root), { recursive: true });
  const found: string[] = [];
  for (const file of files.filter((name) => name.endsWith(".ts") && !/^(cli|core\/wasm|preview)\b/.test(name))) {
    const source = await readFile(new URL(`src/${file}`, root), "utf8");
    for (const [, name = ""] of source.matchAll(/^(?:export )?const (\w+)(?:: number)? = [\d_.<*+ ]+;/gm)) {
      const bounds =
        /(^|_)(MAX|MOST|LARGEST|LONGEST|LIMIT|LIMITS|SKEW|RESERVE|AHEAD)(_|$)|^(max|most|longest)[A-Z]/.test(name);
      if (bounds) found.push(`src/${file} ${name}`);
    }
  }
  expect(found.length).toBeGreaterThan(40);
  expect(found.filter((name) => !documented.has(name))).toEqual([]);
});
