import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

const source = new URL("../../src/", import.meta.url).pathname;

/** Codes with their statuses. */
async function codes(): Promise<Map<string, number>> {
  const registry = await readFile(join(source, "base/error-codes.ts"), "utf8");
  const lines = [...registry.matchAll(/^ {2}(\w+): (\d{3}),$/gm)];
  return new Map(lines.map(([, code = "", status]) => [code, Number(status)]));
}

it("every error a request can meet is in the table of docs/http.md, with its status", async () => {
  const page = await readFile(new URL("../../docs/http.md", import.meta.url), "utf8");
  const rows = page.slice(page.indexOf("## Errors")).split("\n");
  const elsewhere = [
    ...["bad_configuration", "cannot_listen", "catalog_newer", "catalog_unusable", "sqld_missing", "sqld_failed"],
    ...["bad_pattern", "bad_usage", "demo_failed", "file_changing", "file_unreadable"], // on a terminal
  ];
  const known = await codes();
  expect(known.size).toBeGreaterThan(140);
  for (const code of elsewhere) expect(known.delete(code), code).toBe(true);
  const isDocumented = ([code, status]: [string, number]): boolean =>
    rows.some((row) => row.includes(`\`${code}\``) && row.includes(String(status)));
  expect([...known].filter((entry) => !isDocumented(entry))).toEqual([]);
});

it("has no code that nothing throws", async () => {
  const files = (await readdir(source, { recursive: true })).filter(
    (path) => path.endsWith(".ts") && path !== "base/error-codes.ts",
  );
  const texts = (await Promise.all(files.map((path) => readFile(join(source, path), "utf8")))).join();
  expect([...(await codes()).keys()].filter((code) => !texts.includes(`"${code}"`))).toEqual([]);
});
