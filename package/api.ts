/** `npm run api`: writes the report of the public face. */
import { writeFileSync } from "node:fs";
import { apiReport, REPORT } from "./report.ts";

writeFileSync(REPORT, apiReport());
