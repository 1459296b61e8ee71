/** `npm run api`: writes the report of the public face, and holds the package to its size: its types are there by now. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { apiReport, REPORT } from "./report.ts";

/** Bytes of the package as it is published. */
const LARGEST = 1_300_000;

writeFileSync(REPORT, apiReport());
const packed = execFileSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], { encoding: "utf8" });
const [{ size = 0 } = {}] = JSON.parse(packed) as { readonly size?: number }[];
if (size > LARGEST) throw new Error(`the package has ${String(size)} bytes, more than ${String(LARGEST)}`);
