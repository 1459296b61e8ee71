/** `npm run client`: writes the types of the HTTP calls. */
import { writeFile } from "node:fs/promises";
import { PATHS, pathTypes } from "./paths.ts";

await writeFile(PATHS, await pathTypes());
