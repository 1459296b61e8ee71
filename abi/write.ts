/** `npm run abi`: writes both sides of the contract and its tables in the docs. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { generate } from "./generate.ts";

const docs = await readFile("docs/segment-index.md", "utf8");
for (const [path, text] of await generate(docs)) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
