import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { generate } from "../../abi/generate.ts";

const files = [...(await generate(await readFile("docs/segment-index.md", "utf8")))];

it.each(files)("%s is what `npm run abi` writes", async (path, text) => {
  expect(await readFile(path, "utf8")).toBe(text);
});
