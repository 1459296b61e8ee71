import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

it("every error a request can meet is in the table of docs/http.md", async () => {
  const root = new URL("../../src/", import.meta.url).pathname;
  const page = await readFile(new URL("../../docs/http.md", import.meta.url), "utf8");
  const table = page.slice(page.indexOf("## Errors"));
  const files = (await readdir(root, { recursive: true })).filter(
    (path) => path.endsWith(".ts") && !path.startsWith("cli/"),
  );
  const names = new Set<string>();
  const statuses = new Set<string>();
  for (const path of files) {
    const source = await readFile(join(root, path), "utf8");
    for (const [, name = ""] of source.matchAll(/new BoxcarError\(\s*"(\w+)"/g)) names.add(name);
    if (path !== "core/wasm/status.ts") continue;
    for (const [, name = ""] of source.matchAll(/^ {2}\w+: \[\s*"(\w+)",\s/gm)) statuses.add(name);
  }
  expect(statuses.size).toBeGreaterThan(20);
  for (const name of statuses) names.add(name);
  expect(names.size).toBeGreaterThan(50);
  const starting = [
    "bad_configuration",
    "cannot_listen",
    "catalog_newer",
    "catalog_unusable",
    "sqld_missing",
    "sqld_failed",
  ];
  for (const elsewhere of ["ok", ...starting]) names.delete(elsewhere);
  expect([...names].filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
});
