import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { migrate } from "../catalog/migrate.ts";
import { readConfig } from "../config/config.ts";
import { openConfiguredCatalog } from "../runtime/libsql/open-configured-catalog.ts";

export const help = `boxcar migrate

Brings the catalog that BOXCAR_CATALOG names to the newest schema. It can be repeated, and run while servers use the
catalog: migrations only add. Servers with a disk migrate by themselves when they start; run it before deploying Workers,
and before starting a new version over a large catalog.`;

/** How long one migration may take: it may have to index every segment. */
const LIMIT_MS = 3_600_000;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  const { catalog, dataFolder } = readConfig(process.env);
  const settings = catalog.driver === "file" ? catalog : { ...catalog, replica: undefined, timeoutMs: LIMIT_MS };
  const opened = await openConfiguredCatalog(settings, resolve(dataFolder));
  try {
    const ran = await migrate(opened.db);
    console.log(ran.length === 0 ? "The catalog is up to date." : `Migrated the catalog: ${ran.join(", ")}`);
    return 0;
  } finally {
    await opened.close();
  }
}
