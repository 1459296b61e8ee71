import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readConfig, unknownVariables, type Config } from "../config/config.ts";
import type { Store } from "../base/ports.ts";
import { nodeStoreDrivers } from "../runtime/node/node-parts.ts";
import { findFfmpeg } from "../runtime/ffmpeg/ffmpeg-path.ts";
import type { OpenCatalog } from "../runtime/libsql/open-catalog.ts";
import { makeFolder, openConfiguredCatalog } from "../runtime/libsql/open-configured-catalog.ts";
import { openStore } from "../store/open-store.ts";
import { adviceOnCatalog, checkCatalog, checkTogether } from "./check-catalog.ts";
import { adviceOnStore, checkStore } from "./check-store.ts";
import { Checkup, Complaint } from "./checkup.ts";

export const help = `boxcar doctor

Tries the configuration of the environment on the store, the catalog and the ffmpeg it names, as a server would use them,
and says in sentences what is wrong. It writes a few objects below boxcar-doctor/ and removes them, and one row of the catalog;
a catalog in a file is made and migrated as a server does when it starts. The exit code is 0 when all is well, else 1.

An r2: store can only be tried inside a Worker; name the same bucket as s3:// by R2's S3 endpoint.`;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  const config = readConfig(process.env);
  const print = (line: string): void => console.log(line);
  const unknown = unknownVariables(process.env);
  if (unknown.length > 0)
    print(`note  variables that boxcar does not have, mistyped perhaps (docs/configuration.md): ${unknown.join(", ")}`);
  const ofStore = new Checkup(print, (failure) => adviceOnStore(failure, config.store));
  const ofCatalog = new Checkup(print, (failure) => adviceOnCatalog(failure, config.catalog));
  let store: Store | undefined;
  let opened: OpenCatalog | undefined;
  try {
    await ofStore.try("store: opens", async () => {
      store = await openConfigured(config);
      return storeName(config.store);
    });
    const isStoreWell = store !== undefined && (await checkStore(ofStore, store, config.store, randomUUID()));
    await ofCatalog.try("catalog: opens", async () => {
      const folder = resolve(config.dataFolder);
      await makeFolder(folder, "BOXCAR_DATA");
      opened = await openConfiguredCatalog(config.catalog, folder);
      return catalogName(config.catalog);
    });
    const isCatalogWell = opened !== undefined && (await checkCatalog(ofCatalog, opened, config.catalog));
    if (isStoreWell && isCatalogWell && store !== undefined && opened !== undefined) {
      await checkTogether(ofCatalog, opened, store);
    }
    await checkFfmpeg(ofCatalog, process.env.FFMPEG_PATH ?? "");
  } finally {
    await opened?.close();
  }
  const complaints = ofStore.complaints + ofCatalog.complaints;
  console.log(complaints === 0 ? "All is well." : `${complaints} of the checks failed.`);
  return complaints === 0 ? 0 : 1;
}

/** Pictures and most live sources need it, nothing else does. @param named by FFMPEG_PATH */
async function checkFfmpeg(checkup: Checkup, named: string): Promise<void> {
  const path = await findFfmpeg().catch(() => undefined);
  if (path === undefined) {
    checkup.skip("ffmpeg", "there is none, so no pictures and few live sources");
    return;
  }
  await checkup.try("ffmpeg: runs, for pictures and live sources", () => {
    if (named === "" || named === path) return Promise.resolve(path);
    throw new Complaint(`FFMPEG_PATH names ${named}, which does not run; ${path} takes its place.`);
  });
}

async function openConfigured({ store, dataFolder }: Config): Promise<Store> {
  return openStore(store, nodeStoreDrivers(join(resolve(dataFolder), "media")));
}

/** What is tried, without secrets. */
function storeName(store: Config["store"]): string {
  if (store.driver === "file") return store.folder ?? "media in BOXCAR_DATA";
  if (store.driver === "r2") return store.binding;
  return `${store.bucket} at ${store.endpoint}`;
}

function catalogName(catalog: Config["catalog"]): string {
  if (catalog.driver === "file") return catalog.path ?? "catalog.db in BOXCAR_DATA";
  const { replica } = catalog;
  if (replica === undefined) return catalog.url;
  return `${catalog.url}, replica ${"url" in replica ? replica.url : replica.path}`;
}
